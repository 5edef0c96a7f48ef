# SPDX-License-Identifier: Apache-2.0
"""The plans that PostgreSQL really used, written into its log by its module auto_explain."""

import json
import os
import re
from statistics import median
from typing import NamedTuple

_ENTRY = re.compile(rb"duration: ([\d.]+) ms  plan:\n((?:\t.*\n)+)")
_SETTINGS = {
    "session_preload_libraries": "auto_explain", "auto_explain.log_min_duration": "0", "auto_explain.log_format": "json",
    "auto_explain.log_analyze": "on", "auto_explain.log_buffers": "on", "auto_explain.log_timing": "off",
}


class Plan:
    """One execution of one statement."""

    def __init__(self, milliseconds, document):
        self.milliseconds = milliseconds
        self.text = document["Query Text"]
        self.root = document["Plan"]

    @property
    def blocks(self):
        """Blocks of tables and indexes that it looked at, in memory or not."""
        return self.root.get("Shared Hit Blocks", 0) + self.root.get("Shared Read Blocks", 0)

    @property
    def rows(self):
        return self.root.get("Actual Rows", 0)

    def nodes(self):
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            waiting += node.get("Plans", [])
            yield node

    def scanned_whole(self):
        """Tables that it read from end to end."""
        return {node["Relation Name"] for node in self.nodes()
                if node["Node Type"] == "Seq Scan" and node.get("Actual Loops", 1) > 0}


class PlanLog:
    """Call `enable` before the roles connect: the setting is the database's and holds for new connections."""

    def __init__(self, postgres, database):
        self._path = postgres.process.log_path
        self._postgres = postgres
        self._database = database
        self._offset = 0

    def enable(self):
        with self._postgres.connect("postgres") as connection:
            for name, value in _SETTINGS.items():
                connection.execute(f"ALTER DATABASE {self._database} SET {name} = '{value}'")

    def connect(self):
        """A connection whose own statements are not logged."""
        connection = self._postgres.connect(self._database)
        connection.execute("SET auto_explain.log_min_duration = -1")
        return connection

    def begin(self):
        """What was logged before is not read."""
        self._offset = os.path.getsize(self._path)

    def read(self):
        with open(self._path, "rb") as log:
            log.seek(self._offset)
            entries = _ENTRY.findall(log.read())
        return [Plan(float(milliseconds), json.loads(text)) for milliseconds, text in entries]


class Cost(NamedTuple):
    """Medians over the executions of one statement that found something."""

    times: int
    milliseconds: float
    blocks: float
    blocks_per_row: float

    def __str__(self):
        return f"{self.milliseconds:.2f} ms, {self.blocks:.0f} blocks, {self.blocks_per_row:.1f} a row ({self.times} times)"


def summarize(plans, statements):
    """Name → Cost of the statements whose text matches the name's pattern."""
    found = {}
    for name, pattern in statements.items():
        chosen = [plan for plan in plans if re.search(pattern, plan.text, re.DOTALL) and plan.rows > 0]
        if chosen:
            found[name] = Cost(len(chosen), *(median(map(figure, chosen)) for figure in (
                lambda plan: plan.milliseconds, lambda plan: plan.blocks, lambda plan: plan.blocks / plan.rows)))
    return found
