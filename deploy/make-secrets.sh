#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes deploy/secrets/ for docker-compose.yml: a database password and the API's first access key, both random, and a
# place for the keys that flows use. What is already there stays.
set -euo pipefail
cd "$(dirname "$0")"

random() { head -c 4096 /dev/urandom | LC_ALL=C tr -dc "$1" | head -c "$2"; }

umask 077
mkdir -p secrets
if [ ! -e secrets/postgres.env ]; then
    password=$(random 'A-Za-z0-9' 32)
    printf 'POSTGRES_PASSWORD=%s\n' "$password" > secrets/postgres.env
fi
if [ ! -e secrets/database.env ]; then
    sed -n 's/^POSTGRES_PASSWORD=/PGPASSWORD=/p' secrets/postgres.env > secrets/database.env
fi
if [ ! -e secrets/worker.env ]; then
    cat > secrets/worker.env <<END
# For flows that read and write a real S3, here or with AWS. The region is set for all roles: AWS_REGION in the environment
# of docker compose.
#AWS_ACCESS_KEY_ID=
#AWS_SECRET_ACCESS_KEY=
#AWS_ENDPOINT_URL_S3=
END
fi
if [ ! -e secrets/credentials ]; then
    # Sections are free names. "account" and "role" (full or read-only) are Millrace's additions to the AWS format.
    cat > secrets/credentials <<END
[first]
aws_access_key_id = AKIA$(random 'A-Z2-7' 16)
aws_secret_access_key = $(random 'A-Za-z0-9+/' 40)
account = 000000000000
role = full
END
    # The container's user must read it; the folder around it stays closed.
    chmod 644 secrets/credentials
fi
printf 'secrets are in deploy/secrets; the access key for clients is in deploy/secrets/credentials\n'
