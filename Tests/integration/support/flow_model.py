# SPDX-License-Identifier: Apache-2.0
"""What the store should do, in the simplest words: dictionaries in memory. Answers are compared with the service's."""

import copy

# What an on-demand flow's mapping, types and partition settings are made of; other changes keep the schema version.
_SCHEMA_TASKS = ("Map", "Map_all", "Merge", "Partition")


class Disagreement(AssertionError):
    """The service answered what the model does not."""


class Refusal(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


class FlowModel:
    """`step` applies one call and compares its answer: ("ok", members) or ("error", code)."""

    def __init__(self):
        self.flows = {}
        self.profiles = {}
        self._outcomes = {}

    def fork(self):
        return copy.deepcopy(self)

    def fingerprint(self):
        return repr((sorted(self.flows.items()), sorted(self.profiles.items()), sorted(self._outcomes.items())))

    def step(self, kind, parameters, answer):
        try:
            expected = ("ok", self._perform(kind, parameters, answer))
        except Refusal as refusal:
            expected = ("error", refusal.code)
        if expected != answer:
            raise Disagreement(f"{kind} {parameters}\n    expected {expected}\n    got      {answer}")

    def _perform(self, kind, parameters, answer):
        token = parameters.get("clientToken")
        if token is None:
            return getattr(self, kind)(parameters, answer)
        rest = {name: value for name, value in parameters.items() if name != "clientToken"}
        # A start's token belongs to its flow; others to the account.
        key = (kind, parameters["flowName"] if kind == "start_flow" else "", token)
        if key in self._outcomes:
            digest, result = self._outcomes[key]
            if digest != repr(rest):
                raise Refusal("ConflictException")
            return result
        result = getattr(self, kind)(rest, answer)
        self._outcomes[key] = (repr(rest), result)
        return result

    def _flow(self, parameters):
        if parameters["flowName"] not in self.flows:
            raise Refusal("ResourceNotFoundException")
        return self.flows[parameters["flowName"]]

    # Flows

    def create_flow(self, parameters, _answer):
        if parameters["flowName"] in self.flows:
            raise Refusal("ConflictException")
        self._check_profile(parameters)
        definition = {name: value for name, value in parameters.items() if name != "tags"}
        status = _first_status(parameters)
        self.flows[parameters["flowName"]] = {
            "definition": definition, "tags": dict(parameters.get("tags", {})), "schema": 1, "status": status, "runs": []}
        return {"flowStatus": status}

    def update_flow(self, parameters, _answer):
        flow = self._flow(parameters)
        old = flow["definition"]
        if old["sourceFlowConfig"]["connectorType"] != parameters["sourceFlowConfig"]["connectorType"]:
            raise Refusal("ValidationException")
        self._check_profile(parameters)
        if _schema(old) != _schema(parameters):
            flow["schema"] += 1
        if old["triggerConfig"]["triggerType"] != parameters["triggerConfig"]["triggerType"]:
            flow["status"] = _first_status(parameters)
        flow["definition"] = parameters
        return {"flowStatus": flow["status"]}

    def describe_flow(self, parameters, _answer):
        flow = self._flow(parameters)
        result = {"definition": flow["definition"], "tags": flow["tags"], "schemaVersion": flow["schema"],
                  "flowStatus": flow["status"]}
        if flow["runs"]:
            result["lastRun"] = flow["runs"][-1][1]
        return result

    def list_flows(self, _parameters, _answer):
        return {"flows": {name: {"flowStatus": flow["status"], "description": flow["definition"].get("description"),
                                 "tags": flow["tags"], "triggerType": flow["definition"]["triggerConfig"]["triggerType"]}
                          for name, flow in self.flows.items()}}

    def delete_flow(self, parameters, _answer):
        flow = self._flow(parameters)
        scheduled = flow["definition"]["triggerConfig"]["triggerType"] != "OnDemand"
        if scheduled and flow["status"] == "Active" and not parameters.get("forceDelete"):
            raise Refusal("ConflictException")
        del self.flows[parameters["flowName"]]
        return {}

    # Runs

    def start_flow(self, parameters, answer):
        flow = self._flow(parameters)
        if flow["definition"]["triggerConfig"]["triggerType"] != "OnDemand":
            flow["status"] = "Active"
            return {"flowStatus": "Active"}
        if any(status == "InProgress" for _, status in flow["runs"]):
            raise Refusal("ConflictException")
        identity = answer[1].get("executionId") if answer[0] == "ok" else None
        known = [run for other in self.flows.values() for run, _ in other["runs"]]
        if not identity or identity in known:
            raise Disagreement(f"start_flow {parameters}: expected a new execution, got {answer}")
        flow["runs"].append((identity, "InProgress"))
        return {"flowStatus": "Active", "executionId": identity}

    def stop_flow(self, parameters, _answer):
        flow = self._flow(parameters)
        if flow["definition"]["triggerConfig"]["triggerType"] == "OnDemand":
            raise Refusal("UnsupportedOperationException")
        if flow["status"] == "Active":
            flow["status"] = "Suspended"
        return {"flowStatus": flow["status"]}

    def cancel_flow_executions(self, parameters, _answer):
        flow = self._flow(parameters)
        active = [run for run, status in flow["runs"] if status == "InProgress"]
        asked = parameters.get("executionIds", active)
        # Without a worker nothing has begun: what is cancelled is over at once.
        flow["runs"] = [(run, "Canceled" if run in asked and run in active else status) for run, status in flow["runs"]]
        invalid = [run for run in asked if run not in active]
        return {"invalidExecutions": invalid} if invalid else {}

    def describe_flow_execution_records(self, parameters, _answer):
        return {"runs": self._flow(parameters)["runs"][::-1]}

    # Tags

    def tag_resource(self, parameters, _answer):
        self._flow(parameters)["tags"].update(parameters["tags"])
        return {}

    def untag_resource(self, parameters, _answer):
        flow = self._flow(parameters)
        flow["tags"] = {key: value for key, value in flow["tags"].items() if key not in parameters["tagKeys"]}
        return {}

    def list_tags_for_resource(self, parameters, _answer):
        return {"tags": self._flow(parameters)["tags"]}

    # Connector profiles

    def _check_profile(self, parameters):
        name = parameters["sourceFlowConfig"].get("connectorProfileName")
        if name is not None and name not in self.profiles:
            raise Refusal("ResourceNotFoundException")

    def _profile(self, parameters):
        if parameters["connectorProfileName"] not in self.profiles:
            raise Refusal("ResourceNotFoundException")
        return self.profiles[parameters["connectorProfileName"]]

    def create_connector_profile(self, parameters, _answer):
        if parameters["connectorProfileName"] in self.profiles:
            raise Refusal("ConflictException")
        self.profiles[parameters["connectorProfileName"]] = _properties(parameters)
        return {}

    def update_connector_profile(self, parameters, _answer):
        self._profile(parameters)
        self.profiles[parameters["connectorProfileName"]] = _properties(parameters)
        return {}

    def describe_connector_profiles(self, _parameters, _answer):
        return {"profiles": dict(self.profiles)}

    def delete_connector_profile(self, parameters, _answer):
        self._profile(parameters)
        name = parameters["connectorProfileName"]
        used = any(flow["definition"]["sourceFlowConfig"].get("connectorProfileName") == name for flow in self.flows.values())
        if used and not parameters.get("forceDelete"):
            raise Refusal("ConflictException")
        del self.profiles[name]
        return {}


def _first_status(parameters):
    return "Active" if parameters["triggerConfig"]["triggerType"] == "OnDemand" else "Draft"


def _schema(definition):
    """What the schema version is about: the mapping tasks, in any order."""
    return sorted(repr(task) for task in definition["tasks"] if task["taskType"] in _SCHEMA_TASKS)


def _properties(parameters):
    return parameters["connectorProfileConfig"]["connectorProfileProperties"]
