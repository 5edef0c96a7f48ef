#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   test.sh           the unit tests (swift test, debug), those of them that need a real broker on each Kafka found, those
#                     that need an S3 server on rclone, some seconds of fuzzing, then the integration tests (pytest, on the
#                     release build: what ships). All run even if one fails; the last lines repeat what each said.
#   test.sh long      the integration tests marked "long", alone
#
# Exit status 0 only when all passed.
#
#   PYTEST_ARGS       more arguments for pytest, such as "-k cancel"
#   KAFKA_HOME        a Kafka to test with (several: separated by colons), beside those in ../shared/kafka
#   FUZZ_SECONDS      of fuzzing, for each of its targets; 0 for none
#   UNIT_SECONDS, INTEGRATION_SECONDS   after which a runner is stopped and counts as failed
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

long=${1:-}
unit_seconds=${UNIT_SECONDS:-1200}
integration_seconds=${INTEGRATION_SECONDS:-$([ "$long" = long ] && echo 14400 || echo 2700)}
logs=$(mktemp -d)
store=$(mktemp -d)
server=
stop_server() {
    [ -z "$server" ] || { kill "$server"; wait "$server"; } 2>/dev/null
    server=
}
trap 'stop_server; rm -rf "$logs" "$store"' EXIT

homes=$(deploy/local/kafka-homes.sh) || exit 1
if [ -n "$homes" ]; then
    command -v java >/dev/null || deploy/local/setup.sh kafka || exit 1
    printf 'test: Apache Kafka used: %s\n' "${homes//$'\n'/, }"
else
    printf 'test: no Apache Kafka found: tests on a real broker are SKIPPED (set KAFKA_HOME, or unpack one in ../shared/kafka)\n'
fi

# run LOG SECONDS COMMAND…: its output both here and in LOG, its own exit status, and an end to it in any case.
run() {
    local log=$1 seconds=$2 status
    shift 2
    timeout --signal=TERM --kill-after=30 "$seconds" "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    [ "$status" -ne 124 ] || printf 'stopped after %s seconds\n' "$seconds" | tee -a "$log"
    return "$status"
}

# An S3 server that checks keys; $address is where it listens.
start_server() {
    mkdir "$store/buckets"
    .venv/bin/rclone serve s3 --config "$store/none" --addr 127.0.0.1:0 --auth-key test,testsecret "$store/buckets" \
        >"$store/log" 2>&1 &
    server=$!
    for _ in $(seq 300); do
        address=$(grep -oE 'http://127\.0\.0\.1:[0-9]+' "$store/log")
        [ -z "$address" ] || return 0
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    cat "$store/log" >&2
    return 1
}

# units NAME COMMAND…: one run of unit tests, and a line for it in the end. $unit is not 0 as soon as one failed or ran
# none.
units() {
    local log="$logs/units ${#summary[@]}" said
    run "$log" "$unit_seconds" "${@:2}" || unit=$?
    said=$(grep -E 'Test run with|^stopped after|^error: ' "$log" | tail -n 1)
    if ! grep -qE 'Test run with [1-9]' <<<"$said" && [ "$unit" -eq 0 ]; then unit=1; fi
    summary+=("$1: $said" "$(sed -nE 's/^[^ ]+ ((Test|Suite) .* skipped(: .*|\.?))$/    \1/p' "$log")")
}

unit=0
fuzz=0
summary=()
if [ "$long" != long ]; then
    swift build --build-tests || exit 1
    # Without what the runs after it are for.
    skips=(--skip ConnectorsTests)
    [ -z "$homes" ] || skips+=(--skip ApacheKafka)
    units "swift test" env -u KAFKA_HOME swift test --skip-build "${skips[@]}"
    while read -r home; do
        [ -n "$home" ] || continue
        units "swift test on Kafka ${home##*/}" env KAFKA_HOME="$home" swift test --skip-build --filter ApacheKafka
    done <<<"$homes"
    start_server || exit 1
    units "swift test on rclone" env -u AWS_SESSION_TOKEN AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=testsecret \
        MILLRACE_TEST_S3_ENDPOINT="$address" MILLRACE_TEST_S3_CHECKS_KEYS=1 \
        swift test --skip-build --filter ConnectorsTests
    stop_server
    if [ "${FUZZ_SECONDS:-10}" -gt 0 ]; then
        run "$logs/fuzz" 900 deploy/local/fuzz.sh "${FUZZ_SECONDS:-10}"
        fuzz=$?
    fi
fi

swift build -c release --product millrace || exit 1
export MILLRACE_BIN="$PWD/.build/release/millrace"
selection=()
if [ "$long" = long ]; then selection=(-m long); fi
# shellcheck disable=SC2086  # PYTEST_ARGS is a list of words
run "$logs/integration" "$integration_seconds" \
    .venv/bin/python -m pytest Tests/integration -q --color=no "${selection[@]}" ${PYTEST_ARGS:-}
integration=$?

printf '\n'
for line in ${summary[@]+"${summary[@]}"}; do
    [ -z "$line" ] || printf '%s\n' "$line"
done
[ ! -e "$logs/fuzz" ] || printf 'fuzz:       %s\n' "$(grep -E '^Done |ERROR: libFuzzer' "$logs/fuzz" | paste -sd ';')"
printf 'pytest:     %s\n' "$(grep -E '[0-9]+ (passed|failed|error|skipped|deselected)|no tests ran|stopped after' "$logs/integration" | tail -n 1)"
if [ "$unit" -ne 0 ] || [ "$fuzz" -ne 0 ] || [ "$integration" -ne 0 ]; then
    # What went wrong stands far above by now.
    grep -hE "^✘|recorded an issue|^Fatal error|Program crashed|exited with unexpected|^stopped after|error: |^FAILED |^ERROR " \
        "$logs"/* | cut -c 1-400 | tail -n 40
    printf 'test: FAILED (swift test %s, fuzz %s, pytest %s)\n' "$unit" "$fuzz" "$integration"
    exit 1
fi
printf 'test: passed\n'
