# SPDX-License-Identifier: Apache-2.0
"""Requests as botocore signs them, ready to be sent by wrk."""

import json
import pathlib
import subprocess

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from harness.processes import BenchmarkFailure

KEY = ("AKIABENCHMARK0000001", "benchmark-secret/with+signs=")
REGION = "us-east-1"
LOAD = pathlib.Path(__file__).resolve().parent.parent / "load" / "requests.lua"


def signed(address, path, body, headers=None, service="appflow"):
    """The bytes of one request."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    request = AWSRequest(
        "POST", f"http://{address}{path}", headers={"Content-Type": "application/json", **(headers or {})}, data=body
    )
    SigV4Auth(Credentials(*KEY), service, REGION).add_auth(request)
    fields = {"Host": address, **dict(request.headers.items()), "Content-Length": len(body)}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def write(path, requests):
    with path.open("wb") as file:
        for request in requests:
            file.write(b"%d\n" % len(request) + request)
    return path


def wrk(address, file, *, connections, circle_seconds=None):
    """Lets wrk send each request of a file once, or circle over them for some seconds; its own account of it."""
    seconds = circle_seconds or 280  # less than a signature lives
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "30s", "-s", str(LOAD)]
    command += [f"http://{address}/", "--", str(file), "reads" if circle_seconds else "once", str(connections)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    lines = [line for line in finished.stdout.splitlines() if line.startswith("{")]
    if finished.returncode != 0 or not lines:
        raise BenchmarkFailure(f"wrk failed:\n{finished.stdout}\n{finished.stderr}")
    answer = json.loads(lines[-1])
    refused = answer["others"] + answer["unavailable"]
    if refused or answer["broken"] or not answer["accepted"]:
        raise BenchmarkFailure(f"{file.name}: {answer}\n{finished.stdout[:2000]}")
    return {"per second": answer["accepted"] / answer["seconds"], "p50": answer["p50"], "p99": answer["p99"]}
