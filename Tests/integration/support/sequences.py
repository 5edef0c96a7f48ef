# SPDX-License-Identifier: Apache-2.0
"""Random sequences of calls over few names: made from a seed, performed, cut down to the least that fails."""

import copy
import dataclasses
import uuid

from botocore.exceptions import ClientError

from . import flows
from .clients import REGION

_BASE = [flows.map_task("id"), flows.map_task("note", "text")]
# Definitions that differ in nothing, the description, the order of tasks, the mapping, the bucket, the trigger.
_ON_DEMAND = [
    {"tasks": _BASE},
    {"tasks": _BASE, "description": "The same, described"},
    {"tasks": _BASE[::-1]},
    {"tasks": [*_BASE, flows.map_task("amount", "price")], "description": "One more field"},
    {"tasks": [flows.map_all()], "destination": flows.s3_destination("another-bucket", "out")},
]
_SCHEDULED = {"tasks": _BASE, "trigger": {
    "triggerType": "Scheduled", "triggerProperties": {"Scheduled": {"scheduleExpression": "rate(1days)"}}}}
_TAGS = [{}, {"team": "data"}, {"team": "web", "stage": "test"}, {"stage": ""}]


@dataclasses.dataclass(frozen=True)
class Step:
    """One call, in terms that hold whichever steps before it are left out: numbers of names, not what they became."""
    kind: str
    name: int = 0
    choice: int = 0
    token: int = None
    flag: bool = False


def arn_of(account, name):
    return f"arn:aws:appflow:{REGION}:{account}:flow/{name}"


def definition(name, choice, profile=None):
    if choice < len(_ON_DEMAND):
        return flows.flow(name, **_ON_DEMAND[choice])
    if choice == len(_ON_DEMAND):
        return flows.flow(name, **_SCHEDULED)
    source = {"connectorType": "Salesforce", "connectorProfileName": profile,
              "sourceConnectorProperties": {"Salesforce": {"object": "Account"}}}
    task = {"taskType": "Map_all", "sourceFields": [], "connectorOperator": {"Salesforce": "NO_OP"}, "taskProperties": {}}
    return flows.flow(name, source, tasks=[task])


_KINDS = {
    "create_flow": 4, "update_flow": 3, "describe_flow": 2, "list_flows": 1, "delete_flow": 2, "start_flow": 4,
    "stop_flow": 2, "cancel_flow_executions": 3, "describe_flow_execution_records": 2,
    "tag_resource": 1, "untag_resource": 1, "list_tags_for_resource": 1,
    "create_connector_profile": 1, "update_connector_profile": 1, "describe_connector_profiles": 1,
    "delete_connector_profile": 1,
}
# Those that are one request each and need no profile.
SINGLE = {kind for kind in _KINDS if "profile" not in kind} - {"list_flows", "describe_flow_execution_records"}


def generate(chance, length, kinds=frozenset(_KINDS), names=3):
    """`length` steps of some kinds."""
    weighted = [kind for kind, weight in _KINDS.items() if kind in kinds for _ in range(weight)]
    definitions = len(_ON_DEMAND) + (2 if "create_connector_profile" in kinds else 1)
    steps = []
    for _ in range(length):
        if steps and chance.random() < 0.1:
            steps.append(chance.choice(steps))  # a retry, perhaps a late one
            continue
        kind = chance.choice(weighted)
        choices = definitions if kind in ("create_flow", "update_flow") else 5
        steps.append(Step(
            kind, chance.randrange(names), chance.randrange(choices), chance.choice([None, None, 0, 1]),
            chance.random() < 0.4))
    return steps


class Performer:
    """Performs steps with a client; names and tokens are this performer's own."""

    def __init__(self, client, account):
        self._client = client
        self._account = account
        self.prefix = f"seq-{uuid.uuid4().hex[:8]}-"
        self._started = []

    def sharing(self, client):
        """The same names, tokens and runs by another client."""
        other = copy.copy(self)
        other._client = client
        return other

    def name(self, step):
        return f"{self.prefix}{step.name}"

    def perform(self, step):
        """(parameters as the model takes them, answer)."""
        parameters = self._parameters(step)
        try:
            return parameters, ("ok", getattr(self, f"_{step.kind}", self._call)(step.kind, parameters))
        except ClientError as error:
            return parameters, ("error", error.response["Error"]["Code"])

    def clean_up(self):
        """Leaves nothing for the next sequence to find."""
        for number in range(4):
            for kind, parameters in (("delete_flow", {"flowName": f"{self.prefix}{number}"}),
                                     ("delete_connector_profile", {"connectorProfileName": f"{self.prefix}{number}"})):
                try:
                    getattr(self._client, kind)(**parameters, forceDelete=True)
                except ClientError as error:
                    assert error.response["Error"]["Code"] == "ResourceNotFoundException", error

    def _parameters(self, step):
        name = self.name(step)
        token = {} if step.token is None else {"clientToken": f"{self.prefix}{step.token}"}
        profile = {"connectorProfileName": name}
        makers = {
            "create_flow": lambda: {**definition(name, step.choice, f"{self.prefix}0"), **token, **(
                {"tags": _TAGS[step.choice % len(_TAGS)]} if step.flag else {})},
            "update_flow": lambda: {**definition(name, step.choice, f"{self.prefix}0"), **token},
            "start_flow": lambda: {"flowName": name, **token},
            "delete_flow": lambda: {"flowName": name, "forceDelete": step.flag},
            "cancel_flow_executions": lambda: {"flowName": name, **self._executions(step)},
            "tag_resource": lambda: {"flowName": name, "tags": _TAGS[step.choice % len(_TAGS)]},
            "untag_resource": lambda: {"flowName": name, "tagKeys": [["team"], ["stage", "unknown"], ["absent"]][step.choice % 3]},
            "create_connector_profile": lambda: {**profile, **_profile_config(step.choice), "connectorType": "Salesforce",
                                                 **token},
            "update_connector_profile": lambda: {**profile, **_profile_config(step.choice), **token},
            "delete_connector_profile": lambda: {**profile, "forceDelete": step.flag},
            "list_flows": dict, "describe_connector_profiles": dict,
        }
        return makers.get(step.kind, lambda: {"flowName": name})()

    def _executions(self, step):
        """All by default, none, the latest known of anybody, an unknown one, or the latest twice."""
        latest = self._started[-1:] or ["never-started"]
        return [{}, {"executionIds": []}, {"executionIds": latest}, {"executionIds": ["unknown", *latest]},
                {"executionIds": self._started[-3:]}][step.choice]

    # Calls, their answers reduced to what the model knows

    def _call(self, kind, parameters):
        answer = getattr(self._client, kind)(**parameters)
        answer.pop("ResponseMetadata")
        return answer

    def _flow_call(self, kind, parameters):
        answer = self._call(kind, parameters)
        if "flowArn" in answer:
            assert answer.pop("flowArn") == arn_of(self._account, parameters["flowName"]), answer
        return answer

    _create_flow = _update_flow = _stop_flow = _flow_call

    def _start_flow(self, kind, parameters):
        answer = self._flow_call(kind, parameters)
        if answer.get("executionId"):
            self._started.append(answer["executionId"])
        return answer

    def _cancel_flow_executions(self, kind, parameters):
        return {name: value for name, value in self._call(kind, parameters).items() if value}

    def _describe_flow(self, kind, parameters):
        flow = self._flow_call(kind, parameters)
        assert flow["createdAt"] <= flow["lastUpdatedAt"], flow
        described = {name: flow[name] for name in (
            "flowName", "triggerConfig", "sourceFlowConfig", "destinationFlowConfigList", "tasks", "description")
            if name in flow}
        described["triggerConfig"] = {name: value for name, value in described["triggerConfig"].items() if value}
        for destination in described["destinationFlowConfigList"]:
            for properties in destination["destinationConnectorProperties"].values():
                properties.pop("s3OutputFormatConfig", None)  # the defaults of the real service
        run = flow.get("lastRunExecutionDetails", {}).get("mostRecentExecutionStatus")
        return {"definition": described, "tags": flow["tags"], "schemaVersion": flow["schemaVersion"],
                "flowStatus": flow["flowStatus"], **({"lastRun": run} if run else {})}

    def _list_flows(self, kind, parameters):
        found = [flow for flow in self._pages(kind, parameters, "flows") if flow["flowName"].startswith(self.prefix)]
        assert len({flow["flowName"] for flow in found}) == len(found), found
        return {"flows": {flow["flowName"]: {
            "flowStatus": flow["flowStatus"], "description": flow.get("description"), "tags": flow["tags"],
            "triggerType": flow["triggerType"]} for flow in found}}

    def _describe_flow_execution_records(self, kind, parameters):
        return {"runs": [(run["executionId"], run["executionStatus"])
                         for run in self._pages(kind, parameters, "flowExecutions")]}

    def _describe_connector_profiles(self, kind, parameters):
        return {"profiles": {profile["connectorProfileName"]: profile["connectorProfileProperties"]
                             for profile in self._pages(kind, parameters, "connectorProfileDetails")
                             if profile["connectorProfileName"].startswith(self.prefix)}}

    def _create_connector_profile(self, kind, parameters):
        assert self._call(kind, parameters)["connectorProfileArn"].endswith(f"/{parameters['connectorProfileName']}")
        return {}

    _update_connector_profile = _create_connector_profile

    def _tags_call(self, kind, parameters):
        rest = {name: value for name, value in parameters.items() if name != "flowName"}
        return self._call(kind, {"resourceArn": arn_of(self._account, parameters["flowName"]), **rest})

    _tag_resource = _untag_resource = _list_tags_for_resource = _tags_call

    page_size = 2

    def _pages(self, kind, parameters, member):
        items, token = [], None
        while True:
            page = self._call(kind, {**parameters, "maxResults": self.page_size, **({"nextToken": token} if token else {})})
            items += page[member]
            token = page.get("nextToken")
            if not token:
                return items
            assert len(page[member]) == self.page_size, "only the last page may be short"


def _profile_config(choice):
    return {"connectionMode": "Public", "connectorProfileConfig": {
        "connectorProfileProperties": {"Salesforce": {"instanceUrl": f"https://{'abc'[choice % 3]}.my.salesforce.com"}},
        "connectorProfileCredentials": {"Salesforce": {"accessToken": "token-of-test", "refreshToken": "refresh-of-test"}}}}


def shrunk(steps, fails):
    """The fewest of the steps, in their order, that still fail: whole stretches are left out first, then single steps."""
    size = len(steps) // 2
    while size >= 1:
        start = 0
        while start < len(steps):
            fewer = steps[:start] + steps[start + size:]
            if fewer and fails(fewer):
                steps = fewer
            else:
                start += size
        size //= 2
    return steps
