# SPDX-License-Identifier: Apache-2.0
"""nginx that answers a constant, and moto's server with its Step Functions: definitions by name, in memory."""

import json
import shutil
import sys

from harness.client import Connection
from harness.processes import BenchmarkFailure, Child, CPUMeter, answers, free_port, wait_for

from .signed import signed, write, wrk

STATES = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
ROLE = "arn:aws:iam::123456789012:role/r"


def nginx(folder, answer, requests, sizes):
    """The same requests as Millrace's DescribeFlow, each answered with the same bytes."""
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        raise BenchmarkFailure("nginx is not installed")
    port = free_port()
    (folder / "answer.json").write_bytes(answer)
    text = answer.decode().replace("\\", "\\\\").replace("'", "\\'").replace("$", "")
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"""daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{ default_type application/json; return 200 '{text}'; }}
    }}
}}
"""
    )
    child = Child("nginx", [program, "-c", configuration, "-e", folder / "nginx-error.log"], folder)
    try:
        wait_for("nginx", 20, lambda: child.check() or answers(port))
        with CPUMeter([child]) as cpu:
            figures = wrk(f"127.0.0.1:{port}", requests, connections=sizes.connections, circle_seconds=sizes.seconds)
        return {"constant": figures}, {"constant": cpu.seconds}
    finally:
        child.stop()


def moto(folder, sizes):
    """Describe, list and create a state machine; signatures are read for the account, but not checked."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    child = Child("moto", [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port], folder)
    try:
        wait_for("moto", 60, lambda: child.check() or answers(port), pause=0.1)

        def request(operation, document):
            headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AWSStepFunctions.{operation}"}
            return signed(address, "/", document, headers, "states")

        def creation(number):
            document = {"name": f"bench-{number:06d}", "definition": STATES, "roleArn": ROLE}
            return request("CreateStateMachine", document)

        count = sizes.peer_flows
        arns = []
        for number in range(count):
            connection = Connection(address)  # it closes each after its answer
            status, body = connection.send(creation(number))
            connection.close()
            if status != 200:
                raise BenchmarkFailure(f"moto: {status} {body[:500]!r}")
            arns.append(json.loads(body)["stateMachineArn"])
        files = {
            "describe": write(folder / "moto-describe", [request("DescribeStateMachine", {"stateMachineArn": arn}) for arn in arns]),
            "list": write(folder / "moto-list", [request("ListStateMachines", {"maxResults": 20})]),
        }
        figures, cores = {}, {}
        for name, file in files.items():
            with CPUMeter([child]) as cpu:
                figures[name] = wrk(address, file, connections=sizes.peer_connections, circle_seconds=sizes.seconds)
            cores[name] = cpu.seconds
        made = write(folder / "moto-create", [creation(count + number) for number in range(count)])
        with CPUMeter([child]) as cpu:
            figures["create"] = wrk(address, made, connections=sizes.peer_connections)
        cores["create"] = cpu.seconds
        return figures, cores
    finally:
        child.stop()
