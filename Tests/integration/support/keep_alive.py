# SPDX-License-Identifier: Apache-2.0
"""Thousands of small requests to one address, unsigned, over a connection that is kept."""

import dataclasses
import http.client
import json
import urllib.parse


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    headers: dict
    text: str

    @property
    def document(self):
        return json.loads(self.text) if self.text else {}

    @property
    def error(self):
        """(error type, message), both None when it is none."""
        if self.status < 300:
            return None, None
        return self.headers.get("x-amzn-errortype"), self.document.get("message")


class KeepAlive:
    def __init__(self, url, timeout=60):
        parts = urllib.parse.urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)

    def call(self, method, path, body=None):
        """`body` is anything that JSON can say, None for no body."""
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {} if data is None else {"Content-Type": "application/json"}
        try:
            return self._exchange(method, path, data, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # The server may end an idle connection at any time; a second refusal is its own.
            self._connection.close()
            return self._exchange(method, path, data, headers)

    def _exchange(self, method, path, data, headers):
        self._connection.request(method, path, data, headers)
        response = self._connection.getresponse()
        text = response.read().decode()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text)

    def close(self):
        self._connection.close()
