# SPDX-License-Identifier: Apache-2.0
"""What must hold after any fault, checked against what the clients were told."""

import collections
import json

from botocore.exceptions import ClientError

from . import messages
from .stream import FINAL
from .waiting import wait_until


def check(stream, expect_dead_letters=False):
    """Raises AssertionError with everything that is wrong."""
    problems = list(stream.failures) + list(stream.client.violations)
    if not stream.failures:
        if stream.acknowledged != stream.total:
            problems.append(f"{stream.acknowledged} commands were acknowledged instead of {stream.total}")
        runs = {}
        listed = _listed_flows(stream)
        for story in (story for stories in stream.stories for story in stories):
            problems += _check_flow(stream, story, listed)
            for run in story.runs + story.earlier_runs:
                runs[run.execution] = (story, run)
        problems += _check_outputs(stream, runs)
        problems += _check_uploads(stream)
    if not expect_dead_letters:
        problems += [f"dead letter: {letter}" for letter in messages.dead_letters(stream.cluster)]
    assert not problems, (
        f"{len(problems)} broken promises:\n" + "\n".join(problems[:20]) + "\n" + stream.cluster.tails(25))


def _listed_flows(stream):
    """Name → how often ListFlows names it, over all pages."""
    names, token = collections.Counter(), None
    while True:
        page = stream.client.call("list_flows", maxResults=100, **({"nextToken": token} if token else {}))
        names.update(flow["flowName"] for flow in page["flows"])
        token = page.get("nextToken")
        if not token:
            return names


def _check_flow(stream, story, listed):
    """Every acknowledged command is in effect, and only once."""
    problems = []
    if listed[story.name] != (1 if story.exists else 0):
        problems.append(f"{story.name}: listed {listed[story.name]} times")
    try:
        flow = stream.client.call("describe_flow", flowName=story.name)
    except ClientError as error:
        return [f"{story.name}: acknowledged, but {error}"]
    definition = stream.definition(story)
    if flow.get("description") != definition["description"] or flow["tasks"] != definition["tasks"]:
        problems.append(f"{story.name}: has {flow.get('description')!r}, acknowledged was {definition['description']!r}")
    if flow.get("schemaVersion") != story.schema_version:
        problems.append(
            f"{story.name}: schemaVersion {flow.get('schemaVersion')} after {story.updates} acknowledged updates")
    records = {}

    def all_over():
        found = stream.client.call(
            "describe_flow_execution_records", flowName=story.name, maxResults=100)["flowExecutions"]
        records.clear()
        records.update({record["executionId"]: record for record in found})
        return all(record["executionStatus"] in FINAL for record in found)

    wait_until(all_over, 30, lambda: f"the end of {story.name}'s runs: {records}", interval=0.05)
    started = {run.execution for run in story.runs}
    if set(records) != started:
        problems.append(f"{story.name}: runs {sorted(records)}, acknowledged were {sorted(started)}")
    for run in story.runs:
        record = records.get(run.execution)
        if record is None:
            continue
        if run.status in FINAL and record["executionStatus"] != run.status:
            problems.append(f"{story.name}: run {run.execution} was {run.status} and became {record['executionStatus']}")
        run.status = record["executionStatus"]
        problems += _check_record(stream, story, run, record)
    return problems


def _check_record(stream, story, run, record):
    """The state is true and the figures are those of one attempt, not of several added up."""
    name = f"{story.name}: run {run.execution}"
    allowed = {"Successful"} | ({"Canceled"} if run.cancelled else set()) | ({"Error"} if stream.may_fail else set())
    result = record.get("executionResult", {})
    if run.status not in allowed:
        return [f"{name} ended as {run.status}: {result}"]
    if run.status == "Successful" and result.get("recordsProcessed") != sum(len(rows) for rows in stream.input):
        return [f"{name} says {result}"]
    if run.status == "Error" and not result.get("errorInfo", {}).get("executionMessage"):
        return [f"{name} failed without a reason: {result}"]
    return []


def _check_outputs(stream, runs):
    """Each successful run wrote each of its records exactly once; nothing else is visible."""
    problems = []
    written = collections.defaultdict(list)
    for key in stream.buckets.keys(stream.destination):
        parts = key.split("/")
        run = runs.get(parts[2][:36]) if len(parts) == 3 and parts[0] == "out" else None
        if run is None or parts[1] != run[0].name:
            problems.append(f"unexpected object {key}")
        else:
            written[parts[2][:36]].append(key)
    for execution, (story, run) in runs.items():
        keys = written.get(execution, [])
        if run.status != "Successful":
            if keys:
                problems.append(f"{story.name}: run {execution} is {run.status}, yet there is {keys}")
            continue
        if len(keys) != (1 if story.single_file else len(stream.input)):
            problems.append(f"{story.name}: run {execution} left {keys}")
        records = collections.Counter()
        for key in keys:
            records.update(_records(stream.buckets.get(stream.destination, key), problems, key))
        expected = collections.Counter(stream.expected_records(run.revision))
        if records != expected:
            problems.append(
                f"{story.name}: run {execution} of revision {run.revision} wrote {sum(records.values())} records, expected "
                f"{sum(expected.values())}; missing {list((expected - records).items())[:3]}, "
                f"too many {list((records - expected).items())[:3]}")
    return problems


def _records(data, problems, key):
    """(id, mapped name, value) of each line."""
    if data and not data.endswith(b"\n"):
        problems.append(f"{key} ends inside a line: {data[-80:]!r}")
    for line in data.splitlines():
        try:
            record = json.loads(line)
            (name,) = [field for field in record if field != "id"]
            yield record["id"], name, record[name]
        except (ValueError, KeyError) as error:
            problems.append(f"{key}: {line[:200]!r}: {error!r}")


def _check_uploads(stream):
    """No upload stays open: what a dead attempt began is swept up."""
    try:
        wait_until(lambda: not stream.buckets.open_uploads(stream.destination), 30, "the sweep of open uploads", 0.25)
        return []
    except AssertionError:
        return [f"open uploads: {stream.buckets.open_uploads(stream.destination)[:5]}"]
