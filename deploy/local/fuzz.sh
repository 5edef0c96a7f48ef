#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   fuzz.sh SECONDS     coverage-guided fuzzing (libFuzzer, which comes with Swift) of the decoder and of the signature
#                       parser, SECONDS each
#
# `make test` does so for a few seconds. What it learns stays in .build/fuzz/learned. An input that breaks a promise is written to .build/fuzz/found and ends the
# run with an error: mend the code, and put the input into Tests/Fuzz/corpus, where the unit tests see it for ever.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=$1
MILLRACE_FUZZ=1 swift build -c release --scratch-path .build/fuzz --product millrace-fuzz \
    -Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld
mkdir -p .build/fuzz/found
for target in decoder signature; do
    mkdir -p ".build/fuzz/learned/$target"
    printf 'fuzz: %s for %s seconds\n' "$target" "$seconds"
    .build/fuzz/release/millrace-fuzz "$target" -max_total_time="$seconds" -timeout=5 -max_len=65536 -rss_limit_mb=2048 \
        -print_final_stats=1 -verbosity=1 -artifact_prefix=".build/fuzz/found/$target-" \
        ".build/fuzz/learned/$target" "Tests/Fuzz/corpus/$target" 2>&1 |
        grep -vE '^(#[0-9]+[[:space:]]+(REDUCE|NEW|RELOAD|pulse)|[[:space:]]*NEW_FUNC|".*# Uses|#####)'
done
