# SPDX-License-Identifier: Apache-2.0
"""Looks for a serial order of calls that overlapped in time."""

import dataclasses

from .flow_model import Disagreement


@dataclasses.dataclass(frozen=True)
class Call:
    """`begun` and `ended` on one clock: a call that ended before another began comes before it in any order."""
    begun: float
    ended: float
    kind: str
    parameters: dict
    answer: tuple


def serial_order(model, calls):
    """An order in which the model answers every call as it was answered, None if there is none."""
    refused = set()

    def search(model, waiting):
        if not waiting:
            return []
        identity = (waiting, model.fingerprint())
        if identity in refused:
            return None
        first_end = min(calls[index].ended for index in waiting)
        for index in sorted(waiting):
            call = calls[index]
            if call.begun > first_end:
                continue
            after = model.fork()
            try:
                after.step(call.kind, call.parameters, call.answer)
            except Disagreement:
                continue
            rest = search(after, waiting - {index})
            if rest is not None:
                return [call, *rest]
        refused.add(identity)
        return None

    return search(model, frozenset(range(len(calls))))
