# SPDX-License-Identifier: Apache-2.0
"""An HTTP proxy in front of an S3 server that misbehaves on demand.

Requests pass unchanged (a signature over the Host header therefore names the proxy) unless a `Rule` catches them.
"""

import collections
import http.client
import random
import re
import socket
import socketserver
import struct
import threading
import urllib.parse

Request = collections.namedtuple("Request", "method target operation headers body")
Answer = collections.namedtuple("Answer", "status reason headers body")


def operation_of(method, target):
    """The S3 operation of a path-style request: list, read, head, put, begin, part, complete, abort, uploads, other."""
    parts = urllib.parse.urlsplit(target)
    query = urllib.parse.parse_qs(parts.query, keep_blank_values=True)
    key = parts.path.strip("/").partition("/")[2]
    if not key:
        return "uploads" if "uploads" in query else "list" if method == "GET" else "other"
    if "uploadId" in query:
        return {"PUT": "part", "POST": "complete", "DELETE": "abort"}.get(method, "other")
    if method == "POST" and "uploads" in query:
        return "begin"
    return {"GET": "read", "HEAD": "head", "PUT": "put", "DELETE": "delete"}.get(method, "other")


class Hold:
    """A point at which a response stops half-way until the test lets it go on."""

    def __init__(self):
        self.reached = threading.Event()
        self._released = threading.Event()

    def release(self):
        self._released.set()

    def wait(self, seconds=None):
        self.reached.set()
        return self._released.wait(seconds)


class Rule:
    """Applies `action` to requests whose operation is in `operations` (all if empty) and whose target contains
    `containing`, with `probability`, at most `times` times."""

    def __init__(self, action, operations=(), containing="", probability=1.0, times=None):
        self.action = action
        self.operations = frozenset([operations] if isinstance(operations, str) else operations)
        self.containing = containing
        self.probability = probability
        self.times = times
        self.applied = 0
        self._lock = threading.Lock()

    def takes(self, request, chance):
        if self.operations and request.operation not in self.operations:
            return False
        if self.containing not in urllib.parse.unquote(request.target):
            return False
        with self._lock:
            if self.times is not None and self.applied >= self.times:
                return False
            if chance >= self.probability:
                return False
            self.applied += 1
            return True


# Actions: called with the exchange, they answer the client in their own way.

def answer_error(status, code):
    """An S3 error document, and the request never reaches the store."""

    def act(exchange):
        exchange.send(error_document(status, code))

    return act


def error_after_effect(status=500, code="InternalError"):
    """The store does what was asked, but the client is told that it failed."""

    def act(exchange):
        exchange.forward()
        exchange.send(error_document(status, code))

    return act


def reset_before():
    """The connection breaks before the store saw the request."""
    return lambda exchange: exchange.reset()


def reset_after_effect():
    """The store does what was asked, and the connection breaks instead of an answer."""

    def act(exchange):
        exchange.forward()
        exchange.reset()

    return act


def reset_mid_body(fraction=0.5):
    """The answer breaks off inside its body."""

    def act(exchange):
        answer = exchange.forward()
        exchange.send(answer, limit=int(len(answer.body) * fraction))
        exchange.reset()

    return act


def stall(hold, fraction=0.5):
    """Part of the answer, then silence until `hold` is released; then the rest."""

    def act(exchange):
        answer = exchange.forward()
        sent = exchange.send(answer, limit=int(len(answer.body) * fraction))
        hold.wait()
        exchange.write(answer.body[sent:])

    return act


def silence(hold, seconds=None):
    """No answer at all until `hold` is released or so many seconds have passed; then the connection closes."""

    def act(exchange):
        hold.wait(seconds)
        exchange.reset()

    return act


def small_pages(size):
    """Listings come in pages of at most `size`, whatever was asked for. Only for stores that check no signature."""

    def act(exchange):
        target = re.sub(r"&?max-keys=\d+", "", exchange.request.target) + f"&max-keys={size}"
        exchange.request = exchange.request._replace(target=target)
        exchange.send(exchange.forward())

    return act


def error_document(status, code):
    body = (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>injected by the tests'
            f"</Message><RequestId>0</RequestId></Error>").encode()
    return Answer(status, code, [("Content-Type", "application/xml")], body)


class _Exchange:
    def __init__(self, proxy, connection, request):
        self.proxy = proxy
        self.connection = connection
        self.request = request
        self.closed = False

    def forward(self):
        """Lets the store answer; the answer is read whole."""
        upstream = http.client.HTTPConnection(*self.proxy.upstream, timeout=120)
        try:
            upstream.putrequest(self.request.method, self.request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in self.request.headers:
                if name.lower() not in ("connection", "expect", "transfer-encoding"):
                    upstream.putheader(name, value)
            if self.request.body and not any(name.lower() == "content-length" for name, _ in self.request.headers):
                upstream.putheader("Content-Length", str(len(self.request.body)))
            upstream.endheaders(self.request.body or None)
            response = upstream.getresponse()
            return Answer(response.status, response.reason, response.getheaders(), response.read())
        finally:
            upstream.close()

    def send(self, answer, limit=None):
        """Writes status, headers and the body up to `limit` bytes; returns how much of the body went out."""
        bodiless = self.request.method == "HEAD" or answer.status in (204, 304)
        head = [f"HTTP/1.1 {answer.status} {answer.reason}"]
        length = str(len(answer.body))
        for name, value in answer.headers:
            if name.lower() == "content-length":
                length = value if bodiless else length
            elif name.lower() not in ("connection", "transfer-encoding"):
                head.append(f"{name}: {value}")
        if answer.status != 204:
            head.append(f"Content-Length: {length}")
        body = b"" if bodiless else answer.body if limit is None else answer.body[:limit]
        self.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)
        return len(body)

    def write(self, data):
        try:
            self.connection.sendall(data)
        except OSError:
            self.closed = True

    def reset(self):
        """Closes with RST instead of FIN, as a crashed peer or a middlebox does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.closed = True


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = self.request.makefile("rb")
        proxy = self.server.proxy
        try:
            while request := self._read(reader):
                exchange = _Exchange(proxy, self.request, request)
                proxy.count(request.operation)
                action = proxy.choose(request)
                if action:
                    action(exchange)
                else:
                    exchange.send(exchange.forward())
                if exchange.closed or any(
                        name.lower() == "connection" and value.lower() == "close" for name, value in request.headers):
                    return
        except (OSError, http.client.HTTPException):
            return
        finally:
            # The file object holds the socket open otherwise, and a reset would come only when it is collected.
            reader.close()
            self.request.close()

    def _read(self, reader):
        line = reader.readline(65536)
        if not line.strip():
            return None
        method, target, _ = line.decode("latin-1").split()
        headers = []
        while (line := reader.readline(65536)).strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers.append((name.strip(), value.strip()))
        fields = {name.lower(): value for name, value in headers}
        if fields.get("expect", "").lower() == "100-continue":
            self.request.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if fields.get("transfer-encoding", "").lower() == "chunked":
            body = self._read_chunks(reader)
        else:
            length = int(fields.get("content-length", "0"))
            body = reader.read(length)
            if len(body) < length:
                return None
        return Request(method, target, operation_of(method, target), headers, body)

    def _read_chunks(self, reader):
        body = b""
        while size := int(reader.readline().split(b";")[0], 16):
            body += reader.read(size)
            reader.readline()
        while reader.readline().strip():
            pass
        return body


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128
    block_on_close = False


class FaultProxy:
    """Listens on an ephemeral port until `close`. Rules are tried in order; the first that takes a request acts."""

    def __init__(self, upstream_endpoint, seed=0):
        parts = urllib.parse.urlsplit(upstream_endpoint)
        self.upstream = (parts.hostname, parts.port)
        self.rules = []
        self.requests = collections.Counter()
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="fault-proxy", daemon=True).start()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def add(self, rule):
        with self._lock:
            self.rules.append(rule)
        return rule

    def clear(self):
        """All requests pass from now on; what is held stays held."""
        with self._lock:
            self.rules = []

    def choose(self, request):
        with self._lock:
            for rule in self.rules:
                if rule.takes(request, self._random.random()):
                    return rule.action
        return None

    def count(self, operation):
        with self._lock:
            self.requests[operation] += 1

    def close(self):
        self._server.shutdown()
        self._server.server_close()
