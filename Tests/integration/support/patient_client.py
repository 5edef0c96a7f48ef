# SPDX-License-Identifier: Apache-2.0
"""A client that wants its answer: it repeats a call with the same token on any endpoint until there is one."""

import random
import threading
import time
import uuid

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from .clients import ShapeViolation

_TOKEN_OPERATIONS = {"create_flow", "update_flow", "start_flow"}
# What a client may repeat; everything else is an answer.
_REPEATABLE = {"ServiceUnavailable", "ServiceUnavailableException", "ThrottlingException"}


class PatientClient:
    """Shared by threads. Repeats on broken connections and 503 as boto3 does, only longer, and notes every answer that
    the API must never give: a 500, a 503 without Retry-After, silence beyond the read timeout."""

    READ_TIMEOUT = 25

    def __init__(self, cluster, deadline=90):
        self.cluster = cluster
        self.deadline = deadline
        self.violations = []
        self.repeats = 0
        self._lock = threading.Lock()
        self._random = random.Random()

    def call(self, operation, **parameters):
        """The answer, or ClientError for a refusal. A repeated delete that finds nothing left counts as done."""
        if operation in _TOKEN_OPERATIONS:
            parameters.setdefault("clientToken", str(uuid.uuid4()))
        end = time.monotonic() + self.deadline
        unanswered = False
        while True:
            started = time.monotonic()
            try:
                url = self._endpoint()
                if url:
                    client = self.cluster.client(url=url, retries=0, read_timeout=self.READ_TIMEOUT)
                    return getattr(client, operation)(**parameters)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                headers = error.response["ResponseMetadata"]["HTTPHeaders"]
                if code not in _REPEATABLE:
                    if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                        self._note(f"{operation} answered {error.response}")
                    if operation == "delete_flow" and code == "ResourceNotFoundException" and unanswered:
                        return {}
                    raise
                if "retry-after" not in headers:
                    self._note(f"{operation} answered {code} without Retry-After")
                unanswered = True  # a 503 does not say that the command had no effect
            except ShapeViolation as error:
                self._note(str(error))
                raise
            except (ConnectionError, HTTPClientError) as error:
                unanswered = True
                if time.monotonic() - started >= self.READ_TIMEOUT:
                    self._note(f"{operation} had no answer for {self.READ_TIMEOUT} s: {error}")
            if time.monotonic() > end:
                raise AssertionError(f"{operation} {parameters} had no answer within {self.deadline} s")
            with self._lock:
                self.repeats += 1
                delay = self._random.uniform(0.02, 0.25)
            time.sleep(delay)

    def _endpoint(self):
        urls = self.cluster.api_urls()
        return self._random.choice(urls) if urls else None

    def _note(self, text):
        with self._lock:
            self.violations.append(text)
