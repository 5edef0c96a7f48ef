#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs from apt what building, testing and the demo need, and only what is missing.
# As root, or with sudo. Debian 12 and Ubuntu 24.04. The Swift toolchain is not from apt: it must be there.
#
#   setup.sh            libraries, PostgreSQL's binaries, Python's venv
#   setup.sh kafka      and a Java runtime, for a Kafka that is already unpacked
#   setup.sh bench      and wrk, nginx, Redis and RabbitMQ, for Benchmarks/
set -euo pipefail

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

missing=()
# need PACKAGE COMMAND…: the package is missing when the command fails.
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}
pkg() { has pkg-config && pkg-config --exists "$1"; }
postgres_binaries() { compgen -G '/usr/lib/postgresql/*/bin/initdb' || has initdb; }
optional_binary() { has "$1" || [ -x "/usr/sbin/$1" ] || [ -x "$2" ]; }

need pkg-config has pkg-config
need librdkafka-dev pkg rdkafka
need libpq-dev pkg libpq
need libmicrohttpd-dev pkg libmicrohttpd
need libcurl4-openssl-dev pkg libcurl
need libssl-dev pkg libcrypto
need postgresql postgres_binaries
need python3 has python3
need python3-venv python3 -c 'import ensurepip, venv'
for extra in "$@"; do
    case "$extra" in
        kafka) need default-jre-headless has java ;;
        bench)
            need default-jre-headless has java
            need wrk has wrk
            need nginx optional_binary nginx /usr/sbin/nginx
            need redis-server has redis-server
            need rabbitmq-server optional_binary rabbitmq-server /usr/lib/rabbitmq/bin/rabbitmq-server
            ;;
        *) die "unknown set of packages: $extra" ;;
    esac
done

if [ ${#missing[@]} -gt 0 ]; then
    has apt-get || die "missing: ${missing[*]}; this system has no apt-get, please install them by hand"
    root=()
    if [ "$(id -u)" -ne 0 ]; then
        has sudo || die "missing: ${missing[*]}; run as root or install sudo"
        root=(sudo)
    fi
    apt() {
        "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
    }
    install() { apt install -y --no-install-recommends "$@"; }

    say "installing ${missing[*]}"
    for attempt in 1 2 3 4 5; do
        apt update && break
        [ "$attempt" -lt 5 ] || die "apt-get update failed five times"
        sleep $((attempt * 5))
    done

    # Nothing that comes along may start a service of its own: Millrace runs private instances, as the user it is given.
    policy=/usr/sbin/policy-rc.d
    clusters=/etc/postgresql-common/createcluster.conf
    restore() {
        [ -z "${made_policy:-}" ] || "${root[@]}" rm -f "$policy"
        [ -z "${made_clusters:-}" ] || "${root[@]}" sed -i 's/^create_main_cluster = false$/#create_main_cluster = true/' "$clusters"
    }
    trap restore EXIT
    if [ ! -e "$policy" ]; then
        made_policy=1
        printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
        "${root[@]}" chmod 755 "$policy"
    fi
    case " ${missing[*]} " in
        *" postgresql "*)
            install postgresql-common
            if grep -q '^#create_main_cluster' "$clusters"; then
                made_clusters=1
                "${root[@]}" sed -i 's/^#create_main_cluster.*/create_main_cluster = false/' "$clusters"
            fi
            ;;
    esac
    install "${missing[@]}"
fi

has swift || die "no Swift toolchain in PATH; Swift 6 from https://www.swift.org/install/linux/ is needed"
version=$(swift --version 2>&1 | sed -n 's/.*Swift version \([0-9]*\).*/\1/p' | head -n 1)
[ "${version:-0}" -ge 6 ] || die "Swift 6 is needed; this is $(swift --version 2>&1 | head -n 1)"
say "everything is there"
