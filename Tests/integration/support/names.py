# SPDX-License-Identifier: Apache-2.0
"""Names that no other test of the session uses."""

import itertools

_numbers = itertools.count(1)


def unique(stem="flow"):
    return f"{stem}-{next(_numbers)}"
