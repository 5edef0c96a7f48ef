# SPDX-License-Identifier: Apache-2.0
"""Expecting a refusal from a boto3 call."""

import contextlib

import pytest
from botocore.exceptions import ClientError


@contextlib.contextmanager
def refused(code, status, *words):
    """The block must raise a ClientError of this code and status, whose message holds all `words` (any case)."""
    with pytest.raises(ClientError) as caught:
        yield caught
    response = caught.value.response
    error = response["Error"]
    assert (error["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), response
    for word in words:
        assert word.lower() in error["Message"].lower(), error["Message"]
