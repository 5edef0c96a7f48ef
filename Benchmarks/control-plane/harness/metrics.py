# SPDX-License-Identifier: Apache-2.0
"""Prometheus' text format, as far as telling what a role spent its time on needs it."""

import re
import urllib.request

SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([0-9.eE+-]+|NaN|\+Inf)$")


def scrape(address):
    """Samples by (name, labels)."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"http://{address}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    samples = {}
    for line in text.splitlines():
        if found := SAMPLE.match(line):
            samples[(found.group(1), found.group(2) or "")] = float(found.group(3))
    return samples


def stages(before, after):
    """Histograms of seconds that moved between two scrapes: (name, labels, count, mean in milliseconds)."""
    rows = []
    for (name, labels), count in after.items():
        if not name.endswith("_seconds_count"):
            continue
        moved = count - before.get((name, labels), 0)
        if moved <= 0:
            continue
        total = (name.removesuffix("_count") + "_sum", labels)
        spent = after.get(total, 0) - before.get(total, 0)
        rows.append((name.removesuffix("_count"), labels, int(moved), spent / moved * 1000))
    return sorted(rows, key=lambda row: -row[2] * row[3])
