# SPDX-License-Identifier: Apache-2.0
"""The operations of the API, by boto3 and the AWS CLI. No worker runs here, so a started run stays where it is."""

import datetime
import json
import uuid

import pytest

from support import flows, raw_http
from support.aws_cli import AwsCli, CommandLineError
from support.cluster import ACCOUNT, FULL_KEY, OTHER_ACCOUNT, OTHER_KEY
from support.errors import refused
from support.names import unique


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(api=2, controller=2, worker=0)
    yield cluster
    cluster.stop()


@pytest.fixture
def unchecked(cluster):
    """boto3 without its own parameter checks: the server sees what it must refuse itself."""
    return cluster.client(check_parameters=False)


def arn(name, account=ACCOUNT):
    return f"arn:aws:appflow:us-east-1:{account}:flow/{name}"


def full_definition(name):
    """A definition that uses everything that flows have so far."""
    return flows.flow(
        name, flows.s3_source("source-bucket", "in/orders", "CSV"),
        flows.s3_destination(
            "destination-bucket", "out", fileType="CSV",
            prefixConfig={"prefixType": "PATH_AND_FILENAME", "prefixFormat": "HOUR",
                          "pathPrefixHierarchy": ["SCHEMA_VERSION", "EXECUTION_ID"]},
            aggregationConfig={"aggregationType": "SingleFile"}, preserveSourceDataTyping=False),
        [flows.projection("id", "amount", "note"),
         flows.filter_task("amount", "BETWEEN", DATA_TYPE="double", LOWER_BOUND="1", UPPER_BOUND="10.5"),
         flows.map_task("id", "identity", SOURCE_DATA_TYPE="string", DESTINATION_DATA_TYPE="string"),
         flows.map_task("note")],
        description="Orders, filtered", tags={"team": "data", "stage": "test"})


# Creating and describing


def test_create_answers_the_arn_and_active(client):
    name = unique()
    answer = client.create_flow(**flows.flow(name))
    assert (answer["flowArn"], answer["flowStatus"]) == (arn(name), "Active")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_describe_echoes_everything_that_was_sent(client):
    definition = full_definition(unique())
    before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=5)
    client.create_flow(**definition)
    flow = client.describe_flow(flowName=definition["flowName"])
    for member in ("flowName", "description", "sourceFlowConfig", "destinationFlowConfigList", "tasks", "tags"):
        assert flow[member] == definition[member], member
    assert flow["triggerConfig"] == {"triggerType": "OnDemand", "triggerProperties": {}}
    assert flow["flowStatus"] == "Active" and flow["flowArn"] == arn(definition["flowName"])
    assert flow["schemaVersion"] == 1
    assert before < flow["createdAt"] <= flow["lastUpdatedAt"]
    assert "lastRunExecutionDetails" not in flow and "flowStatusMessage" not in flow


def test_describe_echoes_the_defaults_of_the_real_service(client):
    name = unique()
    client.create_flow(**flows.flow(
        name, tasks=[{"taskType": "Map_all", "sourceFields": []}], destination=flows.s3_destination("destination-bucket")))
    flow = client.describe_flow(flowName=name)
    output = flow["destinationFlowConfigList"][0]["destinationConnectorProperties"]["S3"]["s3OutputFormatConfig"]
    assert output == {"fileType": "JSON", "prefixConfig": {}, "aggregationConfig": {"aggregationType": "None"}}
    assert flow["triggerConfig"]["triggerProperties"] == {}
    assert flow["tags"] == {}
    assert flow["tasks"] == [{"taskType": "Map_all", "sourceFields": [], "taskProperties": {}}]


def test_described_flow_can_be_sent_back_as_an_update(client):
    """What Airflow's operators do: describe, change, update."""
    definition = full_definition(unique())
    client.create_flow(**definition)
    flow = client.describe_flow(flowName=definition["flowName"])
    members = ("flowName", "description", "triggerConfig", "sourceFlowConfig", "destinationFlowConfigList", "tasks")
    assert client.update_flow(**{member: flow[member] for member in members})["flowStatus"] == "Active"
    again = client.describe_flow(flowName=definition["flowName"])
    assert {member: again[member] for member in members} == {member: flow[member] for member in members}
    assert again["tags"] == definition["tags"]


def test_update_replaces_the_definition_and_counts_schema_versions(client):
    definition = full_definition(unique())
    client.create_flow(**definition)
    created = client.describe_flow(flowName=definition["flowName"])
    client.update_flow(**flows.update_of(definition, description="Only the description"))
    same_schema = client.describe_flow(flowName=definition["flowName"])
    assert (same_schema["description"], same_schema["schemaVersion"]) == ("Only the description", 1)
    update = flows.update_of(definition, tasks=[*definition["tasks"], flows.map_task("amount", "price")])
    del update["description"]
    client.update_flow(**update)
    flow = client.describe_flow(flowName=definition["flowName"])
    assert flow["tasks"] == update["tasks"] and flow["schemaVersion"] == 2
    assert "description" not in flow, "an update replaces the whole definition"
    assert flow["createdAt"] == created["createdAt"] and flow["lastUpdatedAt"] > created["lastUpdatedAt"]


def test_second_flow_of_a_name_is_a_conflict(client):
    definition = flows.flow(unique())
    client.create_flow(**definition)
    with refused("ConflictException", 409, definition["flowName"]):
        client.create_flow(**definition)


def test_names_are_case_sensitive(client):
    name = unique("Case")
    client.create_flow(**flows.flow(name))
    client.create_flow(**flows.flow(name.lower()))
    with refused("ResourceNotFoundException", 404):
        client.describe_flow(flowName=name.upper())


@pytest.mark.parametrize("operation", [
    "describe_flow", "start_flow", "delete_flow", "cancel_flow_executions", "describe_flow_execution_records",
    "update_flow"])
def test_unknown_flow_is_not_found(client, operation):
    parameters = flows.update_of(flows.flow("no-such-flow")) if operation == "update_flow" else {"flowName": "no-such-flow"}
    with refused("ResourceNotFoundException", 404, "no-such-flow") as caught:
        getattr(client, operation)(**parameters)
    assert isinstance(caught.value, client.exceptions.ResourceNotFoundException)


def test_every_api_process_answers_alike(cluster):
    first, second = (cluster.client(url=url) for url in cluster.api_urls())
    name = unique()
    first.create_flow(**flows.flow(name))
    assert second.describe_flow(flowName=name)["flowArn"] == arn(name), "an answer means committed"
    second.delete_flow(flowName=name)
    with refused("ResourceNotFoundException", 404):
        first.describe_flow(flowName=name)


# Listing


def test_list_flows_pages_through_all_flows_once(cluster):
    """In an account of its own, so that other tests' flows stay out of the way."""
    client = cluster.client(OTHER_KEY)
    names = {unique("listed") for _ in range(23)}
    for name in names:
        client.create_flow(**flows.flow(name, description="one of many", tags={"k": "v"}))

    def pages():
        token, result = None, []
        while True:
            page = client.list_flows(maxResults=10, **({"nextToken": token} if token else {}))
            result.append([flow["flowName"] for flow in page["flows"]])
            token = page.get("nextToken")
            if not token:
                return result

    first = pages()
    assert [len(page) for page in first] == [10, 10, 3]
    assert set(sum(first, [])) == names
    assert pages() == first, "the order is stable"
    summary = client.list_flows(maxResults=1)["flows"][0]
    assert summary["flowArn"] == arn(summary["flowName"], OTHER_ACCOUNT)
    assert {member: summary[member] for member in (
        "flowStatus", "sourceConnectorType", "destinationConnectorType", "triggerType", "description", "tags")} == {
            "flowStatus": "Active", "sourceConnectorType": "S3", "destinationConnectorType": "S3",
            "triggerType": "OnDemand", "description": "one of many", "tags": {"k": "v"}}
    assert len(client.list_flows()["flows"]) == 20, "the default page"


@pytest.mark.parametrize("parameters", [
    {"nextToken": "garbage"}, {"nextToken": "x" * 2049}, {"nextToken": ""}, {"maxResults": 0}, {"maxResults": 101},
    {"maxResults": -5}])
def test_bad_paging_is_refused(client, unchecked, parameters):
    with refused("ValidationException", 400):
        unchecked.list_flows(**parameters)
    name = unique()
    client.create_flow(**flows.flow(name))
    with refused("ValidationException", 400):
        unchecked.describe_flow_execution_records(flowName=name, **parameters)


def test_paging_token_of_one_account_is_useless_in_another(cluster):
    other = cluster.client(OTHER_KEY)
    for _ in range(2):
        other.create_flow(**flows.flow(unique("token")))
    token = other.list_flows(maxResults=1)["nextToken"]
    own = cluster.client()
    own.create_flow(**flows.flow(unique()))
    try:
        page = own.list_flows(maxResults=100, nextToken=token)
    except own.exceptions.ValidationException:
        return
    assert all(flow["flowArn"].split(":")[4] == ACCOUNT for flow in page["flows"])


# Runs, as far as they go without a worker


def test_start_answers_an_execution_that_is_visible_at_once(client):
    name = unique()
    client.create_flow(**flows.flow(name))
    assert client.describe_flow_execution_records(flowName=name)["flowExecutions"] == []
    answer = client.start_flow(flowName=name)
    assert (answer["flowArn"], answer["flowStatus"]) == (arn(name), "Active")
    assert str(uuid.UUID(answer["executionId"])) == answer["executionId"]
    (record,) = client.describe_flow_execution_records(flowName=name)["flowExecutions"]
    assert (record["executionId"], record["executionStatus"]) == (answer["executionId"], "InProgress")
    details = client.describe_flow(flowName=name)["lastRunExecutionDetails"]
    assert details["mostRecentExecutionStatus"] == "InProgress"


def test_start_while_a_run_is_going_is_a_conflict(client):
    name = unique()
    client.create_flow(**flows.flow(name))
    client.start_flow(flowName=name)
    with refused("ConflictException", 409) as caught:
        client.start_flow(flowName=name)
    assert isinstance(caught.value, client.exceptions.ConflictException)
    assert len(client.describe_flow_execution_records(flowName=name)["flowExecutions"]) == 1


def test_queued_run_is_cancelled_at_once_and_records_are_newest_first(client):
    name = unique()
    client.create_flow(**flows.flow(name))
    started = []
    for _ in range(3):
        started.append(client.start_flow(flowName=name)["executionId"])
        assert client.cancel_flow_executions(flowName=name, executionIds=[started[-1]]).get("invalidExecutions", []) == []
        record = client.describe_flow_execution_records(flowName=name)["flowExecutions"][0]
        assert (record["executionId"], record["executionStatus"]) == (started[-1], "Canceled")
    pages, token = [], None
    while True:
        page = client.describe_flow_execution_records(
            flowName=name, maxResults=2, **({"nextToken": token} if token else {}))
        pages.append([record["executionId"] for record in page["flowExecutions"]])
        token = page.get("nextToken")
        if not token:
            break
    assert sum(pages, []) == started[::-1] and len(pages[0]) == 2


def test_cancel_names_the_executions_that_it_could_not_cancel(client):
    name = unique()
    client.create_flow(**flows.flow(name))
    finished = client.start_flow(flowName=name)["executionId"]
    client.cancel_flow_executions(flowName=name)
    running = client.start_flow(flowName=name)["executionId"]
    unknown = str(uuid.uuid4())
    answer = client.cancel_flow_executions(flowName=name, executionIds=[finished, running, unknown, "not-a-uuid"])
    assert sorted(answer["invalidExecutions"]) == sorted([finished, unknown, "not-a-uuid"])
    assert client.describe_flow_execution_records(flowName=name)["flowExecutions"][0]["executionStatus"] == "Canceled"


def test_cancel_without_ids_means_every_active_run(client):
    name = unique()
    client.create_flow(**flows.flow(name))
    client.start_flow(flowName=name)
    assert client.cancel_flow_executions(flowName=name).get("invalidExecutions", []) == []
    assert client.describe_flow_execution_records(flowName=name)["flowExecutions"][0]["executionStatus"] == "Canceled"


@pytest.mark.parametrize("force", [False, True])
def test_delete_takes_the_flow_its_runs_and_its_history(client, force):
    name = unique()
    client.create_flow(**flows.flow(name))
    client.start_flow(flowName=name)
    assert {key for key in client.delete_flow(flowName=name, forceDelete=force)} == {"ResponseMetadata"}
    for operation in ("describe_flow", "delete_flow", "describe_flow_execution_records", "start_flow"):
        with refused("ResourceNotFoundException", 404):
            getattr(client, operation)(flowName=name)
    client.create_flow(**flows.flow(name))
    assert client.describe_flow_execution_records(flowName=name)["flowExecutions"] == [], "another flow of that name"
    client.start_flow(flowName=name)


# Client tokens


def test_start_with_the_same_token_is_the_same_start(cluster):
    first, second = (cluster.client(url=url) for url in cluster.api_urls())
    name, token = unique(), str(uuid.uuid4())
    first.create_flow(**flows.flow(name))
    answer = first.start_flow(flowName=name, clientToken=token)
    assert second.start_flow(flowName=name, clientToken=token)["executionId"] == answer["executionId"]
    first.cancel_flow_executions(flowName=name)
    assert first.start_flow(flowName=name, clientToken=token)["executionId"] == answer["executionId"], "ended meanwhile"
    assert len(first.describe_flow_execution_records(flowName=name)["flowExecutions"]) == 1
    assert first.start_flow(flowName=name)["executionId"] != answer["executionId"]


def test_token_of_a_start_belongs_to_its_flow(client):
    names, token = [unique(), unique()], str(uuid.uuid4())
    executions = set()
    for name in names:
        client.create_flow(**flows.flow(name))
        executions.add(client.start_flow(flowName=name, clientToken=token)["executionId"])
    assert len(executions) == 2


def test_create_with_the_same_token_replays_and_another_request_conflicts(client):
    definition, token = flows.flow(unique()), str(uuid.uuid4())
    answer = client.create_flow(**definition, clientToken=token)
    assert client.create_flow(**definition, clientToken=token)["flowArn"] == answer["flowArn"]
    with refused("ConflictException", 409):
        client.create_flow(**{**definition, "description": "changed"}, clientToken=token)
    with refused("ConflictException", 409):
        client.create_flow(**{**definition, "flowName": unique()}, clientToken=token)


def test_update_with_the_same_token_is_not_applied_again(client):
    definition, token = flows.flow(unique()), str(uuid.uuid4())
    client.create_flow(**definition)
    older = flows.update_of(definition, description="older", clientToken=token)
    client.update_flow(**older)
    client.update_flow(**flows.update_of(definition, description="newer"))
    assert client.update_flow(**older)["flowStatus"] == "Active"
    assert client.describe_flow(flowName=definition["flowName"])["description"] == "newer"
    with refused("ConflictException", 409):
        client.update_flow(**{**older, "description": "other"})


def test_errors_do_not_use_up_a_token(client):
    taken, token = flows.flow(unique()), str(uuid.uuid4())
    client.create_flow(**taken)
    with refused("ConflictException", 409):
        client.create_flow(**taken, clientToken=token)
    free = flows.flow(unique())
    client.create_flow(**free, clientToken=token)
    start_token = str(uuid.uuid4())
    execution = client.start_flow(flowName=free["flowName"])["executionId"]
    with refused("ConflictException", 409):
        client.start_flow(flowName=free["flowName"], clientToken=start_token)
    client.cancel_flow_executions(flowName=free["flowName"])
    assert client.start_flow(flowName=free["flowName"], clientToken=start_token)["executionId"] != execution


def test_retry_on_the_wire_is_the_same_command(cluster):
    """Byte for byte what an SDK repeats after a lost answer, to the other api process."""
    name = unique()
    body = json.dumps({**flows.flow(name), "clientToken": str(uuid.uuid4())})
    answers = [raw_http.call(url, "/create-flow", body, FULL_KEY) for url in cluster.api_urls()]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


# Validation


def invalid(**changes):
    return {**flows.flow(unique()), **changes}


@pytest.mark.parametrize("parameters, words", [
    (invalid(flowName="a"), ["flowName", "regular expression"]),
    (invalid(flowName="has space"), ["1 validation error detected", "'has space'", "flowName"]),
    (invalid(flowName="-leading"), ["flowName"]),
    (invalid(flowName="x" * 257), ["flowName", "length less than or equal to 256"]),
    (invalid(description="<html>"), ["description"]),
    (invalid(tasks=[{"taskType": "Explode", "sourceFields": []}]), ["taskType", "enum"]),
    (invalid(tasks=[{}]), ["taskType", "must not be null"]),
    (invalid(triggerConfig={"triggerType": "Hourly"}), ["triggerType", "enum"]),
    (invalid(triggerConfig={}), ["triggerType", "must not be null"]),
    (invalid(flowName="has space", description="<html>"), ["2 validation errors detected"]),
    (invalid(sourceFlowConfig=flows.s3_source("ab", "in")), ["bucketName", "3"]),
    (invalid(sourceFlowConfig={"connectorType": "S4", "sourceConnectorProperties": {}}), ["connectorType", "enum"]),
    (invalid(destinationFlowConfigList=[flows.s3_destination("bucket", fileType="XML")]), ["fileType", "enum"]),
    (invalid(destinationFlowConfigList=[flows.s3_destination(
        "bucket", prefixConfig={"prefixType": "PATH_AND_FILE"})]), ["prefixType", "enum"]),
    (invalid(tasks=[{**flows.map_task("a"), "taskProperties": {"COLOUR": "red"}}]), ["taskProperties"]),
    (invalid(tasks=[{**flows.map_task("a"), "taskProperties": {"VALUE": ""}}]), ["taskProperties"]),
    (invalid(tags={"aws:mine": "x"}), ["tags"]),
    (invalid(clientToken="é"), ["clientToken"]),
    (invalid(clientToken=""), ["clientToken"]),
], ids=lambda value: "-".join(value)[:40] if isinstance(value, list) else "")
def test_constraints_of_the_model_bind(unchecked, parameters, words):
    with refused("ValidationException", 400, *words):
        unchecked.create_flow(**parameters)


@pytest.mark.parametrize("missing", [
    "flowName", "triggerConfig", "sourceFlowConfig", "destinationFlowConfigList", "tasks"])
def test_required_members_bind(unchecked, missing):
    parameters = flows.flow(unique())
    del parameters[missing]
    with refused("ValidationException", 400, missing, "must not be null"):
        unchecked.create_flow(**parameters)


@pytest.mark.parametrize("operation", ["describe_flow", "start_flow", "delete_flow", "cancel_flow_executions"])
def test_malformed_name_is_a_validation_error_everywhere(unchecked, operation):
    with refused("ValidationException", 400, "flowName"):
        getattr(unchecked, operation)(flowName="not a name")


@pytest.mark.parametrize("tasks, words", [
    ([flows.map_all(), flows.filter_task("a", "CONTAINS", DATA_TYPE="string", VALUE="x")], ["contains"]),
    ([{"taskType": "Map", "sourceFields": ["a", "b"], "destinationField": "c"}], []),
    ([flows.map_all(), {"taskType": "Filter", "sourceFields": ["a"], "connectorOperator": {"Salesforce": "EQUAL_TO"},
                        "taskProperties": {"VALUE": "1"}}], ["NO_OP is not valid for filtering tasks"]),
    ([flows.map_all(), flows.filter_task("a", "EQUAL_TO", DATA_TYPE="string")], []),
    ([flows.map_all(), flows.filter_task("a", "BETWEEN", DATA_TYPE="integer", LOWER_BOUND="1")], []),
    ([flows.map_all(), flows.map_all()], []),
], ids=["contains", "map-of-two", "wrong-connector", "no-value", "no-upper-bound", "two-map-alls"])
def test_rules_of_tasks_bind(client, tasks, words):
    with refused("ValidationException", 400, *words):
        client.create_flow(**flows.flow(unique(), tasks=tasks))


@pytest.mark.parametrize("change, word", [
    ({"destinationFlowConfigList": []}, "destination"),
    ({"triggerConfig": {"triggerType": "Scheduled"}}, "TriggerProps"),
])
def test_what_is_refused_changes_nothing(client, change, word):
    definition = {**flows.flow(unique()), **change}
    with refused("ValidationException", 400, word):
        client.create_flow(**definition)
    with refused("ResourceNotFoundException", 404):
        client.describe_flow(flowName=definition["flowName"])
    client.create_flow(**flows.flow(definition["flowName"]))
    with refused("ValidationException", 400, word):
        client.update_flow(**flows.update_of(definition))
    assert client.describe_flow(flowName=definition["flowName"])["tasks"] == flows.flow("x")["tasks"]


def test_lenient_inputs_of_real_clients(cluster):
    """Explicit nulls, members of newer models and a textual boolean: AWS's own samples send them."""
    name = unique()
    definition = {**flows.flow(name), "kmsArn": None, "description": None, "useDefaultEncryption": True}
    definition["sourceFlowConfig"] = {**definition["sourceFlowConfig"], "connectorLabel": None, "future": {"x": 1}}
    assert raw_http.call(cluster.url, "/create-flow", definition, FULL_KEY).status_code == 200
    flow = raw_http.call(cluster.url, "/describe-flow", {"flowName": name}, FULL_KEY).json()
    assert "kmsArn" not in flow or flow["kmsArn"]
    assert "description" not in flow and "useDefaultEncryption" not in flow
    answer = raw_http.call(cluster.url, "/delete-flow", {"flowName": name, "forceDelete": "true"}, FULL_KEY)
    assert answer.status_code == 200 and answer.json() == {}
    assert raw_http.call(cluster.url, "/list-flows", b"", FULL_KEY).status_code == 200, "an empty body is an empty object"


def test_errors_have_type_message_and_request_id(cluster):
    answer = raw_http.call(cluster.url, "/describe-flow", {"flowName": "nowhere"}, FULL_KEY)
    assert raw_http.error_of(answer)[:2] == (404, "ResourceNotFoundException")
    assert uuid.UUID(answer.headers["x-amzn-RequestId"])
    assert answer.headers["Content-Type"].startswith("application/json")


def test_text_of_any_script_survives(client):
    name = unique()
    tasks = [flows.map_task("größe", "λ✓🙂"), flows.filter_task("größe", "EQUAL_TO", DATA_TYPE="string", VALUE='"\\/\u2020 ')]
    client.create_flow(**flows.flow(name, tasks=tasks))
    assert client.describe_flow(flowName=name)["tasks"] == tasks


# The AWS CLI


def test_aws_cli_drives_a_flow_through_its_life(cluster, tmp_path):
    aws = AwsCli(cluster.url, FULL_KEY, str(tmp_path))
    definition = full_definition(unique("cli"))
    name = definition["flowName"]
    created = aws("create-flow", "--cli-input-json", definition)
    assert created == {"flowArn": arn(name), "flowStatus": "Active"}
    flow = aws("describe-flow", "--flow-name", name)
    assert flow["tasks"] == definition["tasks"] and flow["tags"] == definition["tags"]
    assert aws("update-flow", "--cli-input-json", flows.update_of(definition, description="by the CLI")) == {
        "flowStatus": "Active"}
    listed = aws("list-flows", "--max-results", "100")
    assert any(flow.get("description") == "by the CLI" for flow in listed["flows"]) or listed.get("nextToken")
    execution = aws("start-flow", "--flow-name", name)["executionId"]
    records = aws("describe-flow-execution-records", "--flow-name", name)
    assert [record["executionId"] for record in records["flowExecutions"]] == [execution]
    assert aws("cancel-flow-executions", "--flow-name", name, "--execution-ids", execution).get("invalidExecutions", []) == []
    assert aws("delete-flow", "--flow-name", name, "--force-delete") == {}
    with pytest.raises(CommandLineError, match="ResourceNotFoundException"):
        aws("describe-flow", "--flow-name", name)
