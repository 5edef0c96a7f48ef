# SPDX-License-Identifier: Apache-2.0
"""Free TCP ports for servers that cannot choose one themselves or must keep theirs over a restart."""

import socket
import threading

_given = set()
_lock = threading.Lock()


def free_port():
    """A port of 127.0.0.1 that nobody listens on and that this process has not given out before."""
    with _lock:
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            if port not in _given:
                _given.add(port)
                return port


def is_open(port, host="127.0.0.1"):
    """Whether something accepts connections there now."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
