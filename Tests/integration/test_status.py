# SPDX-License-Identifier: Apache-2.0
"""The status of OnDemand, Scheduled and Event flows (docs/flow-status.md). No worker runs here."""

import pytest

from support import flows
from support.errors import refused
from support.names import unique

SCHEDULED = {"triggerType": "Scheduled", "triggerProperties": {"Scheduled": {"scheduleExpression": "rate(1hours)"}}}
EVENT = {"triggerType": "Event"}
ON_DEMAND = {"triggerType": "OnDemand"}


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(api=1, controller=2, worker=0)
    yield cluster
    cluster.stop()


def status(client, name):
    """As DescribeFlow and ListFlows say."""
    described = client.describe_flow(flowName=name)
    assert "flowStatusMessage" not in described, "nothing was suspended by failures"
    return described["flowStatus"]


@pytest.fixture(params=[SCHEDULED, EVENT], ids=["Scheduled", "Event"])
def triggered(request, client):
    name = unique()
    assert client.create_flow(**flows.flow(name, trigger=request.param))["flowStatus"] == "Draft"
    return name


def update(client, name, trigger):
    return client.update_flow(**flows.update_of(flows.flow(name, trigger=trigger)))["flowStatus"]


def test_flows_with_triggers_are_activated_and_suspended(client, triggered):
    arn = client.describe_flow(flowName=triggered)["flowArn"]
    before = client.describe_flow(flowName=triggered)
    assert status(client, triggered) == "Draft"

    def answer(response):
        return {member: value for member, value in response.items() if member != "ResponseMetadata"}

    assert answer(client.stop_flow(flowName=triggered)) == {"flowArn": arn, "flowStatus": "Draft"}
    for _ in range(2):
        assert answer(client.start_flow(flowName=triggered)) == {"flowArn": arn, "flowStatus": "Active"}
        assert status(client, triggered) == "Active"
    for _ in range(2):
        assert answer(client.stop_flow(flowName=triggered)) == {"flowArn": arn, "flowStatus": "Suspended"}
        assert status(client, triggered) == "Suspended"
    assert client.start_flow(flowName=triggered)["flowStatus"] == "Active"
    after = client.describe_flow(flowName=triggered)
    for member in ("lastUpdatedAt", "lastUpdatedBy", "createdAt", "createdBy", "schemaVersion", "triggerConfig"):
        assert after[member] == before[member], member
    assert client.describe_flow_execution_records(flowName=triggered)["flowExecutions"] == []


def test_active_flows_are_deleted_by_force_only(client, triggered):
    client.start_flow(flowName=triggered)
    with refused("ConflictException", 409, "Flow is in active state, please set forceDelete to true", triggered):
        client.delete_flow(flowName=triggered)
    assert status(client, triggered) == "Active"
    client.delete_flow(flowName=triggered, forceDelete=True)
    with refused("ResourceNotFoundException", 404):
        client.describe_flow(flowName=triggered)


@pytest.mark.parametrize("stopped", [False, True], ids=["Draft", "Suspended"])
def test_inactive_flows_are_deleted_without_force(client, triggered, stopped):
    if stopped:
        client.start_flow(flowName=triggered)
        client.stop_flow(flowName=triggered)
    client.delete_flow(flowName=triggered)
    with refused("ResourceNotFoundException", 404):
        client.describe_flow(flowName=triggered)


def test_updates_keep_the_status_of_the_same_trigger(client):
    name = unique()
    client.create_flow(**flows.flow(name, trigger=SCHEDULED))
    assert update(client, name, SCHEDULED) == "Draft"
    client.start_flow(flowName=name)
    assert update(client, name, SCHEDULED) == "Active"
    client.stop_flow(flowName=name)
    assert update(client, name, SCHEDULED) == "Suspended" == status(client, name)


def test_another_trigger_sets_the_status_anew(client):
    name = unique()
    assert client.create_flow(**flows.flow(name))["flowStatus"] == "Active"
    assert update(client, name, SCHEDULED) == "Draft" == status(client, name)
    client.start_flow(flowName=name)
    assert update(client, name, EVENT) == "Draft"
    client.start_flow(flowName=name)
    assert update(client, name, ON_DEMAND) == "Active"
    flow = client.describe_flow(flowName=name)
    assert flow["triggerConfig"] == {"triggerType": "OnDemand", "triggerProperties": {}}
    assert client.start_flow(flowName=name)["executionId"], "it runs on demand again"


def test_on_demand_flows_have_nothing_to_stop(client):
    name = unique()
    client.create_flow(**flows.flow(name))
    with refused("UnsupportedOperationException", 400, name) as caught:
        client.stop_flow(flowName=name)
    assert isinstance(caught.value, client.exceptions.UnsupportedOperationException)
    assert status(client, name) == "Active"
    client.start_flow(flowName=name)
    client.delete_flow(flowName=name)


def test_runs_go_on_when_the_trigger_changes(client):
    name = unique()
    client.create_flow(**flows.flow(name))
    execution = client.start_flow(flowName=name)["executionId"]
    assert update(client, name, SCHEDULED) == "Draft"
    assert "executionId" not in client.start_flow(flowName=name)
    (record,) = client.describe_flow_execution_records(flowName=name)["flowExecutions"]
    assert (record["executionId"], record["executionStatus"]) == (execution, "InProgress")
    assert client.describe_flow(flowName=name)["lastRunExecutionDetails"]["mostRecentExecutionStatus"] == "InProgress"


def test_stop_of_what_is_not_there(client):
    with refused("ResourceNotFoundException", 404, "no-such-flow"):
        client.stop_flow(flowName="no-such-flow")


def test_start_tokens_of_triggered_flows(client):
    """The same token replays the answer; the schedule is not armed by it again."""
    name = unique()
    client.create_flow(**flows.flow(name, trigger=SCHEDULED))
    first = client.start_flow(flowName=name, clientToken="token-" + name)
    client.stop_flow(flowName=name)
    again = client.start_flow(flowName=name, clientToken="token-" + name)
    assert again["flowStatus"] == first["flowStatus"] == "Active"
    assert status(client, name) == "Suspended"
    client.start_flow(flowName=name, clientToken="another-" + name)
    assert status(client, name) == "Active"


def test_statuses_are_listed(client):
    names = {}
    for trigger, started in ((SCHEDULED, True), (SCHEDULED, False), (EVENT, True)):
        name = unique()
        client.create_flow(**flows.flow(name, trigger=trigger))
        if started:
            client.start_flow(flowName=name)
        names[name] = ("Active" if started else "Draft", trigger["triggerType"])
    token, seen = None, {}
    while True:
        page = client.list_flows(maxResults=100, **({"nextToken": token} if token else {}))
        seen.update({flow["flowName"]: (flow["flowStatus"], flow["triggerType"]) for flow in page["flows"]})
        token = page.get("nextToken")
        if not token:
            break
    assert {name: seen[name] for name in names} == names
