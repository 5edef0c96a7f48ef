# SPDX-License-Identifier: Apache-2.0
"""moto's KMS behind a gate that adds what moto leaves out: keys that are disabled, callers that may not, a key that does
not fit the one that is named, and servers that say nothing."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "us-east-1"


class KmsGate:
    """`fault` is None, `stall` or the name of an error that every call is answered with."""

    def __init__(self, moto):
        self.moto = moto
        self.fault = None
        self.calls = []
        self.released = threading.Event()
        gate = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                gate.handle(self)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def client(self):
        """Past the gate."""
        return boto3.client(
            "kms", endpoint_url=self.moto.endpoint, region_name=REGION, aws_access_key_id=self.moto.access_key,
            aws_secret_access_key=self.moto.secret_key, config=Config(retries={"max_attempts": 0}))

    def environment(self):
        """What a role needs to use it."""
        return {"AWS_ENDPOINT_URL_KMS": self.endpoint, "AWS_ACCESS_KEY_ID": self.moto.access_key,
                "AWS_SECRET_ACCESS_KEY": self.moto.secret_key}

    def make_key(self):
        return self.client().create_key()["KeyMetadata"]["Arn"]

    def disable(self, arn):
        self.client().disable_key(KeyId=arn.rsplit("/", 1)[1])

    def handle(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        operation = request.headers["X-Amz-Target"].split(".")[-1]
        self.calls.append((operation, json.loads(body), request.headers.get("Authorization", "")))
        if self.fault == "stall":
            self.released.wait(120)
            request.close_connection = True
            return
        error = self.fault or self._refusal(json.loads(body))
        if error:
            self._answer(request, 400, json.dumps({"__type": error, "message": "hidden words"}).encode())
            return
        passed = {name: value for name, value in request.headers.items() if name.lower() not in ("host", "content-length")}
        answer = requests.post(self.moto.endpoint + "/", data=body, headers=passed, timeout=30)
        self._answer(request, answer.status_code, answer.content)

    def _refusal(self, body):
        key = body.get("KeyId")
        if not key:
            return None
        try:
            described = self.client().describe_key(KeyId=key)["KeyMetadata"]
        except ClientError:
            return None  # moto says so itself
        if not described["Enabled"]:
            return "DisabledException"
        # moto puts the key's id before the ciphertext.
        blob = base64.b64decode(body["CiphertextBlob"]) if "CiphertextBlob" in body else described["KeyId"].encode()
        return None if blob.startswith(described["KeyId"].encode()) else "IncorrectKeyException"

    @staticmethod
    def _answer(request, status, body):
        request.send_response(status)
        request.send_header("Content-Type", "application/x-amz-json-1.1")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def stop(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
