# SPDX-License-Identifier: Apache-2.0
"""Counts of checks that are too many to be tests of their own, for the end of the session."""


class Tally:
    """Passed and total by subject and kind of check; `failures` tells the first that failed."""

    def __init__(self, title):
        self.title = title
        self._counts = {}

    def start(self, subject, kind):
        """A new count of one kind; whoever makes it adds to it."""
        return self._counts.setdefault(subject, {}).setdefault(kind, Count())

    def lines(self):
        """A table of all counts, and their sum; empty if nothing was counted."""
        if not self._counts:
            return []
        kinds = list(dict.fromkeys(kind for counts in self._counts.values() for kind in counts))
        rows = [["", *kinds, "all"]]
        for subject, counts in sorted(self._counts.items()):
            rows.append([subject, *(str(counts.get(kind, "")) for kind in kinds), str(_sum(counts.values()))])
        everything = [count for counts in self._counts.values() for count in counts.values()]
        rows.append(["in all", *(str(_sum(counts[kind] for counts in self._counts.values() if kind in counts))
                                 for kind in kinds), str(_sum(everything))])
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return ["  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                          for column, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]


class Count:
    """Checks of one kind."""

    _SHOWN = 12

    def __init__(self, passed=0, total=0):
        self.passed, self.total = passed, total
        self.failures = []

    def check(self, problem):
        """One more check; `problem` is what was wrong, None if nothing was."""
        self.total += 1
        self.passed += problem is None
        if problem is not None:
            self.failures.append(problem)

    def finish(self):
        """Fails unless every check passed."""
        assert self.total > 0, "nothing was checked"
        shown = "\n".join(self.failures[:self._SHOWN])
        assert not self.failures, f"{len(self.failures)} of {self.total} failed, among them:\n{shown}"

    def __str__(self):
        return f"{self.passed}/{self.total}"


def _sum(counts):
    counts = list(counts)
    return Count(sum(count.passed for count in counts), sum(count.total for count in counts))


conformance = Tally("conformance to botocore's model, passed/total")
