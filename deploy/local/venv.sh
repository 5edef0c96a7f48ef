#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   venv.sh DIRECTORY REQUIREMENTS
#
# Makes the virtual environment that REQUIREMENTS describes; does nothing when it is there already. What it was made
# from is kept as a hash beside it, so that a changed file makes it anew, and half of one never counts.
set -euo pipefail

directory=$1
requirements=$2
stamp="$directory/.made-from"
wanted=$({ cat "$requirements"; python3 --version; } | sha256sum | cut -d' ' -f1)

if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && "$directory/bin/python" -c '' 2>/dev/null; then
    exit 0
fi
printf 'venv: making %s from %s\n' "$directory" "$requirements"
rm -rf "$directory"
python3 -m venv "$directory"
"$directory/bin/pip" install --quiet --disable-pip-version-check --retries 5 --requirement "$requirements"
printf '%s\n' "$wanted" > "$stamp"
