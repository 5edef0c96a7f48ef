# SPDX-License-Identifier: Apache-2.0
"""Where the executable under test is."""

import os

from .kafka import REPOSITORY


def find_binary():
    """MILLRACE_BIN, else the repository's release build, else its debug build; None if there is none."""
    named = os.environ.get("MILLRACE_BIN")
    if named:
        return os.path.realpath(named) if os.access(named, os.X_OK) else None
    for kind in ("release", "debug"):
        path = os.path.join(REPOSITORY, ".build", kind, "millrace")
        if os.access(path, os.X_OK):
            return os.path.realpath(path)
    return None
