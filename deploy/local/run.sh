#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Serves on 127.0.0.1:8080 until Ctrl-C, every role at once, keeping its data in DATA_DIR (default: Millrace's own).
set -euo pipefail
cd "$(dirname "$0")/../.."

export MILLRACE_LISTEN=${MILLRACE_LISTEN:-127.0.0.1:8080}
if [ -n "${DATA_DIR:-}" ]; then export MILLRACE_DATA_DIR=$DATA_DIR; fi
exec .build/release/millrace dev
