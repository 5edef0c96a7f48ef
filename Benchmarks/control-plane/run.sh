#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   run.sh [--quick] [--only millrace|peers] …      (see --help)
#
# Installs what the peers need (apt, and a virtual environment of their own), then measures.
set -euo pipefail
cd "$(dirname "$0")/../.."

deploy/local/setup.sh bench
deploy/local/venv.sh .venv-bench Benchmarks/control-plane/requirements.txt
# The newest Kafka of those that are there.
kafka=$(deploy/local/kafka-homes.sh | sort -V | tail -n 1)
export PYTHONPATH=$PWD/Benchmarks/control-plane PYTHONDONTWRITEBYTECODE=1
exec .venv-bench/bin/python -m harness --binary "$PWD/.build/release/millrace" \
    ${kafka:+--kafka-home "$kafka"} "$@"
