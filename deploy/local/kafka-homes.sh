#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Prints the Kafka installations that tests and benchmarks may use, one folder a line: those of KAFKA_HOME (several are
# separated by colons), then what lies unpacked in ../shared/kafka; each once.
set -euo pipefail
cd "$(dirname "$0")/../.."

IFS=: read -ra named <<< "${KAFKA_HOME:-}"
for home in ${named[@]+"${named[@]}"} ../shared/kafka/*; do
    if [ -f "$home/bin/kafka-server-start.sh" ]; then
        (cd "$home" && pwd -P)
    elif [ -n "$home" ] && [ "${home#../shared/}" = "$home" ]; then
        printf 'KAFKA_HOME: %s is no Kafka installation\n' "$home" >&2
        exit 1
    fi
done | awk '!seen[$0]++'
