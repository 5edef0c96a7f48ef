# SPDX-License-Identifier: Apache-2.0
"""Temporary folders that other users may pass through, with short paths (a unix socket's path is limited)."""

import atexit
import os
import shutil
import tempfile

_root = None


def session_root():
    """One folder per test session; removed at its end unless MILLRACE_TEST_KEEP is set."""
    global _root
    if _root is None:
        _root = tempfile.mkdtemp(prefix="millrace-it-", dir=os.environ.get("MILLRACE_TEST_TMPDIR"))
        os.chmod(_root, 0o755)
        if not os.environ.get("MILLRACE_TEST_KEEP"):
            atexit.register(shutil.rmtree, _root, ignore_errors=True)
    return _root


def new_folder(name, owner=None, mode=0o755):
    """A fresh folder below the session's, `name` with a number behind it if that is taken."""
    base = os.path.join(session_root(), name)
    number = 0
    path = base
    while True:
        try:
            os.mkdir(path)
            break
        except FileExistsError:
            number += 1
            path = f"{base}-{number}"
    if owner:
        os.chown(path, *owner)
    os.chmod(path, mode)
    return path
