# SPDX-License-Identifier: Apache-2.0
"""Percentiles, medians over rounds, and the report."""

import math
import statistics


def percentile(values, share):
    """The nearest-rank percentile; `share` in 0…1."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def milliseconds(seconds):
    return {
        "p50": percentile(seconds, 0.50) * 1000,
        "p99": percentile(seconds, 0.99) * 1000,
        "worst": max(seconds) * 1000,
    }


def median_of(rounds):
    """The median of each figure over rounds that measured the same figures."""
    names = [name for name in rounds[0] if all(name in one for one in rounds)]
    return {name: statistics.median(one[name] for one in rounds) for name in names}


def number(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join("---" for _ in header) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
