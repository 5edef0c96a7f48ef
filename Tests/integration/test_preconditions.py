# SPDX-License-Identifier: Apache-2.0
"""What Millrace offers beyond AppFlow: ETag and If-Match, Prefer: respond-async, filters of run records, the audit log."""

import concurrent.futures
import json
import re
import uuid

import pytest

from support import flows, raw_http
from support.cluster import ACCOUNT, FULL_KEY, OTHER_KEY, READER_KEY
from support.errors import refused
from support.names import unique
from support.waiting import wait_until


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(api=2, controller=2, worker=0)
    yield cluster
    cluster.stop()


@pytest.fixture
def call(cluster):
    def call(operation, body, key=FULL_KEY, **headers):
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return raw_http.call(cluster.url, f"/{operation}", body, key, headers=fields)

    return call


# ETag and If-Match


def tag_of(client, name, revision=None):
    """The entity tag of a flow's definition; of another revision of it, if one is asked for."""
    tag = client.describe_flow(flowName=name)["ResponseMetadata"]["HTTPHeaders"]["etag"]
    return tag if revision is None else f'{tag.rsplit("-", 1)[0]}-{revision}"'


def test_the_entity_tag_names_flow_and_revision(call, client):
    name = unique()
    definition = flows.flow(name)
    created = call("create-flow", definition)
    assert created.status_code == 200 and re.fullmatch('"[0-9a-f]{8}-1"', created.headers["ETag"])
    assert call("describe-flow", {"flowName": name}).headers["ETag"] == created.headers["ETag"]
    updated = call("update-flow", flows.update_of(definition, description="second"))
    assert updated.headers["ETag"] == tag_of(client, name, 2)
    arn = client.describe_flow(flowName=name)["flowArn"]
    client.tag_resource(resourceArn=arn, tags={"k": "v"})
    client.start_flow(flowName=name)
    assert tag_of(client, name) == updated.headers["ETag"], "neither tags nor runs change the definition"
    assert "ETag" not in call("list-flows", {}).headers


def test_a_flow_made_anew_under_its_name_is_another(call, client):
    name = unique()
    client.create_flow(**flows.flow(name))
    stale = tag_of(client, name)
    client.delete_flow(flowName=name)
    client.create_flow(**flows.flow(name, description="another"))
    assert tag_of(client, name) != stale
    for operation, body in (("update-flow", flows.flow(name, description="lost")), ("delete-flow", {"flowName": name})):
        assert raw_http.error_of(call(operation, body, If_Match=stale))[:2] == (409, "ConflictException")
    assert client.describe_flow(flowName=name)["description"] == "another"


@pytest.mark.parametrize("fresh", ["{2}", "{1}, {2}", 'W/"a", "b,c" ,{2}', "*"])
def test_a_matching_tag_lets_changes_pass(call, client, fresh):
    name = unique()
    definition = flows.flow(name)
    client.create_flow(**definition)
    client.update_flow(**flows.update_of(definition))
    updated = call("update-flow", flows.update_of(definition, description="third"),
                   If_Match=fresh.format(*(tag_of(client, name, number) for number in range(3))))
    assert (updated.status_code, updated.headers["ETag"]) == (200, tag_of(client, name, 3))
    assert call("delete-flow", {"flowName": name}, If_Match=updated.headers["ETag"]).status_code == 200


@pytest.mark.parametrize("stale", ["{1}", "{3}", '"2"', "W/{2}", '"something-else"', "{1}, {3}", ""])
def test_a_stale_tag_changes_nothing(call, client, stale):
    name = unique()
    definition = flows.flow(name)
    client.create_flow(**definition)
    client.update_flow(**flows.update_of(definition, description="second"))
    stale = stale.format(*(tag_of(client, name, number) for number in range(4)))
    for operation, body in (("update-flow", flows.update_of(definition, description="lost")),
                            ("delete-flow", {"flowName": name, "forceDelete": True})):
        status, kind, message = raw_http.error_of(call(operation, body, If_Match=stale))
        assert (status, kind) == (409, "ConflictException") and "If-Match" in message
    assert client.describe_flow(flowName=name)["description"] == "second"


def test_of_concurrent_updates_with_one_tag_one_passes(cluster, client):
    name = unique()
    definition = flows.flow(name)
    client.create_flow(**definition)
    tag = tag_of(client, name)

    def update(number):
        body = flows.update_of(definition, description=f"writer {number}")
        url = cluster.api_urls()[number % 2]
        return raw_http.call(url, "/update-flow", body, FULL_KEY, headers={"If-Match": tag}).status_code

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(update, range(12)))
    assert sorted(statuses) == [200] + [409] * 11
    assert tag_of(client, name) == tag_of(client, name, 2)


def test_other_operations_do_not_pass_over_a_condition(call, client):
    name = unique()
    client.create_flow(**flows.flow(name))
    for operation, body in (("create-flow", flows.flow(unique())), ("start-flow", {"flowName": name}), ("list-flows", {}),
                            ("describe-flow", {"flowName": name}), ("stop-flow", {"flowName": name}),
                            ("create-connector-profile", {}), ("cancel-flow-executions", {"flowName": name})):
        for value in ("*", '"1"', ""):
            status, kind, message = raw_http.error_of(call(operation, body, If_Match=value))
            assert (status, kind) == (400, "ValidationException") and "UpdateFlow and DeleteFlow" in message
    assert client.describe_flow_execution_records(flowName=name)["flowExecutions"] == []


def test_reads_ignore_respond_async(call, client):
    """RFC 7240: a preference without meaning for a request may be passed over."""
    name = unique()
    client.create_flow(**flows.flow(name))
    response = call("describe-flow", {"flowName": name}, Prefer="respond-async")
    assert response.status_code == 200 and response.json()["flowName"] == name
    assert "Preference-Applied" not in response.headers


@pytest.mark.parametrize("value", ["2", '"2', '"2" "3"', '"2", *'])
def test_what_is_no_list_of_tags_is_refused(call, client, value):
    name = unique()
    client.create_flow(**flows.flow(name))
    status, kind, message = raw_http.error_of(call("delete-flow", {"flowName": name}, If_Match=value))
    assert (status, kind) == (400, "ValidationException") and "If-Match" in message
    assert client.describe_flow(flowName=name)["flowName"] == name


def test_a_retry_hears_the_same_tag(call, client):
    name = unique()
    definition = flows.flow(name)
    client.create_flow(**definition)
    body = {**flows.update_of(definition, description="mine"), "clientToken": "token-" + name}
    tags = [tag_of(client, name, number) for number in range(4)]
    first = call("update-flow", body, If_Match=tags[1])
    client.update_flow(**flows.update_of(definition, description="by another client"))
    again = call("update-flow", body, If_Match=tags[1])
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.headers["ETag"] == again.headers["ETag"] == tags[2]
    other = call("update-flow", body, If_Match=tags[3])
    assert raw_http.error_of(other)[1] == "ConflictException", "the token was used for another request"
    assert client.describe_flow(flowName=name)["description"] == "by another client"


# Prefer: respond-async


def poll(cluster, path, key=FULL_KEY):
    response = raw_http.call(cluster.url, path, b"", key, method="GET")
    assert response.status_code == 200, response.text
    return response.json()


def settled(cluster, path):
    return wait_until(
        lambda: (answer := poll(cluster, path))["status"] != "Pending" and answer, 30, lambda: f"the end of {path}")


def test_an_accepted_command_can_be_polled(cluster, call, client):
    name = unique()
    accepted = call("create-flow", flows.flow(name), Prefer="respond-async, wait=1")
    assert accepted.status_code == 202
    assert accepted.headers["Preference-Applied"] == "respond-async"
    path = accepted.headers["Location"]
    body = accepted.json()
    assert path == "/commands/" + body["commandId"] and body["operation"] == "CreateFlow"
    done = settled(cluster, path)
    assert done == {**body, "status": "Succeeded",
                    "response": {"flowArn": f"arn:aws:appflow:us-east-1:{ACCOUNT}:flow/{name}", "flowStatus": "Active"}}
    assert client.describe_flow(flowName=name)["flowName"] == name
    # Whichever instance is asked.
    for url in cluster.api_urls():
        assert raw_http.call(url, path, b"", READER_KEY, method="GET").json() == done


def test_a_refusal_is_found_at_the_resource(cluster, call):
    accepted = call("delete-flow", {"flowName": "no-such-flow"}, Prefer="respond-async")
    assert accepted.status_code == 202
    done = settled(cluster, accepted.headers["Location"])
    assert (done["status"], done["error"]["code"]) == ("Failed", "ResourceNotFoundException")
    assert "no-such-flow" in done["error"]["message"]


def test_what_is_wrong_at_once_is_refused_at_once(call):
    response = call("create-flow", {"flowName": "x"}, Prefer="respond-async")
    assert raw_http.error_of(response)[:2] == (400, "ValidationException")


def test_a_started_run_is_named_by_the_resource(cluster, call, client):
    name = unique()
    client.create_flow(**flows.flow(name))
    body = {"flowName": name, "clientToken": "token-" + name}
    paths = [call("start-flow", body, Prefer="respond-async").headers["Location"] for _ in range(3)]
    runs = {settled(cluster, path)["response"]["executionId"] for path in paths}
    (record,) = client.describe_flow_execution_records(flowName=name)["flowExecutions"]
    assert runs == {record["executionId"]}, "retries with a token start one run"


def test_nobody_else_can_ask_for_a_command(cluster, call):
    path = call("delete-flow", {"flowName": "no-such-flow"}, Prefer="respond-async").headers["Location"]
    mangled = path[:-1] + ("0" if path[-1] != "0" else "1")
    for key, wanted in ((OTHER_KEY, path), (FULL_KEY, mangled), (FULL_KEY, "/commands/" + str(uuid.uuid4())),
                        (FULL_KEY, "/commands/")):
        response = raw_http.call(cluster.url, wanted, b"", key, method="GET")
        assert raw_http.error_of(response)[:2] == (404, "ResourceNotFoundException")
    unsigned = raw_http.call(cluster.url, path, b"", method="GET")
    assert raw_http.error_of(unsigned)[0] == 403
    assert raw_http.error_of(raw_http.call(cluster.url, path, {}, FULL_KEY))[:2] == (404, "UnknownOperationException")


def test_the_embedded_broker_answers_after_the_commit(make_cluster, services):
    cluster = make_cluster(services.broker("embedded"), api=1, controller=1, worker=0)
    try:
        name = unique()
        accepted = raw_http.call(
            cluster.url, "/create-flow", flows.flow(name), FULL_KEY, headers={"Prefer": "respond-async"})
        assert accepted.status_code == 202 and accepted.json()["status"] == "Succeeded"
        assert accepted.json()["response"]["flowStatus"] == "Active"
        assert poll(cluster, accepted.headers["Location"]) == accepted.json()
        assert cluster.client().describe_flow(flowName=name)["flowName"] == name
    finally:
        cluster.stop()


# Filters of run records


@pytest.fixture
def runs(client):
    """A flow with five cancelled runs and one that goes on; their records, newest first."""
    name = unique()
    client.create_flow(**flows.flow(name))
    for number in range(6):
        client.start_flow(flowName=name)
        if number < 5:
            client.cancel_flow_executions(flowName=name)
    return name, client.describe_flow_execution_records(flowName=name)["flowExecutions"]


def test_records_are_filtered(call, runs):
    name, records = runs
    ids = [record["executionId"] for record in records]

    def found(**members):
        response = call("describe-flow-execution-records", {"flowName": name, **members})
        assert response.status_code == 200, response.text
        return [record["executionId"] for record in response.json()["flowExecutions"]]

    assert found() == ids
    assert found(executionIds=[ids[4], ids[0], str(uuid.uuid4()), "not-a-uuid"]) == [ids[0], ids[4]]
    assert found(executionIds=[]) == [] == found(executionIds=["not-a-uuid"])
    assert found(executionStatus="InProgress") == ids[:1]
    assert found(executionStatus=["Canceled"]) == ids[1:]
    assert found(executionStatus=["InProgress", "Canceled"]) == ids
    assert found(executionStatus="Successful") == []
    assert found(executionStatus="Canceled", executionIds=ids[:3]) == ids[1:3]
    assert found(executionIds=None, executionStatus=None) == ids
    middle = records[3]["startedAt"]
    stamps = {record["executionId"]: record["startedAt"].timestamp() for record in records}
    bound = middle.timestamp()
    assert found(startedBefore=bound) == [i for i in ids if stamps[i] < bound]
    assert set(found(startedFrom=bound)) >= {i for i in ids if stamps[i] > bound}
    assert found(startedFrom="2000-01-01T00:00:00Z", startedBefore="2000-01-02T00:00:00Z") == []


def test_filtered_records_have_pages(call, runs):
    name, records = runs
    canceled = [record["executionId"] for record in records[1:]]
    body = {"flowName": name, "executionStatus": "Canceled", "maxResults": 2}
    seen, token = [], None
    while True:
        page = call("describe-flow-execution-records", {**body, **({"nextToken": token} if token else {})}).json()
        seen.append([record["executionId"] for record in page["flowExecutions"]])
        token = page.get("nextToken")
        if not token:
            break
        last = token
    assert [len(page) for page in seen] == [2, 2, 1] and sum(seen, []) == canceled
    other = call("describe-flow-execution-records", {"flowName": name, "maxResults": 2, "nextToken": last})
    assert raw_http.error_of(other)[:2] == (400, "ValidationException"), "a token belongs to its filter"


@pytest.mark.parametrize("members", [
    {"executionIds": "not-a-list"}, {"executionIds": [7]}, {"executionIds": ["x"] * 101}, {"executionStatus": "Queued"},
    {"executionStatus": [1]}, {"startedFrom": "yesterday"}, {"startedBefore": {}}])
def test_wrong_filters_are_refused(call, runs, members):
    response = call("describe-flow-execution-records", {"flowName": runs[0], **members})
    status, kind, message = raw_http.error_of(response)
    assert (status, kind) == (400, "ValidationException") and next(iter(members)) in message


# The audit log


def audit_of(cluster, name):
    lines = [line for line in cluster.log_lines("controller") if isinstance(line, dict)]
    return [line for line in lines if line.get("message") == "audit" and line.get("flow") == name]


def test_every_change_is_audited(cluster, call, client):
    name = unique()
    definition = flows.flow(name)
    created = call("create-flow", {**definition, "clientToken": "token-" + name})
    call("create-flow", {**definition, "clientToken": "token-" + name})
    client.update_flow(**flows.update_of(definition))
    run = client.start_flow(flowName=name)["executionId"]
    with refused("ConflictException", 409):
        client.start_flow(flowName=name)
    client.delete_flow(flowName=name)
    lines = wait_until(lambda: len(found := audit_of(cluster, name)) >= 5 and found, 30, "the audit log")
    lines.sort(key=lambda line: line["time"])
    assert [(line["operation"], line["status"]) for line in lines] == [
        ("CreateFlow", "done"), ("UpdateFlow", "done"), ("StartFlow", "done"), ("StartFlow", "refused"),
        ("DeleteFlow", "done")], "a retry is no change"
    for line in lines:
        assert line["account"] == ACCOUNT and FULL_KEY[0] in line["principal"] and line["address"] == "127.0.0.1"
        assert uuid.UUID(line["request"])
    assert lines[0]["request"] == created.headers["x-amzn-RequestId"]
    assert (lines[0]["revision"], lines[1]["revision"]) == ("1", "2")
    assert lines[2]["run"] == run and lines[3]["error"] == "ConflictException"
    assert "flow-source" not in json.dumps(lines), "the log tells no definitions"
