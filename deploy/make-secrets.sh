#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes deploy/secrets/ for docker-compose.yml: a database password and the API's first access key, both random, a key
# pair that credentials of connector profiles are sealed with, and places for the keys that flows and KMS use. What is
# already there stays. Needs openssl.
#
# It may be interrupted at any moment and run again: each file appears whole, and what is missing is made.
#
#   make-secrets.sh --rotate     adds a key pair: what is sealed from then on is sealed for the new one. Restart the workers
#                                first, then the api. Keep the old private keys: they open what was sealed for them.
set -euo pipefail
cd "$(dirname "$0")"

random() { head -c 4096 /dev/urandom | LC_ALL=C tr -dc "$1" | head -c "$2"; }

# put FILE [MODE]: standard input becomes the file, all of it or nothing.
put() {
    cat > "secrets/.$1.new"
    if [ -n "${2:-}" ]; then chmod "$2" "secrets/.$1.new"; fi
    sync "secrets/.$1.new"
    mv "secrets/.$1.new" "secrets/$1"
}

# The containers' user must read some files; the folder around them stays closed.
umask 077
mkdir -p secrets
rm -f secrets/.*.new  # of a run that was interrupted
private=secrets/sealing-private.pem
public=secrets/sealing-public.pem

# The private key first: whatever is sealed for a public key can be opened.
if [ ! -e "$private" ] || [ "${1:-}" = --rotate ]; then
    new=$(openssl genpkey -algorithm X25519)
    { [ ! -e "$private" ] || cat "$private"; printf '%s\n' "$new"; } | put sealing-private.pem 644
fi
# The last key is the one to seal for. Its public half is missing after an interruption between the two.
last=$(awk '/^-----BEGIN /{key=""} {key=key $0 "\n"} END {printf "%s", key}' "$private" | openssl pkey -pubout)
if [ ! -e "$public" ] || ! grep -qxF "$(sed -n 2p <<< "$last")" "$public"; then
    { [ ! -e "$public" ] || cat "$public"; printf '%s\n' "$last"; } | put sealing-public.pem 644
fi
if [ ! -e secrets/postgres.env ]; then
    password=$(random 'A-Za-z0-9' 32)
    printf 'POSTGRES_PASSWORD=%s\n' "$password" | put postgres.env
fi
if [ ! -e secrets/database.env ]; then
    sed -n 's/^POSTGRES_PASSWORD=/PGPASSWORD=/p' secrets/postgres.env | put database.env
fi
if [ ! -e secrets/worker.env ]; then
    put worker.env <<END
# For flows that read and write a real S3, here or with AWS. The region is set for all roles: AWS_REGION in the environment
# of docker compose. With AWS_ENDPOINT_URL_KMS credentials are unwrapped, for which the key needs kms:Decrypt.
#AWS_ACCESS_KEY_ID=
#AWS_SECRET_ACCESS_KEY=
#AWS_ENDPOINT_URL_S3=
#AWS_ENDPOINT_URL_KMS=
END
fi
if [ ! -e secrets/api.env ]; then
    put api.env <<END
# For connector profiles with a kmsArn, whose credentials are wrapped. The key needs kms:GenerateDataKey, and nothing else.
#AWS_ENDPOINT_URL_KMS=
#AWS_ACCESS_KEY_ID=
#AWS_SECRET_ACCESS_KEY=
END
fi
if [ ! -e secrets/credentials ]; then
    # Sections are free names. "account" and "role" (full or read-only) are Millrace's additions to the AWS format.
    put credentials 644 <<END
[first]
aws_access_key_id = AKIA$(random 'A-Z2-7' 16)
aws_secret_access_key = $(random 'A-Za-z0-9+/' 40)
account = 000000000000
role = full
END
fi
printf 'secrets are in deploy/secrets; the access key for clients is in deploy/secrets/credentials\n'
