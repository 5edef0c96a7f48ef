# SPDX-License-Identifier: Apache-2.0
"""More than one destination for a flow, each with its own result: beyond AppFlow, and without breaking a client."""

import csv
import io
import json

import pytest

from support import fault_proxy, flows
from support.cluster import FULL_KEY
from support.errors import refused
from support.fault_proxy import FaultProxy, Hold, Rule
from support.names import unique
from support.raw_http import call
from support.waiting import wait_until

SOURCE = "several-source"
ATTEMPTS = 2
SINGLE = {"aggregationConfig": {"aggregationType": "SingleFile"}}


@pytest.fixture(scope="module")
def cluster(make_cluster):
    """Its worker is replaced as the tests move from store to store."""
    cluster = make_cluster(
        api=1, controller=1, worker=0,
        environment={"MILLRACE_LEASE_SECONDS": "2", "MILLRACE_MAX_ATTEMPTS": str(ATTEMPTS)})
    yield cluster
    cluster.stop()


class Place:
    """One store with a source bucket, and as many destination buckets as a test names."""

    def __init__(self, cluster, buckets, environment):
        self.cluster = cluster
        self.buckets = buckets
        self.environment = environment
        buckets.create(SOURCE)
        self.use_workers(environment)

    def use_workers(self, environment):
        self.cluster.replace("worker", environment)

    def flow(self, inputs, destinations, **more):
        """A flow of a new name over objects of its own."""
        name = unique("several")
        for key, data in inputs.items():
            self.buckets.put(SOURCE, f"{name}/{key}", data)
        return flows.flow(name, flows.s3_source(SOURCE, name), **more, destinationFlowConfigList=destinations)

    def bucket(self):
        name = unique("several-bucket")
        self.buckets.create(name)
        return name

    def start(self, definition):
        client = self.cluster.client()
        client.create_flow(**definition)
        return client.start_flow(flowName=definition["flowName"])["executionId"]

    def end(self, definition, execution, status, timeout=60):
        """Waits for a run's end in this status; returns its record as plain HTTP shows it."""
        record = self.cluster.wait_run(definition["flowName"], execution, timeout)
        assert record["executionStatus"] == status, record
        assert "destinationResults" not in record, "boto3 passes over what it does not know"
        raw = raw_records(self.cluster, definition["flowName"])
        (found,) = [one for one in raw if one["executionId"] == execution]
        return found

    def run(self, definition, status="Successful", timeout=60):
        execution = self.start(definition)
        return execution, self.end(definition, execution, status, timeout)

    def outputs(self, bucket, prefix=""):
        return [self.buckets.get(bucket, key) for key in self.buckets.keys(bucket, prefix)]


def raw_records(cluster, name):
    answer = call(cluster.url, "/describe-flow-execution-records", {"flowName": name}, FULL_KEY)
    assert answer.status_code == 200, answer.text
    return answer.json()["flowExecutions"]


@pytest.fixture(scope="module", params=["folder", "moto"])
def place(request, cluster, services):
    if request.param == "folder":
        buckets = services.bucket_folder()
        return Place(cluster, buckets, buckets.worker_environment())
    return Place(cluster, services.moto.buckets(), services.moto.worker_environment())


ORDERS = {"1.csv": "id,amount\n1,10.5\n2,\n", "2.csv": "id,amount\n3,\"a \"\"b\"\"\"\n"}
ROWS = [["1", "10.5"], ["2", ""], ["3", 'a "b"']]


def rows(objects):
    """The rows of CSV files, each of which begins with the header."""
    found = []
    for data in objects:
        header, *rest = csv.reader(io.StringIO(data.decode(), newline=""))
        assert header == ["id", "amount"]
        found += rest
    return found


def records(objects):
    return [json.loads(line) for data in objects for line in data.splitlines()]


AS_RECORDS = [{"id": number, "amount": amount or None} for number, amount in ROWS]


def test_each_destination_has_its_format_and_files(place):
    first, second = place.bucket(), place.bucket()
    definition = place.flow(ORDERS, [
        flows.s3_destination(first, fileType="CSV"),
        flows.s3_destination(second, "all/", **SINGLE),
        flows.s3_destination(second, "each", prefixConfig={"pathPrefixHierarchy": ["EXECUTION_ID"]}),
    ])
    name = definition["flowName"]
    execution, record = place.run(definition)
    assert place.buckets.keys(first) == [f"{name}/{execution}-{number}" for number in (1, 2)]
    assert rows(place.outputs(first)) == ROWS
    assert place.buckets.keys(second, "all/") == [f"all/{name}/{execution}"]
    assert records(place.outputs(second, "all/")) == AS_RECORDS
    assert place.buckets.keys(second, "each/") == [f"each/{name}/{execution}/{execution}-{number}" for number in (1, 2)]
    assert records(place.outputs(second, "each/")) == AS_RECORDS
    sizes = [sum(map(len, place.outputs(*where))) for where in [(first,), (second, "all/"), (second, "each/")]]
    assert record["destinationResults"] == [
        {"connectorType": "S3", "place": where, "executionStatus": "Successful", "bytesWritten": size,
         "recordsProcessed": 3}
        for where, size in zip([f"s3://{first}", f"s3://{second}/all", f"s3://{second}/each"], sizes)]
    result = record["executionResult"]
    assert (result["recordsProcessed"], result["bytesWritten"]) == (3, sum(sizes)) and "errorInfo" not in result
    assert result["bytesProcessed"] == sum(len(text) for text in ORDERS.values()), "the source is read once"
    described = place.cluster.client().describe_flow(flowName=name)
    assert len(described["destinationFlowConfigList"]) == 3


def test_long_prefixes_of_one_bucket(place):
    """They differ only at their ends, beyond what a file's name has room for."""
    bucket = place.bucket()
    prefixes = ["/".join(["p" * 90] * 4 + [end]) for end in ("a", "b")]
    definition = place.flow(ORDERS, [flows.s3_destination(bucket, prefix) for prefix in prefixes])
    place.run(definition)
    for prefix in prefixes:
        assert records(place.outputs(bucket, prefix + "/")) == AS_RECORDS


def test_a_missing_bucket_keeps_nothing_from_the_others(place):
    first, last = place.bucket(), place.bucket()
    definition = place.flow(ORDERS, [
        flows.s3_destination(first, fileType="CSV"), flows.s3_destination("no-such-bucket", "out"),
        flows.s3_destination(last)])
    _, record = place.run(definition, "Error")
    assert rows(place.outputs(first)) == ROWS and records(place.outputs(last)) == AS_RECORDS
    results = record["destinationResults"]
    assert [one["executionStatus"] for one in results] == ["Successful", "Error", "Successful"]
    assert [one["bytesWritten"] for one in results] == [
        sum(map(len, place.outputs(first))), 0, sum(map(len, place.outputs(last)))]
    assert [one.get("recordsProcessed") for one in results] == [3, None, 3]
    assert results[1]["place"] == "s3://no-such-bucket/out" and results[1]["errorInfo"]["putFailuresCount"] == 1
    assert "NoSuchBucket" in results[1]["errorInfo"]["executionMessage"]
    assert [one.get("errorInfo") is None for one in results] == [True, False, True]
    result = record["executionResult"]
    assert result["errorInfo"]["executionMessage"].startswith("Destination 2 of 3 (s3://no-such-bucket/out) failed: ")
    assert result["bytesWritten"] == sum(one["bytesWritten"] for one in results)
    last_run = place.cluster.client().describe_flow(flowName=definition["flowName"])["lastRunExecutionDetails"]
    assert last_run["mostRecentExecutionStatus"] == "Error"
    assert "no-such-bucket" in last_run["mostRecentExecutionMessage"]


def test_all_buckets_missing(place):
    missing = [flows.s3_destination(f"no-such-bucket-{number}") for number in (1, 2)]
    definition = place.flow(ORDERS, missing)
    _, record = place.run(definition, "Error")
    assert [one["executionStatus"] for one in record["destinationResults"]] == ["Error", "Error"]
    message = record["executionResult"]["errorInfo"]["executionMessage"]
    assert "no-such-bucket-1" in message and "no-such-bucket-2" in message
    assert record["executionResult"]["bytesWritten"] == 0


def test_what_fails_before_the_destinations_is_the_failure_of_each(place):
    first, second = place.bucket(), place.bucket()
    definition = place.flow({"a.csv": "id\n1\n2,3\n"}, [flows.s3_destination(first), flows.s3_destination(second)])
    _, record = place.run(definition, "Error")
    message = record["executionResult"]["errorInfo"]["executionMessage"]
    assert [one["errorInfo"] for one in record["destinationResults"]] == [
        {"executionMessage": message, "putFailuresCount": 0}] * 2
    assert place.outputs(first) == place.outputs(second) == []


def test_no_records_are_a_success_everywhere(place):
    definition = place.flow({}, [flows.s3_destination(place.bucket()), flows.s3_destination(place.bucket())])
    _, record = place.run(definition)
    assert [(one["executionStatus"], one["recordsProcessed"], one["bytesWritten"])
            for one in record["destinationResults"]] == [("Successful", 0, 0)] * 2


def test_one_destination_shows_nothing_more(place):
    _, record = place.run(place.flow(ORDERS, [flows.s3_destination(place.bucket())]))
    _, failed = place.run(place.flow(ORDERS, [flows.s3_destination("no-such-bucket")]), "Error")
    assert "destinationResults" not in record and "destinationResults" not in failed


def test_a_late_column_fails_the_one_csv_file_alone(place):
    first, second = place.bucket(), place.bucket()
    definition = place.flow(
        {"1.csv": "id\n1\n", "2.csv": "id,more\n2,x\n"},
        [flows.s3_destination(first, fileType="CSV", **SINGLE), flows.s3_destination(second)])
    _, record = place.run(definition, "Error")
    assert place.outputs(first) == []
    assert records(place.outputs(second)) == [{"id": "1"}, {"id": "2", "more": "x"}]
    assert [one["executionStatus"] for one in record["destinationResults"]] == ["Error", "Successful"]


def test_a_large_output_goes_in_parts_to_each(place):
    first, second = place.bucket(), place.bucket()
    data = "id,text\n" + "".join(f"{number},{'x' * 90}\n" for number in range(250_000))
    definition = place.flow(
        {"a.csv": data}, [flows.s3_destination(first, fileType="CSV"), flows.s3_destination(second)])
    _, record = place.run(definition, timeout=120)
    (one,), (other,) = place.outputs(first), place.outputs(second)
    assert one.decode() == data
    assert [json.loads(line)["id"] for line in other.splitlines()] == [str(number) for number in range(250_000)]
    assert [result["bytesWritten"] for result in record["destinationResults"]] == [len(one), len(other)]


def test_a_target_size_cuts_the_files_of_its_own_destination(place):
    first, second = place.bucket(), place.bucket()
    data = "id,text\n" + "".join(f"{number},{'x' * 90}\n" for number in range(120_000))
    target = {"aggregationConfig": {"aggregationType": "None", "targetFileSize": 2}}
    definition = place.flow({"a.csv": data}, [
        flows.s3_destination(first, fileType="CSV", **target), flows.s3_destination(second, fileType="CSV")])
    execution, _ = place.run(definition)
    folder = f"{definition['flowName']}/{execution}"
    cut = {key: place.buckets.get(first, key).decode() for key in place.buckets.keys(first)}
    assert len(cut) > 2 and set(cut) == {f"{folder}-{number}" for number in range(1, len(cut) + 1)}
    pieces = [cut[f"{folder}-{number}"] for number in range(1, len(cut) + 1)]
    assert all(piece.startswith("id,text\n") for piece in pieces)
    assert all(2_000_000 <= len(piece) < 6_000_000 for piece in pieces[:-1])
    assert "id,text\n" + "".join(piece.removeprefix("id,text\n") for piece in pieces) == data
    assert place.buckets.keys(second) == [folder] and place.buckets.get(second, folder).decode() == data


def test_a_worker_dies_between_manifest_and_completion(place, tmp_path):
    """Whatever was completed before, another attempt completes the rest: all outputs whole, once."""
    first, second = place.bucket(), place.bucket()
    definition = place.flow(ORDERS, [flows.s3_destination(first, fileType="CSV"), flows.s3_destination(second)])
    sign = tmp_path / "paused"
    place.use_workers({**place.environment, "MILLRACE_TEST_PAUSE_AFTER_MANIFEST": str(sign)})
    (paused,) = place.cluster.of_role("worker")
    execution = place.start(definition)
    wait_until(lambda: sign.exists() and sign.read_text().strip(), 30, lambda: place.cluster.tails())
    assert place.outputs(first) == place.outputs(second) == []
    paused.kill()
    place.cluster.members.remove(paused)
    place.use_workers(place.environment)
    record = place.end(definition, execution, "Successful")
    assert rows(place.outputs(first)) == ROWS and records(place.outputs(second)) == AS_RECORDS
    assert [one["executionStatus"] for one in record["destinationResults"]] == ["Successful"] * 2
    assert len(raw_records(place.cluster, definition["flowName"])) == 1


# With an S3 whose answers can be held or falsified


class HeldPlace(Place):
    def __init__(self, cluster, services):
        self.proxy = FaultProxy(services.moto.endpoint)
        super().__init__(cluster, services.moto.buckets(), services.moto.worker_environment(self.proxy.endpoint))

    def counted(self, operation, containing):
        """A rule that lets requests pass and counts them."""
        return self.proxy.add(
            Rule(lambda exchange: exchange.send(exchange.forward()), operation, containing=containing))

    def failing(self, operation, containing):
        return self.proxy.add(Rule(fault_proxy.answer_error(503, "SlowDown"), operation, containing=containing))


@pytest.fixture(scope="module")
def held_place(cluster, services):
    place = HeldPlace(cluster, services)
    yield place
    place.proxy.close()


@pytest.fixture
def held(held_place):
    yield held_place
    held_place.proxy.clear()


def test_a_cancelled_run_leaves_nothing_anywhere(held):
    first, second = held.bucket(), held.bucket()
    definition = held.flow(ORDERS, [flows.s3_destination(first), flows.s3_destination(second, fileType="CSV")])
    hold = Hold()
    held.proxy.add(Rule(fault_proxy.stall(hold, 0.3), "read", containing="2.csv", times=1))
    execution = held.start(definition)
    assert hold.reached.wait(20), held.cluster.tails()
    held.cluster.client().cancel_flow_executions(flowName=definition["flowName"], executionIds=[execution])
    held.end(definition, execution, "Canceled", timeout=20)
    hold.release()
    assert held.outputs(first) == held.outputs(second) == []
    for bucket in (first, second):
        wait_until(lambda: not held.buckets.open_uploads(bucket), 20, f"the abort of {bucket}'s uploads")


def test_a_completion_that_is_retried_does_only_what_is_left(held):
    """The second destination is away for the whole first attempt."""
    first, second = held.bucket(), held.bucket()
    definition = held.flow(ORDERS, [flows.s3_destination(first, fileType="CSV"), flows.s3_destination(second)])
    away = held.failing("complete", second)
    done = held.counted("complete", first)
    execution = held.start(definition)
    wait_until(lambda: requeued(held.cluster, execution), 60, lambda: held.cluster.tails())
    assert rows(held.outputs(first)) == ROWS and held.outputs(second) == []
    held.proxy.rules.remove(away)
    record = held.end(definition, execution, "Successful")
    assert records(held.outputs(second)) == AS_RECORDS
    assert done.applied == 2, "each of the first destination's files is completed once"
    assert [one["bytesWritten"] for one in record["destinationResults"]] == [
        sum(map(len, held.outputs(bucket))) for bucket in (first, second)]


def test_a_worker_dies_in_the_middle_of_completion(held):
    """The first destination is visible, the second is not: another worker makes the first visible once more, and then
    the rest."""
    first, second = held.bucket(), held.bucket()
    definition = held.flow(ORDERS, [flows.s3_destination(first), flows.s3_destination(second, fileType="CSV")])
    hold = Hold()
    held.proxy.add(Rule(fault_proxy.silence(hold), "complete", containing=second))
    execution = held.start(definition)
    assert hold.reached.wait(30), held.cluster.tails()
    assert records(held.outputs(first)) == AS_RECORDS and held.outputs(second) == []
    (worker,) = held.cluster.of_role("worker")
    worker.kill()
    held.proxy.clear()
    hold.release()
    worker.start().wait_ready()
    record = held.end(definition, execution, "Successful")
    assert records(held.outputs(first)) == AS_RECORDS and rows(held.outputs(second)) == ROWS
    assert [one["bytesWritten"] for one in record["destinationResults"]] == [
        sum(map(len, held.outputs(bucket))) for bucket in (first, second)]


def requeued(cluster, execution):
    """Whether an attempt of a live run has failed."""
    with cluster.postgres.connect(cluster.database) as connection:
        row = connection.execute("SELECT failures FROM live_runs WHERE run_id = %s", [execution]).fetchone()
    return row and row[0] > 0


@pytest.mark.parametrize("operation", ["begin", "complete"])
def test_a_destination_that_stays_away_fails_alone_in_the_last_attempt(held, operation):
    first, second = held.bucket(), held.bucket()
    definition = held.flow(ORDERS, [flows.s3_destination(first), flows.s3_destination(second, fileType="CSV")])
    held.failing(operation, first)
    _, record = held.run(definition, "Error", timeout=90)
    assert held.outputs(first) == [] and rows(held.outputs(second)) == ROWS
    failed, whole = record["destinationResults"]
    assert (failed["executionStatus"], whole["executionStatus"]) == ("Error", "Successful")
    assert f"gave up after {ATTEMPTS} attempts" in failed["errorInfo"]["executionMessage"]
    held.proxy.clear()
    wait_until(lambda: not held.buckets.open_uploads(first), 30, "the abort of the uploads that were left")


# What is refused, and what is changed


def test_destinations_of_one_place_are_refused(cluster):
    client = cluster.client()
    twice = [flows.s3_destination("one-bucket", "x"), flows.s3_destination("other"),
             flows.s3_destination("one-bucket", "/x/")]
    definition = flows.flow(unique(), destinationFlowConfigList=twice)
    words = ("destinationFlowConfigList.3.member", "same place as destinationFlowConfigList.1.member",
             "s3://one-bucket/x")
    with refused("ValidationException", 400, *words):
        client.create_flow(**definition)
    definition["destinationFlowConfigList"] = twice[:2]
    client.create_flow(**definition)
    with refused("ValidationException", 400, *words):
        client.update_flow(**flows.update_of(definition, destinationFlowConfigList=twice))
    eleven = [flows.s3_destination(f"bucket-{number}") for number in range(11)]
    with refused("ValidationException", 400, "at most 10 destinations, found 11"):
        client.create_flow(**flows.flow(unique(), destinationFlowConfigList=eleven))


def test_an_update_changes_the_list(place):
    first, second = place.bucket(), place.bucket()
    definition = place.flow(ORDERS, [flows.s3_destination(first)])
    place.run(definition)
    client = place.cluster.client()
    name = definition["flowName"]
    for destinations in ([flows.s3_destination(second, fileType="CSV"), flows.s3_destination(first, "more")],
                         [flows.s3_destination(first, "last")]):
        client.update_flow(**flows.update_of(definition, destinationFlowConfigList=destinations))
        execution = client.start_flow(flowName=name)["executionId"]
        record = place.end(definition, execution, "Successful")
        assert len(record.get("destinationResults", [])) == (2 if len(destinations) == 2 else 0)
    assert rows(place.outputs(second)) == ROWS
    assert records(place.outputs(first, "more/")) == records(place.outputs(first, "last/")) == AS_RECORDS


def test_a_connector_that_does_not_run_yet_ends_the_run_before_anything_is_touched(place):
    bucket = place.bucket()
    bridge = {"connectorType": "EventBridge", "destinationConnectorProperties": {"EventBridge": {"object": "bus"}}}
    definition = place.flow(ORDERS, [bridge, flows.s3_destination(bucket)])
    _, record = place.run(definition, "Error")
    message = record["executionResult"]["errorInfo"]["executionMessage"]
    assert message == "Not supported yet: the destination connector EventBridge (S3 is)."
    assert place.outputs(bucket) == []
    assert [one["place"] for one in record["destinationResults"]] == ["bus", f"s3://{bucket}"]
    flow = next(one for one in all_flows(place.cluster.client()) if one["flowName"] == definition["flowName"])
    assert flow["destinationConnectorType"] == "EventBridge"


def all_flows(client):
    token = None
    while True:
        page = client.list_flows(maxResults=100, **({"nextToken": token} if token else {}))
        yield from page["flows"]
        token = page.get("nextToken")
        if not token:
            return
