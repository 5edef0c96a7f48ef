#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes deploy/secrets/ for docker-compose.yml: a database password and the API's first access key, both random, a key
# pair that credentials of connector profiles are sealed with, and a place for the keys that flows use. What is already
# there stays. Needs openssl.
#
#   make-secrets.sh --rotate     adds a key pair: what is sealed from then on is sealed for the new one. Restart the workers
#                                first, then the api. Keep the old private keys: they open what was sealed for them.
set -euo pipefail
cd "$(dirname "$0")"

random() { head -c 4096 /dev/urandom | LC_ALL=C tr -dc "$1" | head -c "$2"; }

umask 077
mkdir -p secrets

add_sealing_pair() {
    private=$(openssl genpkey -algorithm X25519)
    printf '%s\n' "$private" >> secrets/sealing-private.pem
    printf '%s\n' "$private" | openssl pkey -pubout >> secrets/sealing-public.pem
    # The containers' user must read them; the folder around them stays closed.
    chmod 644 secrets/sealing-private.pem secrets/sealing-public.pem
}
if [ ! -e secrets/sealing-private.pem ] || [ "${1:-}" = --rotate ]; then add_sealing_pair; fi
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
