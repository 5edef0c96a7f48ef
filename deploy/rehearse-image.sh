#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Walks deploy/Dockerfile's steps on a Debian machine without a container engine, as far as that goes:
#
#   1. every package it names exists in apt, and the build stage's are here
#   2. the release build with the Swift library linked in, as the build stage makes it
#   3. which shared libraries the executable loads, and that each comes with the runtime stage's packages
#   4. as root, with debootstrap: the runtime image's root file system, and in it, read-only, as the image's user, without
#      privileges and as process 1: --help, a role that waits for its database, its health, and the end on SIGTERM; where
#      PostgreSQL's server is, too, migrate and a worker that becomes ready, over TCP and with a password
#
#   rehearse-image.sh [--binary FILE]      an executable already linked that way, instead of step 2
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'rehearsal: %s\n' "$*"; }
die() { printf 'rehearsal: %s\n' "$*" >&2; exit 1; }

binary=
if [ "${1:-}" = --binary ]; then binary=$(realpath "$2"); fi

# The packages of the stage whose FROM line is the given one, from the Dockerfile itself.
packages() {
    awk -v stage="$1" '
        /^FROM/ { current++ }
        current == stage && /install -y/ { listing = 1; next }
        listing && /&&/ { listing = 0 }
        listing { gsub(/[\\ ]/, ""); print }' deploy/Dockerfile
}
mapfile -t build_packages < <(packages 1)
mapfile -t runtime_packages < <(packages 2)
release=$(sed -n 's/^ARG DEBIAN_RELEASE=//p' deploy/Dockerfile)

say "1. packages"
for package in "${build_packages[@]}" "${runtime_packages[@]}"; do
    apt-cache show "$package" >/dev/null 2>&1 || die "apt does not know $package (apt-get update?)"
done
for package in "${build_packages[@]}"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || die "not installed: $package"
done
say "   build:   ${build_packages[*]}"
say "   runtime: ${runtime_packages[*]}"

work=$(mktemp -d)
cleanup() {
    for started in ${role:-} ${broker:-}; do kill -KILL "$started" 2>/dev/null || true; done
    if [ -n "${database:-}" ]; then stop_database || true; fi
    rm -rf --one-file-system "$work"
}
trap cleanup EXIT

say "2. build"
if [ -z "$binary" ]; then
    # A folder of its own: the same build linked differently must not disturb the one in .build.
    flags=(-c release --product millrace --static-swift-stdlib --scratch-path .build/image)
    swift build "${flags[@]}"
    binary=$(swift build "${flags[@]}" --show-bin-path)/millrace
fi
mkdir "$work/image"
install -D -s "$binary" "$work/image/usr/bin/millrace"
mkdir -p "$work/image/usr/share/millrace"
cp -r migrations "$work/image/usr/share/millrace/migrations"
say "   $(stat -c %s "$work/image/usr/bin/millrace" | numfmt --to=iec) stripped ($(stat -c %s "$binary" | numfmt --to=iec) before)"

say "3. shared libraries"
# What comes along with the named packages: their dependencies, recursively, and what every Debian has.
closure=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances \
    "${runtime_packages[@]}" libc6 libgcc-s1 libstdc++6 | grep -E '^[a-z0-9]' | cut -d: -f1 | sort -u)
wanted=$(readelf -d "$binary" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
unresolved=0
while read -r name _ path _; do
    [ -e "$path" ] || { say "   $name: not found"; unresolved=1; continue; }
    real=$(realpath "$path")
    # A package may list /lib/… for what lies in /usr/lib/….
    owner=$({ dpkg -S "$real" || dpkg -S "${real#/usr}"; } 2>/dev/null | cut -d: -f1 | head -n 1) || owner=
    direct=$(grep -qx -- "$name" <<< "$wanted" && echo direct || echo indirect)
    if grep -qx -- "${owner:-none}" <<< "$closure"; then
        if [ "$direct" = direct ]; then say "   $name  $owner"; fi
    else
        say "   $name  ${owner:-no package} ($direct): not in the runtime image"
        unresolved=1
    fi
done < <(ldd "$binary" | grep '=>')
[ "$unresolved" -eq 0 ] || die "the runtime stage lacks packages"
if grep -q 'libswift\|libFoundation\|libdispatch' <<< "$wanted"; then die "the Swift library is not linked in"; fi
say "   and $(ldd "$binary" | grep -c '=>') in all, each of a package that the image has"

say "4. runtime image"
if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
    say "   left out: needs root and debootstrap"
    exit 0
fi
root=$work/root
include=$(IFS=,; printf '%s' "${runtime_packages[*]}")
debootstrap --variant=minbase --include="$include" "$release" "$root" >"$work/debootstrap.log" 2>&1 ||
    { tail -n 5 "$work/debootstrap.log"; die "debootstrap failed"; }
chroot "$root" groupadd --gid 10001 millrace
chroot "$root" useradd --no-log-init --no-create-home --uid 10001 --gid millrace --home-dir /var/lib/millrace --shell /usr/sbin/nologin millrace
chroot "$root" install -d -o millrace -g millrace /var/lib/millrace /var/lib/millrace/buckets
cp -r "$work/image/." "$root/"
rm -rf "$root"/var/cache/apt "$root"/var/lib/apt/lists
say "   root file system: $(du -sh "$root" | cut -f1)"

# run_inside COMMAND…: as process 1 of its own, on the read-only root with a /tmp, as the image's user, without capabilities.
cat > "$work/enter" <<'END'
set -eu
root=$1
shift
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
cd "$root"
exec chroot --userspec=10001:10001 "$root" "$@"
END
inside() {
    exec unshare --mount --pid --fork --kill-child bash "$work/enter" "$root" \
        /usr/bin/env -i PATH=/usr/bin:/bin MALLOC_ARENA_MAX=2 "$@"
}
(inside /usr/bin/millrace --help) >"$work/help" 2>&1 || { cat "$work/help"; die "--help failed in the image"; }
say "   --help: $(wc -l < "$work/help") lines"
for folder in /usr/share/millrace/migrations /etc/ssl/certs/ca-certificates.crt; do
    [ -e "$root$folder" ] || die "the image lacks $folder"
done

# start_role NAME VARIABLE=VALUE…: until it listens for its health, at $port.
start_role() {
    port=$((20000 + RANDOM % 10000))
    (inside "${@:2}" MILLRACE_METRICS_LISTEN=127.0.0.1:$port /usr/bin/millrace "$1") >"$work/role.log" 2>&1 &
    role=$!
    for _ in $(seq 100); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
        sleep 0.1
    done
    tail -n 5 "$work/role.log"
    die "the $1 does not listen for its health"
}
healthy() { (inside MILLRACE_METRICS_LISTEN=127.0.0.1:$port /usr/bin/millrace health) >"$work/health" 2>&1; }
stop_role() {
    # Process 1 of the new namespace, as the host sees it.
    kill -TERM "$(cut -d" " -f1 "/proc/$role/task/$role/children")"
    local status=0
    wait "$role" || status=$?
    role=
    [ "$status" -eq 0 ] || { tail -n 5 "$work/role.log"; die "SIGTERM to process 1: exit status $status"; }
    say "   SIGTERM to process 1: exit status 0"
}

# Nothing listens there: the role must start, say that it is not ready, and stop when told to.
start_role controller DATABASE_URL='postgresql://nobody@127.0.0.1:1/none' KAFKA_BROKERS=127.0.0.1:1
if healthy; then die "health says ready although nothing is there"; fi
say "   controller without a database: alive, not ready ($(head -n 1 "$work/health"))"
stop_role

server=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1) || true
if [ -z "$server" ]; then
    say "   left out: migrate and a worker, which need PostgreSQL's server"
    say "passed"
    exit 0
fi
# PostgreSQL does not run as root.
as_owner() { (cd "$database" && setpriv --reuid nobody --regid nogroup --clear-groups "$@"); }
stop_database() { as_owner "$server/pg_ctl" stop -D "$database/data" -m immediate -s; }
database=$work/database
chmod 711 "$work"
install -d -o nobody -g nogroup -m 700 "$database"
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$password" >"$database/password"
chmod 644 "$database/password"
as_owner "$server/initdb" -D "$database/data" -U millrace --pwfile "$database/password" -A scram-sha-256 -E UTF8 --locale=C \
    --no-sync >"$work/initdb.log" 2>&1 || { tail -n 5 "$work/initdb.log"; die "initdb failed"; }
database_port=$((20000 + RANDOM % 10000))
as_owner "$server/pg_ctl" start -w -s -D "$database/data" -l "$database/log" \
    -o "-c listen_addresses=127.0.0.1 -c port=$database_port -c unix_socket_directories= -c fsync=off" ||
    { tail -n 5 "$database/log"; die "PostgreSQL does not start"; }
settings=(PGHOST=127.0.0.1 "PGPORT=$database_port" PGUSER=millrace PGDATABASE=postgres "PGPASSWORD=$password")
for time in first second; do
    (inside "${settings[@]}" /usr/bin/millrace migrate) >"$work/migrate" 2>&1 ||
        { tail -n 5 "$work/migrate"; die "migrate failed the $time time"; }
done
say "   migrate, twice: exit status 0"

# The broker runs beside the image; the roles see the file that says where.
"$binary" broker --broker-file "$root/var/lib/millrace/broker.json" >"$work/broker.log" 2>&1 &
broker=$!
start_role worker "${settings[@]}" KAFKA_BROKERS=file:/var/lib/millrace/broker.json \
    MILLRACE_BUCKET_ROOT=/var/lib/millrace/buckets
for _ in $(seq 200); do
    if healthy; then break; fi
    sleep 0.1
done
healthy || { cat "$work/health"; tail -n 5 "$work/role.log"; die "the worker does not become ready"; }
say "   worker with a database and a broker: ready"
stop_role
kill -TERM "$broker"
wait "$broker" || die "the broker ended with $?"
broker=
say "passed"
