#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   run.sh [--quick] …      (see --help)
#
# Installs what the peers need (apt, and a virtual environment of their own), then measures.
set -euo pipefail
cd "$(dirname "$0")/../.."

deploy/local/setup.sh bench
deploy/local/venv.sh .venv-bench-api Benchmarks/api/requirements.txt
MILLRACE_BENCHMARKS=1 swift build -c release --product signature-cost
# The newest Kafka of those that are there.
kafka=$(deploy/local/kafka-homes.sh | sort -V | tail -n 1)
export PYTHONPATH=$PWD/Benchmarks/control-plane:$PWD/Benchmarks/api PYTHONDONTWRITEBYTECODE=1
exec .venv-bench-api/bin/python -m apibench --binary "$PWD/.build/release/millrace" \
    --signature-cost "$PWD/.build/release/signature-cost" ${kafka:+--kafka-home "$kafka"} "$@"
