# SPDX-License-Identifier: Apache-2.0
"""boto3 clients of the API, each checking the shape of every answer it gets."""

import json
import threading

import boto3
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from .shapes import problems_of

REGION = "us-east-1"
_lock = threading.Lock()
_session = None


class ShapeViolation(AssertionError):
    """An answer that botocore's model does not describe."""


def _check_shape(operation_model, response_dict, **_):
    """Runs on the raw answer, before botocore's parser drops what it does not know."""
    body = response_dict["body"]
    headers = {name.lower(): value for name, value in response_dict["headers"].items()}
    name = operation_model.name
    if len(body) < int(headers.get("content-length", "0")):
        raise ConnectionClosedError(endpoint_url=name)  # the server died inside its answer
    if "x-amzn-requestid" not in headers:
        raise ShapeViolation(f"{name}: no x-amzn-RequestId in {response_dict['status_code']} {headers} {body[:200]!r}")
    if response_dict["status_code"] == 204:
        if body or operation_model.output_shape is not None and operation_model.output_shape.members:
            raise ShapeViolation(f"{name}: 204 with or for a body: {body[:500]!r}")
        return
    if not headers.get("content-type", "").startswith("application/json"):
        raise ShapeViolation(f"{name}: Content-Type is {headers.get('content-type')!r}")
    document = json.loads(body)
    if response_dict["status_code"] >= 300:
        if "x-amzn-errortype" not in headers or not isinstance(document.get("message"), str):
            raise ShapeViolation(f"{name}: error {response_dict['status_code']} without type or message: {body[:500]!r}")
        for shape in operation_model.error_shapes:
            if shape.name == headers["x-amzn-errortype"]:
                expected = shape.metadata["error"]["httpStatusCode"]
                if expected != response_dict["status_code"]:
                    raise ShapeViolation(f"{name}: {shape.name} came with {response_dict['status_code']}, not {expected}")
        return
    problems = problems_of(document, operation_model.output_shape)
    if problems:
        raise ShapeViolation(f"{name}: {'; '.join(problems)} in {body[:2000]!r}")


def appflow(url, key=None, retries=None, read_timeout=30, check_parameters=True):
    """A client for one endpoint. `key` is a (access key, secret key[, session token]); `retries` of None leaves boto3's own
    policy, a number sets how often a call is repeated."""
    global _session
    options = {"read_timeout": read_timeout, "connect_timeout": 3, "parameter_validation": check_parameters,
               "max_pool_connections": 32}
    if retries is not None:
        options["retries"] = {"max_attempts": retries}
    with _lock:  # making clients is not thread-safe, using them is
        if _session is None:
            _session = boto3.session.Session()
        client = _session.client(
            "appflow", endpoint_url=url, region_name=REGION, aws_access_key_id=key[0], aws_secret_access_key=key[1],
            aws_session_token=key[2] if len(key) > 2 else None, config=Config(**options))
    client.meta.events.register("before-parse.appflow.*", _check_shape)
    return client
