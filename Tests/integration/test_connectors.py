# SPDX-License-Identifier: Apache-2.0
"""Connectors, their entities and flows of every connector type, by boto3. The client of these tests compares each answer
with botocore's shape; the lists of types come from its model."""

import re

import pytest

from support import flows
from support.cluster import OTHER_KEY, READER_KEY
from support.errors import refused
from support.names import unique

SAAS = "Salesforce"


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(api=2, controller=1, worker=1)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def strict(make_cluster):
    cluster = make_cluster(api=1, controller=1, worker=0, environment={"MILLRACE_STRICT": "on"})
    yield cluster
    cluster.stop()


def model(client):
    return client.meta.service_model


def types(client):
    return model(client).shape_for("ConnectorType").enum


def pages(call, **arguments):
    """The answers of all pages, by hand: botocore has no paginators for this service."""
    answer = call(**arguments)
    yield answer
    while "nextToken" in answer:
        answer = call(**arguments, nextToken=answer["nextToken"])
        yield answer


# DescribeConnectors and DescribeConnector


@pytest.mark.parametrize("size", [1, 7, 20, 100, None])
def test_every_type_is_described_once_whatever_the_page(client, size):
    arguments = {} if size is None else {"maxResults": size}
    answers = list(pages(client.describe_connectors, **arguments))
    listed = [detail["connectorType"] for answer in answers for detail in answer["connectors"]]
    assert listed == types(client)
    for answer in answers:
        assert list(answer["connectorConfigurations"]) == [detail["connectorType"] for detail in answer["connectors"]]
        assert len(answer["connectors"]) <= (size or 20)


def test_chosen_types_only(client):
    answer = client.describe_connectors(connectorTypes=["S3", "Amplitude", "S3"])
    assert set(answer["connectorConfigurations"]) == {"S3", "Amplitude"}
    assert "nextToken" not in answer
    assert len(client.describe_connectors(connectorTypes=[], maxResults=100)["connectors"]) == len(types(client))


def test_describe_connector_says_the_same(client):
    everything = client.describe_connectors(maxResults=100)["connectorConfigurations"]
    for kind in types(client):
        if kind != "CustomConnector":
            assert client.describe_connector(connectorType=kind)["connectorConfiguration"] == everything[kind]


def test_configurations_agree_with_the_model(client):
    sources = model(client).shape_for("SourceConnectorProperties").members
    destinations = model(client).shape_for("DestinationConnectorProperties").members
    operators = model(client).shape_for("ConnectorOperator").members
    found = client.describe_connectors(maxResults=100)["connectorConfigurations"]
    assert sum(one["canUseAsSource"] for one in found.values()) == len(sources)
    assert sum(one["canUseAsDestination"] for one in found.values()) == len(destinations)
    assert sorted(tuple(one["supportedOperators"]) for one in found.values() if "supportedOperators" in one) == sorted(
        tuple(shape.enum) for shape in operators.values())
    metadata = model(client).shape_for("ConnectorMetadata").members
    assert {key for one in found.values() for key in one.get("connectorMetadata", {})} == set(metadata)


def test_salesforce_is_described_as_aws_shows_it(client):
    shown = client.describe_connector(connectorType="Salesforce")["connectorConfiguration"]
    assert shown["supportedTriggerTypes"] == ["Scheduled", "OnDemand", "Event"]
    assert shown["supportedSchedulingFrequencies"] == ["BYMINUTE", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "ONCE"]
    assert shown["connectorMetadata"]["Salesforce"]["oAuthScopes"] == ["api", "refresh_token"]
    assert "EventBridge" in shown["supportedDestinationConnectors"]


def test_tokens_are_good_for_their_list_only(client):
    token = client.describe_connectors(maxResults=3)["nextToken"]
    forged = ("0" if token[0] != "0" else "1") + token[1:]
    for arguments in ({"nextToken": forged}, {"nextToken": "garbage"}, {"nextToken": token, "connectorTypes": ["S3"]}):
        with refused("ValidationException", 400, "nextToken"):
            client.describe_connectors(**arguments)
    with refused("ValidationException", 400, "nextToken"):
        client.list_connectors(nextToken=token)


def test_tokens_of_one_instance_are_good_for_another(cluster):
    first, second = (cluster.client(url=url) for url in cluster.api_urls())
    page = first.describe_connectors(maxResults=5)
    rest = second.describe_connectors(maxResults=100, nextToken=page["nextToken"])
    assert [one["connectorType"] for one in page["connectors"] + rest["connectors"]] == types(first)


def test_custom_connectors_are_those_registered(client):
    assert client.list_connectors()["connectors"] == []
    with refused("ValidationException", 400, "connectorLabel"):
        client.describe_connector(connectorType="CustomConnector")
    with refused("ResourceNotFoundException", 404, "nobody"):
        client.describe_connector(connectorType="CustomConnector", connectorLabel="nobody")


# Entities


def test_entities_are_listed_and_described(client):
    listed = {}
    for kind in types(client):
        answer = client.list_connector_entities(connectorType=kind)
        [entities] = answer["connectorEntityMap"].values()
        for entity in entities:
            fields = client.describe_connector_entity(connectorType=kind, connectorEntityName=entity["name"])
            listed[kind, entity["name"]] = fields["connectorEntityFields"]
    assert len(listed) > 60 and all(listed.values())
    account = {field["identifier"]: field for field in listed["Salesforce", "Account"]}
    details = account["Name"]["supportedFieldTypeDetails"]["v1"]
    assert (details["fieldType"], details["filterOperators"]) == ("string", ["CONTAINS", "EQUAL_TO", "NOT_EQUAL_TO"])
    assert account["SystemModstamp"]["sourceProperties"]["isTimestampFieldForIncrementalQueries"]


def test_entities_are_paged(client):
    names = [entity["name"]
             for answer in pages(client.list_connector_entities, connectorType="Datadog", maxResults=4)
             for entity in answer["connectorEntityMap"]["Objects"]]
    [whole] = client.list_connector_entities(connectorType="Datadog")["connectorEntityMap"].values()
    assert names == [entity["name"] for entity in whole] and len(names) > 8


def test_entities_below_others(client):
    [entities] = client.list_connector_entities(connectorType="Slack")["connectorEntityMap"].values()
    assert {entity["name"] for entity in entities if entity["hasNestedEntities"]} == {"conversations"}
    assert client.list_connector_entities(connectorType="Slack", entitiesPath="conversations")["connectorEntityMap"] == {
        "conversations": []}
    fields = client.describe_connector_entity(connectorType="Slack", connectorEntityName="conversations/C012")
    assert "ts" in {field["identifier"] for field in fields["connectorEntityFields"]}


def test_what_is_not_there(client):
    for call, arguments in (
        (client.describe_connector_entity, {"connectorType": SAAS, "connectorEntityName": "Nothing"}),
        (client.list_connector_entities, {"connectorType": SAAS, "entitiesPath": "Nothing"}),
        (client.list_connector_entities, {"connectorProfileName": "nobody"}),
        (client.reset_connector_metadata_cache, {"connectorProfileName": "nobody"}),
    ):
        with refused("ResourceNotFoundException", 404):
            call(**arguments)
    for call, arguments in (
        (client.list_connector_entities, {}), (client.describe_connector_entity, {"connectorEntityName": "x"}),
        (client.reset_connector_metadata_cache, {}), (client.reset_connector_metadata_cache, {"connectorType": SAAS}),
    ):
        with refused("ValidationException", 400, "connectorProfileName"):
            call(**arguments)


def test_the_cache_can_be_reset(client, cluster):
    answer = client.reset_connector_metadata_cache(connectorType="S3")
    assert set(answer) == {"ResponseMetadata"}
    with refused("AccessDeniedException", 403):
        cluster.client(key=READER_KEY).reset_connector_metadata_cache(connectorType="S3")


# Flows of every type


def least(shape):
    """The least value of a shape: required members only."""
    if shape.type_name == "structure":
        return {name: least(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "string":
        if shape.enum:
            return shape.enum[0]
        texts = ("upsolver-appflow-x", "arn:aws:iam::123456789012:role/r", "https://host.example", "100")
        return next(text for text in texts if re.fullmatch(shape.metadata.get("pattern", ".*"), text))
    return {"list": [], "map": {}, "boolean": True}.get(shape.type_name, 1)


def profile(client, kind):
    """The name of a profile of that type, made where there is none yet."""
    name = f"profile-{kind}"
    if client.describe_connector_profiles(connectorProfileNames=[name])["connectorProfileDetails"]:
        return name
    label = {}
    if kind == "CustomConnector":
        label = {"connectorLabel": "label-1"}
        client.register_connector(**label, connectorProvisioningType="LAMBDA", connectorProvisioningConfig={
            "lambda": {"lambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:f"}})
    members = model(client).shape_for("ConnectorProfileProperties").members
    own = {key: least(shape) for key, shape in members.items() if key.lower() == kind.lower()}
    client.create_connector_profile(
        connectorProfileName=name, connectorType=kind, connectionMode="Public", **label,
        connectorProfileConfig={"connectorProfileProperties": own, "connectorProfileCredentials": {}})
    return name


def ends(client, kind):
    """The configurations of both ends of a connector type, made from the model; None where there is no such end."""
    found = {}
    for end, union in (("source", "SourceConnectorProperties"), ("destination", "DestinationConnectorProperties")):
        members = model(client).shape_for(union).members
        key = next((key for key in members if key.lower() == kind.lower()), None)
        if key is None:
            found[end] = None
            continue
        properties = least(members[key])
        if kind == "SAPOData":
            properties["objectPath"] = "/sap/opu/odata/x"
        found[end] = {"connectorType": kind, f"{end}ConnectorProperties": {key: properties}}
        if kind not in ("S3", "EventBridge", "LookoutMetrics", "Upsolver", "CustomerProfiles"):
            found[end]["connectorProfileName"] = profile(client, kind)
    return found


def test_flows_of_every_source_and_destination_can_be_created_and_end_in_an_error_that_says_why(cluster, client):
    started = []
    for kind in types(client):
        both = ends(client, kind)
        for end in ("source", "destination"):
            if both[end] is None or kind == "S3":
                continue
            definition = flows.flow(unique(kind), **{end: both[end]}, tasks=[{"taskType": "Map_all", "sourceFields": []}])
            client.create_flow(**definition)
            described = client.describe_flow(flowName=definition["flowName"])
            assert described["sourceFlowConfig"] == definition["sourceFlowConfig"]
            execution = client.start_flow(flowName=definition["flowName"])["executionId"]
            started.append((kind, end, definition["flowName"], execution))
    assert len(started) == 28
    for kind, end, name, execution in started:
        record = cluster.wait_run(name, execution)
        assert record["executionStatus"] == "Error", record
        assert record["executionResult"]["errorInfo"]["executionMessage"].startswith(
            f"Not supported yet: the {end} connector {kind} "), record


def task(kind, operator, fields=("a",), destination=None, **properties):
    result = {"taskType": kind, "sourceFields": list(fields), "connectorOperator": {"S3": operator},
              "taskProperties": properties}
    return {**result, "destinationField": destination} if destination else result


NOT_RUN_YET = {
    "PARQUET": {"destination": flows.s3_destination("bucket", fileType="PARQUET")},
    "Mask": {"tasks": [flows.map_all(), task("Mask", "MASK_ALL", MASK_LENGTH="5", MASK_VALUE="*")]},
    "Truncate": {"tasks": [flows.map_all(), task("Truncate", "NO_OP", TRUNCATE_LENGTH="3")]},
    "Validate": {"tasks": [flows.map_all(), task("Validate", "VALIDATE_NON_NULL", VALIDATION_ACTION="DropRecord")]},
    "Merge": {"tasks": [task("Merge", "NO_OP", ["a", "b"], "a,b", CONCAT_FORMAT="${a} ${b}"), flows.map_task("a,b", "c")]},
    "Arithmetic": {"tasks": [task("Arithmetic", "ADDITION", ["a", "b"], "a,b", MATH_OPERATION_FIELDS_ORDER="a,b"),
                             flows.map_task("a,b", "c")]},
    "Partition": {"tasks": [flows.map_all(), task("Partition", "NO_OP", [], ORDERED_PARTITION_KEYS_LIST='["a"]')]},
    "Passthrough": {"tasks": [task("Passthrough", "NO_OP", [])]},
    "metadataCatalogConfig": {"metadataCatalogConfig": {"glueDataCatalog": {
        "roleArn": "arn:aws:iam::000000000000:role/r", "databaseName": "d", "tablePrefix": "p"}}},
}


@pytest.mark.parametrize("feature", NOT_RUN_YET)
def test_what_does_not_run_yet_is_kept_as_sent_and_its_run_says_so(cluster, client, feature):
    definition = flows.flow(unique(), **NOT_RUN_YET[feature])
    _, record = cluster.run(definition)
    assert record["executionStatus"] == "Error", record
    message = record["executionResult"]["errorInfo"]["executionMessage"]
    assert message.startswith("Not supported yet: ") and feature in message
    described = client.describe_flow(flowName=definition["flowName"])
    assert described["tasks"] == definition["tasks"]
    assert described.get("metadataCatalogConfig") == definition.get("metadataCatalogConfig")
    assert described["lastRunExecutionDetails"]["mostRecentExecutionStatus"] == "Error"


def test_connectors_stand_at_their_ends_only(client):
    for kind in types(client):
        for end in ("source", "destination"):
            if ends(client, kind)[end] is None:
                config = {"connectorType": kind, f"{end}ConnectorProperties": {}}
                with refused("ValidationException", 400, kind, f"can not be used as a {end}"):
                    client.create_flow(**flows.flow(unique(), **{end: config}))


def scheduled(**properties):
    return {"triggerType": "Scheduled", "triggerProperties": {"Scheduled": properties}}


def test_scheduled_and_event_flows_are_created_as_drafts(client):
    name = unique()
    trigger = scheduled(scheduleExpression="rate(1minutes)", dataPullMode="Incremental", timezone="America/New_York",
                        scheduleOffset=60, flowErrorDeactivationThreshold=3)
    assert client.create_flow(**flows.flow(name, trigger=trigger))["flowStatus"] == "Draft"
    assert client.describe_flow(flowName=name)["triggerConfig"] == trigger
    name = unique()
    definition = flows.flow(name, ends(client, SAAS)["source"], trigger={"triggerType": "Event"},
                            tasks=[{"taskType": "Map_all", "sourceFields": []}])
    assert client.create_flow(**definition)["flowStatus"] == "Draft"


@pytest.mark.parametrize("trigger, word", [
    ({"triggerType": "Scheduled"}, "TriggerProps is required for Scheduled Trigger Type."),
    (scheduled(scheduleExpression="every 5 minutes"), "is not valid"),
    (scheduled(scheduleExpression="rate(1days)", scheduleStartTime=1_800_000_000, scheduleEndTime=1_700_000_000),
     "scheduleEndTime"),
])
def test_triggers_that_are_refused(client, trigger, word):
    with refused("ValidationException", 400, word):
        client.create_flow(**flows.flow(unique(), trigger=trigger))


def test_strict_binds_what_appflow_limits(client, strict):
    hourly = flows.flow(unique(), ends(client, "Marketo")["source"], trigger=scheduled(scheduleExpression="rate(5minutes)"),
                        tasks=[{"taskType": "Map_all", "sourceFields": []}])
    maps = flows.flow(unique(), tasks=[flows.map_task("id")])
    pair = flows.flow(unique(), ends(client, "Amplitude")["source"], ends(client, "Redshift")["destination"],
                      tasks=[{"taskType": "Map_all", "sourceFields": []}])
    event = flows.flow(unique(), trigger={"triggerType": "Event"})
    for definition, word in ((hourly, "once per hour"), (maps, "projection task"), (pair, "Redshift is not supported"),
                             (event, "trigger type Event is not supported for the source connector S3")):
        with refused("ValidationException", 400, word):
            strict.client().create_flow(**definition)
        client.create_flow(**definition)


def test_the_quota_of_flows_binds_each_account(make_cluster):
    cluster = make_cluster(api=1, controller=1, worker=0, environment={"MILLRACE_QUOTA_FLOWS": "2"})
    try:
        client = cluster.client()
        first, second, third = unique(), unique(), unique()
        client.create_flow(**flows.flow(first))
        client.create_flow(**flows.flow(second))
        with refused("ServiceQuotaExceededException", 402, "2 flows"):
            client.create_flow(**flows.flow(third))
        cluster.client(key=OTHER_KEY).create_flow(**flows.flow(third))
        client.delete_flow(flowName=first)
        client.create_flow(**flows.flow(third))
    finally:
        cluster.stop()


def test_the_quota_of_profiles_binds_each_account(make_cluster):
    cluster = make_cluster(api=1, controller=1, worker=0, environment={"MILLRACE_QUOTA_PROFILES": "2"})

    def create(name, client, **more):
        return client.create_connector_profile(
            connectorProfileName=name, connectorType="Slack", connectionMode="Public",
            connectorProfileConfig={"connectorProfileProperties": {"Slack": {"instanceUrl": "https://example.com"}}}, **more)

    try:
        client = cluster.client()
        first, second, third = unique(), unique(), unique()
        create(first, client)
        create(second, client, clientToken="again")
        with refused("ServiceQuotaExceededException", 402, "2 connector profiles"):
            create(third, client)
        create(second, client, clientToken="again")
        create(third, cluster.client(key=OTHER_KEY))
        client.create_flow(**flows.flow(unique()))
        client.delete_connector_profile(connectorProfileName=first)
        create(third, client)
    finally:
        cluster.stop()
