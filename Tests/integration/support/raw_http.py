# SPDX-License-Identifier: Apache-2.0
"""HTTP below the SDKs: signed requests with any body, and bytes on a socket."""

import datetime
import json
import socket
import urllib.parse
from unittest import mock

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .clients import REGION


def sign(method, url, body, key, headers=None, at=None, service="appflow", region=REGION):
    """The headers of a request as botocore signs it; `at` is the moment that it claims."""
    request = AWSRequest(method=method, url=url, data=body, headers={"Content-Type": "application/json", **(headers or {})})
    signer = SigV4Auth(Credentials(*key), service, region)
    if at is None:
        signer.add_auth(request)
    else:
        with mock.patch("botocore.auth.get_current_datetime", return_value=at):
            signer.add_auth(request)
    return dict(request.headers.items())


def now(offset_seconds=0):
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + datetime.timedelta(seconds=offset_seconds)


def call(base, path, body, key=None, method="POST", headers=None, **signing):
    """One request; `body` is bytes, text, or anything that JSON can say. Without `key` it is not signed."""
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    data = body.encode() if isinstance(body, str) else body
    url = base + path
    fields = {"Content-Type": "application/json", **(headers or {})}
    if key:
        fields = sign(method, url, data, key, headers, **signing)
    return requests.request(method, url, data=data, headers=fields, timeout=30)


def error_of(response):
    """(status, error type, message) of an error answer, checking that it is one."""
    kind = response.headers.get("x-amzn-ErrorType")
    message = response.json().get("message")
    assert response.status_code >= 400 and kind and isinstance(message, str) and message, (
        response.status_code, dict(response.headers), response.text[:500])
    return response.status_code, kind, message


class RawConnection:
    """A socket to the API on which anything can be sent."""

    def __init__(self, base, timeout=30):
        parts = urllib.parse.urlsplit(base)
        self.host = parts.netloc
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=timeout)

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def end(self):
        """Says that nothing more will come."""
        self.socket.shutdown(socket.SHUT_WR)

    def read_response(self):
        """(status, headers, body) of one response, or None if the peer closed without a word."""
        reader = self.socket.makefile("rb")
        line = reader.readline()
        if not line:
            return None
        status = int(line.split()[1])
        headers = {}
        while (line := reader.readline()).strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        body = reader.read(int(headers.get("content-length", "0")))
        return status, headers, body

    def is_closed(self):
        """Waits for the peer's end of the connection: True if it closes, False if it goes on talking."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
