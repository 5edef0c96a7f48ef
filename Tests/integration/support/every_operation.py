# SPDX-License-Identifier: Apache-2.0
"""One call of each operation that succeeds, with what it needs made before."""

from . import flows, service_model
from .names import unique
from .sequences import arn_of

LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:connector"
SCHEDULED = {"triggerType": "Scheduled", "triggerProperties": {"Scheduled": {"scheduleExpression": "rate(1hours)"}}}


class Preparation:
    """`of` makes what an operation needs by boto3 and answers the parameters of the call."""

    def __init__(self, client, account):
        self._client = client
        self._account = account

    def of(self, operation):
        return _CALLS[operation](self)

    # What calls need

    def flow(self, **more):
        name = unique("each")
        self._client.create_flow(**flows.flow(name, **more))
        return name

    def running(self):
        name = self.flow()
        return name, self._client.start_flow(flowName=name)["executionId"]

    def active(self):
        name = self.flow(trigger=SCHEDULED)
        self._client.start_flow(flowName=name)
        return name

    def tagged(self, **more):
        return {"resourceArn": arn_of(self._account, self.flow(tags={"team": "data", "stage": "test"})), **more}

    def profile(self):
        parameters = profile_of(unique("profile"))
        self._client.create_connector_profile(**parameters)
        return {"connectorProfileName": parameters["connectorProfileName"]}

    def registered(self):
        parameters = registration_of(unique("connector"))
        self._client.register_connector(**parameters)
        return {"connectorLabel": parameters["connectorLabel"]}

    def entity(self):
        profile = {**self.profile(), "connectorType": "Salesforce"}
        groups = self._client.list_connector_entities(**profile)["connectorEntityMap"]
        return {**profile, "connectorEntityName": next(iter(groups.values()))[0]["name"]}


def profile_of(name):
    """The parameters of create_connector_profile."""
    return {"connectorProfileName": name, "connectorType": "Salesforce", **_CONNECTION}


def registration_of(label):
    """The parameters of register_connector."""
    return {"connectorLabel": label, "connectorProvisioningType": "LAMBDA",
            "connectorProvisioningConfig": {"lambda": {"lambdaArn": LAMBDA}}, "description": "A connector of the tests"}


_CONNECTION = {"connectionMode": "Public", "connectorProfileConfig": {
    "connectorProfileProperties": {"Salesforce": {"instanceUrl": "https://tests.my.salesforce.com"}},
    "connectorProfileCredentials": {"Salesforce": {"accessToken": "access-of-tests", "refreshToken": "refresh-of-tests"}}}}


def _cancel(prepare):
    name, execution = prepare.running()
    return {"flowName": name, "executionIds": [execution]}


_CALLS = {
    "CancelFlowExecutions": _cancel,
    "CreateConnectorProfile": lambda prepare: profile_of(unique("profile")),
    "CreateFlow": lambda prepare: flows.flow(unique("each"), description="Created", tags={"k": "v"}),
    "DeleteConnectorProfile": lambda prepare: prepare.profile(),
    "DeleteFlow": lambda prepare: {"flowName": prepare.flow(), "forceDelete": True},
    "DescribeConnector": lambda prepare: {"connectorType": "Salesforce"},
    "DescribeConnectorEntity": lambda prepare: prepare.entity(),
    "DescribeConnectorProfiles": lambda prepare: {
        "connectorProfileNames": [prepare.profile()["connectorProfileName"]]},
    "DescribeConnectors": lambda prepare: {"maxResults": 100},
    "DescribeFlow": lambda prepare: {"flowName": prepare.flow()},
    "DescribeFlowExecutionRecords": lambda prepare: {"flowName": prepare.running()[0]},
    "ListConnectorEntities": lambda prepare: {**prepare.profile(), "connectorType": "Salesforce"},
    "ListConnectors": lambda prepare: {"maxResults": 100} if prepare.registered() else {},
    "ListFlows": lambda prepare: {"maxResults": 5} if prepare.flow() else {},
    "ListTagsForResource": lambda prepare: prepare.tagged(),
    "RegisterConnector": lambda prepare: registration_of(unique("connector")),
    "ResetConnectorMetadataCache": lambda prepare: {**prepare.profile(), "connectorType": "Salesforce"},
    "StartFlow": lambda prepare: {"flowName": prepare.flow()},
    "StopFlow": lambda prepare: {"flowName": prepare.active()},
    "TagResource": lambda prepare: prepare.tagged(tags={"more": "tags"}),
    "UnregisterConnector": lambda prepare: prepare.registered(),
    "UntagResource": lambda prepare: prepare.tagged(tagKeys=["team", "absent"]),
    "UpdateConnectorProfile": lambda prepare: {**prepare.profile(), **_CONNECTION},
    "UpdateConnectorRegistration": lambda prepare: {**prepare.registered(), "description": "Changed"},
    "UpdateFlow": lambda prepare: flows.flow(prepare.flow(), description="Updated"),
}
# What every answer of success must hold; empty lists and maps would prove nothing.
_HELD = {
    "DescribeConnector": ["connectorConfiguration"], "DescribeConnectorEntity": ["connectorEntityFields"],
    "DescribeConnectorProfiles": ["connectorProfileDetails"], "DescribeConnectors": ["connectors", "connectorConfigurations"],
    "DescribeFlowExecutionRecords": ["flowExecutions"], "ListConnectorEntities": ["connectorEntityMap"],
    "ListConnectors": ["connectors"], "ListFlows": ["flows"], "ListTagsForResource": ["tags"],
    "CreateConnectorProfile": ["connectorProfileArn"], "CreateFlow": ["flowArn", "flowStatus"],
    "StartFlow": ["flowArn", "flowStatus", "executionId"], "StopFlow": ["flowArn", "flowStatus"],
    "RegisterConnector": ["connectorArn"], "UpdateConnectorProfile": ["connectorProfileArn"],
    "UpdateConnectorRegistration": ["connectorArn"], "UpdateFlow": ["flowStatus"],
    "DescribeFlow": ["flowArn", "flowName", "tasks", "createdAt"],
}


def missing_in(operation, answer):
    """Members of an answer that should hold something and do not."""
    return [member for member in _HELD.get(operation, []) if not answer.get(member)]


def untold():
    """Operations of the model without a call here."""
    return set(service_model.operations()) ^ set(_CALLS)


def paged():
    """Operations that answer page by page."""
    return [name for name in service_model.operations()
            if "nextToken" in service_model.operation(name).input_shape.members]


def items_of(operation, page):
    """What a page holds: elements of its lists, keys of its maps, elements below the keys; as texts that compare."""
    found = []
    for member in service_model.operation(operation).output_shape.members:
        value = page.get(member)
        if member == "nextToken" or value is None:
            continue
        if isinstance(value, dict):
            found += [f"{member}/{key}/{item}" for key, inner in value.items()
                      for item in (inner if isinstance(inner, list) else [""])]
        else:
            found += [f"{member}/{item}" for item in value]
    return found
