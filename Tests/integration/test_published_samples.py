# SPDX-License-Identifier: Apache-2.0
"""Requests in the form in which AWS and the makers of its tools publish them, each sent whole to a running cluster by
every client that can say it. `data/published_samples.json` holds them: where each comes from (`source`), what must be
there before (`needs`, other samples), the least that is to be answered (`answer`) and told again by Describe* (`told`; true
for the request itself), or the refusal where a sample contradicts the model."""

import json
import os
import urllib.parse

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from support import raw_http, service_model
from support.aws_cli import AwsCli
from support.cluster import FULL_KEY

with open(os.path.join(os.path.dirname(__file__), "data", "published_samples.json")) as file:
    SAMPLES = {sample["name"]: sample for sample in json.load(file)}


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(api=1, controller=1, worker=0)
    yield cluster
    cluster.stop()


@pytest.fixture
def client(cluster):
    """Of an account in which nothing is left."""
    client = cluster.client()
    for flow in client.list_flows(maxResults=100)["flows"]:
        client.delete_flow(flowName=flow["flowName"], forceDelete=True)
    for profile in client.describe_connector_profiles(maxResults=100)["connectorProfileDetails"]:
        client.delete_connector_profile(connectorProfileName=profile["connectorProfileName"], forceDelete=True)
    for connector in client.list_connectors(maxResults=100)["connectors"]:
        client.unregister_connector(connectorLabel=connector["connectorLabel"], forceDelete=True)
    return client


# Three ways to send a sample: (status, answer), or (status, error code, message)


def by_http(cluster, sample, _folder):
    operation, request = service_model.operation(sample["operation"]), dict(sample["request"])
    method, path = operation.http["method"], operation.http["requestUri"]
    if "{resourceArn}" in path:
        path = path.replace("{resourceArn}", urllib.parse.quote(request.pop("resourceArn"), safe=""))
    if "tagKeys" in request:
        path += "?" + urllib.parse.urlencode([("tagKeys", key) for key in request.pop("tagKeys")])
    answer = raw_http.call(cluster.url, path, request if method == "POST" else b"", FULL_KEY, method=method)
    if answer.status_code >= 300:
        return raw_http.error_of(answer)
    return answer.status_code, answer.json() if answer.content else {}


def by_boto3(cluster, sample, _folder):
    try:
        answer = getattr(cluster.client(), xform_name(sample["operation"]))(**sample["request"])
    except ClientError as error:
        return (error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"],
                error.response["Error"]["Message"])
    return answer.pop("ResponseMetadata")["HTTPStatusCode"], answer


def by_aws_cli(cluster, sample, folder):
    aws = AwsCli(cluster.url, FULL_KEY, folder)
    return 200, aws(xform_name(sample["operation"], "-"), "--cli-input-json", sample["request"])


def knows(shape, value):
    """Whether botocore would send all of a value: it refuses what it does not know, and nulls."""
    if shape.type_name == "structure":
        return isinstance(value, dict) and all(
            name in shape.members and knows(shape.members[name], member) for name, member in value.items())
    if shape.type_name == "list":
        return all(knows(shape.member, member) for member in value)
    return value is not None


def is_in_the_models_words(sample):
    shape = service_model.operation(sample["operation"]).input_shape
    return knows(shape, sample["request"]) and not ParamValidator().validate(sample["request"], shape).has_errors()


WAYS = [pytest.param(name, way, id=f"{name}-{way.__name__}") for name, sample in SAMPLES.items()
        for way in [by_http] + is_in_the_models_words(sample) * ([by_boto3] + sample.get("cli", False) * [by_aws_cli])]


# What must come of it


def is_within(expected, actual):
    """Whether `actual` says all that `expected` does; nulls say nothing, and lists are compared whole."""
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(
            value is None or name in actual and is_within(value, actual[name]) for name, value in expected.items())
    if isinstance(expected, list):
        return isinstance(actual, list) and len(expected) == len(actual) and all(map(is_within, expected, actual))
    return expected == actual


def described(cluster, sample):
    """What the service tells about what a sample made or changed, as it comes over the wire."""
    request = sample["request"]
    if "flowName" in request:
        return raw_http.call(cluster.url, "/describe-flow", {"flowName": request["flowName"]}, FULL_KEY).json()
    if "connectorProfileName" in request:
        body = {"connectorProfileNames": [request["connectorProfileName"]]}
        answer = raw_http.call(cluster.url, "/describe-connector-profiles", body, FULL_KEY).json()
        return answer["connectorProfileDetails"][0]
    body = {"connectorType": "CustomConnector", "connectorLabel": request["connectorLabel"]}
    return raw_http.call(cluster.url, "/describe-connector", body, FULL_KEY).json()["connectorConfiguration"]


@pytest.mark.parametrize("name, way", WAYS)
def test_a_published_sample_is_understood(cluster, client, tmp_path, name, way):
    sample = SAMPLES[name]
    for need in sample.get("needs", []):
        made = by_http(cluster, SAMPLES[need], None)
        assert made[0] == 200, (need, made)
    result = way(cluster, sample, str(tmp_path))
    if "refused" in sample:
        code, words = sample["refused"]
        assert result[0] >= 400 and result[1] == code and words in result[2], result
        return
    assert result[0] in (200, 204) and is_within(sample.get("answer", {}), result[1]), result
    if told := sample.get("told"):
        expected = sample["request"] if told is True else told
        actual = described(cluster, sample)
        assert is_within(expected, actual), actual
