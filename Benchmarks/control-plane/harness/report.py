# SPDX-License-Identifier: Apache-2.0
"""The report in Markdown: medians over the rounds, Millrace beside its peers, and where the time went."""

from .figures import median_of, number, table

AIMS = {
    "p50": "< 3 ms",
    "p99": "< 10 ms",
    "accepted": "> 8,000",
    "backlog": "> 4,000",
    "both": "> 2,000",
    "memory": "< 150 MB",
}


def render(machine, sizes, millrace_rounds, details, peer_rounds, failures):
    parts = ["# The control plane and its peers\n"]
    parts.append("Made by `make bench`; how it measures, and what it does not, is in README.md beside this file.\n")
    parts.append(table(("machine", ""), machine))
    parts.append(f"Medians of {sizes.rounds} round(s), p99 and all. Every other figure is per second unless a unit is named.\n")
    for failure in failures:
        parts.append(f"**Not measured:** {failure}\n")
    millrace = {}
    if millrace_rounds:
        millrace = {name: median_of([one[name] for one in millrace_rounds]) for name in millrace_rounds[0]}
    peers = {name: median_of([one[name] for one in peer_rounds if name in one]) for name in _names(peer_rounds)}
    parts.append("## One job at a time, and many\n")
    parts.append(_comparison(millrace, peers))
    if "pgbench" in peers:
        parts.append("## What a commit costs here (pgbench)\n")
        parts.append(table(("work", "per second"), [(name, number(value)) for name, value in peers["pgbench"].items()]))
    if millrace:
        parts.append("## Millrace in detail\n")
        rows = [(part, name + _unit(name), number(value)) for part, figures in millrace.items() for name, value in figures.items()]
        parts.append(table(("part", "figure", "median"), rows))
        parts.append(_details(details))
    return "\n".join(parts)


def _unit(name):
    if name.endswith(("p50", "p99", "worst")):
        return ", ms"
    return ", MB" if name.endswith(("resident", "proportional")) else ""


def _names(rounds):
    return list(dict.fromkeys(name for one in rounds for name in one))


def _comparison(millrace, peers):
    rows = []
    if millrace:
        latency, rest = millrace["latency"], millrace["memory at rest"]
        rows.append(
            (
                "**Millrace**",
                number(latency["p50"]),
                number(latency["p99"]),
                number(millrace["StartFlow, workers stopped"]["per second"]),
                number(millrace["backlog"]["per second"]),
                number(millrace["both at once"]["runs per second"]),
                number(rest["resident"]),
            )
        )
        rows.append(("aim", *AIMS.values()))
    for name, figures in peers.items():
        if name != "pgbench":
            rows.append((name, *(number(figures[key]) for key in ("p50", "p99", "accepted", "runs")), "", ""))
    header = ("", "p50 ms", "p99 ms", "accepted/s", "backlog run, jobs/s", "both at once, runs/s", "memory at rest, MB")
    return table(header, rows)


def _details(details):
    parts = []
    rows = []
    for phase, processors in (
        ("CreateFlow", details["CreateFlow processors"]),
        ("StartFlow, workers stopped", details["processors"]["accepting"]),
        ("backlog", details["processors"]["draining"]),
        ("both at once", details["both processors"]),
    ):
        spent = ", ".join(f"{name} {share:.2f}" for name, share in sorted(processors.items(), key=lambda item: -item[1]))
        rows.append((phase, spent))
    parts.append("### Processor cores in use, by process (last round)\n")
    parts.append(table(("phase", "cores"), rows))
    stages = (
        ("one flow at a time", details["latency stages"]),
        ("StartFlow, workers stopped", details["stages"]["accepting"]),
        ("backlog", details["stages"]["draining"]),
        ("both at once", details["both stages"]),
    )
    rows = [
        (phase, role, f"`{name}`" + (f" {labels}" if labels else ""), f"{count:,}", f"{mean:.3f}")
        for phase, roles in stages
        for role, found in roles.items()
        for name, labels, count, mean in found[:8]
    ]
    if rows:
        parts.append("### Stages, from the roles' own histograms (last round)\n")
        parts.append(table(("phase", "role", "stage", "times", "mean ms"), rows))
    return "\n".join(parts)
