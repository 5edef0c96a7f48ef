# SPDX-License-Identifier: Apache-2.0
"""The envelope that published descriptions of the API show, for plain HTTP clients that ask for it."""

import datetime
import re
import uuid

import pytest
import requests

from support import flows, raw_http
from support.cluster import FULL_KEY
from support.names import unique

JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def cluster(make_cluster):
    """Without authentication, so that unsigned requests pass."""
    cluster = make_cluster(environment={"MILLRACE_AUTH": "none"}, api=1, controller=1, worker=0)
    yield cluster
    cluster.stop()


@pytest.fixture
def call(cluster):
    return lambda operation, body, headers=JSON, **more: raw_http.call(
        cluster.url, f"/{operation}", body, headers=headers, **more)


def data_of(response, members):
    assert response.status_code == 200 and response.headers["Content-Type"] == "application/json"
    answer = response.json()
    assert set(answer) == {"success", "data"} and answer["success"] is True
    assert set(answer["data"]) == set(members), answer
    return answer["data"]


def error_of(response):
    answer = response.json()
    assert set(answer) == {"success", "error"} and answer["success"] is False
    assert set(answer["error"]) == {"code", "message"} and answer["error"]["message"]
    return response.status_code, answer["error"]["code"]


def moment(text):
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def test_made_things_have_an_id_and_a_time(call):
    name = unique()
    definition = flows.flow(name)
    created = data_of(call("create-flow", definition), ["id", "created_at", "flowArn", "flowStatus"])
    assert uuid.UUID(created["id"]) and created["flowStatus"] == "Active"
    updated = data_of(call("update-flow", flows.update_of(definition)), ["id", "created_at", "flowStatus"])
    assert (updated["id"], updated["created_at"]) == (created["id"], created["created_at"])
    described = call("describe-flow", {"flowName": name}).json()["data"]
    assert described["flowName"] == name and described["id"] == created["id"]
    assert abs(described["createdAt"] - moment(created["created_at"])) < 0.002
    started = data_of(
        call("start-flow", {"flowName": name}), ["id", "created_at", "flowArn", "flowStatus", "executionId"])
    assert started["id"] == started["executionId"]
    (record,) = data_of(call("describe-flow-execution-records", {"flowName": name}), ["flowExecutions"])["flowExecutions"]
    assert abs(record["startedAt"] - moment(started["created_at"])) < 0.002


def test_a_retry_hears_the_same_id(call):
    body = {**flows.flow(unique()), "clientToken": unique()}
    assert call("create-flow", body).json() == call("create-flow", body).json()


def test_other_operations_have_their_members(call, cluster):
    name = unique()
    definition = flows.flow(name, trigger={"triggerType": "Event"})
    arn = call("create-flow", definition).json()["data"]["flowArn"]
    assert data_of(call("start-flow", {"flowName": name}), ["flowArn", "flowStatus"])["flowStatus"] == "Active"
    assert data_of(call("stop-flow", {"flowName": name}), ["flowArn", "flowStatus"])["flowStatus"] == "Suspended"
    assert "flows" in call("list-flows", {}).json()["data"]
    data_of(call(f"tags/{arn}", {"tags": {"k": "v"}}), [])
    listed = requests.get(f"{cluster.url}/tags/{arn}", headers=JSON, timeout=30)
    assert data_of(listed, ["tags"]) == {"tags": {"k": "v"}}
    data_of(call("delete-flow", {"flowName": name}), [])


@pytest.mark.parametrize("operation, body, status, code", [
    ("create-flow", {}, 400, "VALIDATION_ERROR"),
    ("describe-flow", {"flowName": "no-such-flow"}, 404, "RESOURCE_NOT_FOUND"),
    ("delete-flow", {"flowName": "no-such-flow"}, 404, "RESOURCE_NOT_FOUND"),
    ("describe-flow", "not JSON", 400, "SERIALIZATION"),
    ("dance", {}, 404, "UNKNOWN_OPERATION")])
def test_errors_have_codes(call, operation, body, status, code):
    response = call(operation, body)
    assert error_of(response) == (status, code)
    assert response.headers["x-amzn-ErrorType"], "beside the header that SDKs read"


def test_codes_of_conflicts(call):
    definition = flows.flow(unique())
    call("create-flow", definition)
    assert error_of(call("create-flow", definition)) == (409, "CONFLICT")
    assert error_of(call("stop-flow", {"flowName": definition["flowName"]})) == (400, "UNSUPPORTED_OPERATION")


@pytest.mark.parametrize("accept", [None, "*/*", "application/json, */*", "application/json;q=1", "text/html"])
def test_others_get_the_form_of_aws(call, accept):
    name = unique()
    headers = {} if accept is None else {"Accept": accept}
    assert set(call("create-flow", flows.flow(name), headers=headers).json()) == {"flowArn", "flowStatus"}
    assert set(call("describe-flow", {"flowName": "no-such-flow"}, headers=headers).json()) == {"message"}


def test_signed_requests_get_the_form_of_aws(call, cluster):
    name = unique()
    answer = call("create-flow", flows.flow(name), key=FULL_KEY)
    assert set(answer.json()) == {"flowArn", "flowStatus"}
    presigned = raw_http.call(
        cluster.url, "/describe-flow?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00", {"flowName": name}, headers=JSON)
    assert "success" not in presigned.json()
    bearer = raw_http.call(
        cluster.url, "/describe-flow", {"flowName": name}, headers={**JSON, "Authorization": "Bearer token"})
    assert bearer.json()["success"] is True


def test_an_accepted_command_has_an_envelope_too(call, cluster):
    accepted = call("create-flow", flows.flow(unique()), headers={**JSON, "Prefer": "respond-async"})
    assert accepted.status_code == 202
    answer = accepted.json()
    assert answer["success"] is True and "/commands/" + answer["data"]["commandId"] == accepted.headers["Location"]
