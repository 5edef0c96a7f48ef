# SPDX-License-Identifier: Apache-2.0
"""A client that costs next to nothing: one kept connection, requests made beforehand, no signature."""

import json
import pathlib
import socket
import subprocess

from .processes import BenchmarkFailure

LOAD = pathlib.Path(__file__).resolve().parent.parent / "load" / "flows.lua"


class Connection:
    """HTTP/1.1 over one socket; answers carry Content-Length, as Millrace's do."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.host = address
        self.socket = socket.create_connection((host, int(port)), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def prepare(self, path, document):
        body = json.dumps(document).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def send(self, request):
        """The status and the body of the answer to a prepared request."""
        self.socket.sendall(request)
        data = self.buffer
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end].lower()
        at = head.index(b"content-length:") + 15
        stop = head.find(b"\r\n", at)
        length = int(head[at : stop if stop >= 0 else len(head)])
        end += 4
        while len(data) < end + length:
            data += self._more()
        self.buffer = data[end + length :]
        return int(head[9:12]), data[end : end + length]

    def call(self, path, document):
        status, body = self.send(self.prepare(path, document))
        if status != 200:
            raise BenchmarkFailure(f"{path}: {status} {body.decode(errors='replace')}")
        return json.loads(body)

    def _more(self):
        if not (data := self.socket.recv(65536)):
            raise BenchmarkFailure("the API closed the connection")
        return data

    def close(self):
        self.socket.close()


def wrk(address, operation, flows, *, connections, circle_seconds=None):
    """Lets wrk send one request per flow, or circle over the flows for some seconds; its own account of it.

    "seconds" runs from the first request to the last answer that accepted one.
    """
    seconds = circle_seconds or 600
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "30s"]
    command += ["-s", str(LOAD), f"http://{address}/", "--"]
    command += [operation, str(flows), "circle" if circle_seconds else "once", str(connections)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    lines = [line for line in finished.stdout.splitlines() if line.startswith("{")]
    if finished.returncode != 0 or not lines:
        raise BenchmarkFailure(f"wrk failed:\n{finished.stdout}\n{finished.stderr}")
    answer = json.loads(lines[-1])
    if answer["others"] or answer["broken"]:
        raise BenchmarkFailure(f"{operation}: {answer}\n{finished.stdout}")
    return answer
