# SPDX-License-Identifier: Apache-2.0
"""What runs do: S3 to S3, over moto, moto with authentication (buckets in the path and in the host), rclone and a folder
of buckets."""

import csv
import datetime
import io
import json
import re
import time

import pytest

from support import fault_proxy, flows
from support.errors import refused
from support.fault_proxy import FaultProxy, Hold, Rule
from support.names import unique
from support.waiting import wait_until

SOURCE, DESTINATION = "runs-source", "runs-destination"


@pytest.fixture(scope="module")
def cluster(make_cluster):
    """Its worker is replaced as the tests move from store to store."""
    cluster = make_cluster(
        api=1, controller=1, worker=0,
        environment={"MILLRACE_LEASE_SECONDS": "2", "MILLRACE_MAX_ATTEMPTS": "2"})
    yield cluster
    cluster.stop()


class Place:
    """A cluster whose worker uses one store, with a source and a destination bucket in it."""

    def __init__(self, cluster, store, buckets, environment):
        self.cluster = cluster
        self.store = store
        self.buckets = buckets
        self.environment = environment
        buckets.create(SOURCE)
        buckets.create(DESTINATION)
        cluster.replace("worker", environment)

    def flow(self, name, inputs, tasks=None, input_type="CSV", **output):
        """A flow over objects of its own: `inputs` maps the rest of the key to its content."""
        for key, data in inputs.items():
            self.buckets.put(SOURCE, f"{name}/{key}", data)
        return flows.flow(
            name, flows.s3_source(SOURCE, name, input_type), flows.s3_destination(DESTINATION, "out", **output), tasks)

    def outputs(self, name):
        """Key (below the flow's folder) → content."""
        prefix = f"out/{name}/"
        return {key.removeprefix(prefix): self.buckets.get(DESTINATION, key)
                for key in self.buckets.keys(DESTINATION, prefix)}

    def run(self, inputs, tasks=None, input_type="CSV", **output):
        """Runs a new flow to its end; returns (record, the output objects' contents in key order)."""
        name = unique("run")
        execution, record = self.cluster.run(self.flow(name, inputs, tasks, input_type, **output))
        objects = self.outputs(name)
        assert all(key.startswith(execution) for key in objects), objects
        return record, [objects[key] for key in sorted(objects)]

    def successful(self, *arguments, **keywords):
        record, objects = self.run(*arguments, **keywords)
        assert record["executionStatus"] == "Successful", record
        return record, objects


@pytest.fixture(scope="module", params=["folder", "moto", "moto-auth", "moto-virtual", "rclone"])
def place(request, cluster, services):
    if request.param == "folder":
        buckets = services.bucket_folder()
        return Place(cluster, None, buckets, buckets.worker_environment())
    store = {"moto": lambda: services.moto, "moto-auth": lambda: services.moto_with_authentication,
             "moto-virtual": lambda: services.moto_with_authentication,
             "rclone": lambda: services.rclone}[request.param]()
    environment = store.worker_environment()
    if request.param == "moto-virtual":
        # AWS's default. libcurl knows every name below localhost; moto takes such a host's first label for the bucket.
        environment |= {"MILLRACE_S3_ADDRESSING": "virtual", "AWS_ENDPOINT_URL_S3": f"http://localhost:{store.port}"}
    return Place(cluster, store, store.buckets(), environment)


def lines(objects):
    return [json.loads(line) for data in objects for line in data.splitlines()]


ORDERS = "id,customer,amount\n1,Ann,10.5\n2,\"Bob \"\"B\"\" Ray\",-3\n3,\"two\nlines, and a comma\",\n4,\"\",7\n"


# Every store


@pytest.mark.parametrize("file_type, expected", [
    ("JSON", [b'{"id":"1","customer":"Ann","amount":"10.5"}\n{"id":"2","customer":"Bob \\"B\\" Ray","amount":"-3"}\n'
              b'{"id":"3","customer":"two\\nlines, and a comma","amount":null}\n{"id":"4","customer":"","amount":"7"}\n']),
    ("CSV", None)])
def test_csv_to(place, file_type, expected):
    record, objects = place.successful({"orders.csv": ORDERS}, fileType=file_type)
    if expected:
        assert objects == expected
    else:
        (data,) = objects
        assert list(csv.reader(io.StringIO(data.decode(), newline=""))) == list(
            csv.reader(io.StringIO(ORDERS, newline="")))
        assert data.startswith(b"id,customer,amount\n") and b"\r" not in data
    result = record["executionResult"]
    assert result["recordsProcessed"] == 4
    assert result["bytesProcessed"] == len(ORDERS.encode())
    assert result["bytesWritten"] == sum(len(data) for data in objects)


@pytest.mark.parametrize("file_type, expected", [
    ("JSON", b'{"n":1.10,"b":true,"s":"\xc3\xa9","o":{"a":[1,2]},"z":null}\n{"n":-0,"s":"x"}\n'),
    ("CSV", b'n,b,s,o,z\n1.10,true,\xc3\xa9,"{""a"":[1,2]}",\n-0,,x,,\n')])
def test_json_lines_to(place, file_type, expected):
    """Numbers keep their text; a member that a record lacks is left empty in CSV."""
    data = b'{"n":1.10,"b":true,"s":"\\u00e9","o":{"a":[1,2]},"z":null}\n{"n":-0,"s":"x"}\n'
    _, objects = place.successful({"records.jsonl": data}, input_type="JSON", fileType=file_type)
    if file_type == "CSV":
        assert objects == [expected]
    else:
        records = lines(objects)
        assert [{key: value for key, value in record.items() if value is not None} for record in records] == [
            {"n": 1.1, "b": True, "s": "é", "o": {"a": [1, 2]}}, {"n": 0, "s": "x"}]
        assert b"1.10" in objects[0] and b'"a":[1,2]' in objects[0]


def test_many_objects_become_one_file_each_or_a_single_one(place):
    inputs = {f"part/{number:02}.csv": f"id\n{number}\n" for number in range(12)}
    _, objects = place.successful(inputs)
    assert sorted(record["id"] for record in lines(objects)) == sorted(str(number) for number in range(12))
    assert len(objects) == 12
    _, objects = place.successful(inputs, aggregationConfig={"aggregationType": "SingleFile"})
    assert len(objects) == 1
    assert [record["id"] for record in lines(objects)] == [str(number) for number in range(12)]


def test_larger_object_goes_through_several_parts(place):
    """Some 18 MB of output: more than three parts of an upload."""
    data = "id,padding\n" + "".join(f"{number},{'p' * 160}\n" for number in range(90_000))
    record, objects = place.successful({"large.csv": data})
    assert record["executionResult"]["recordsProcessed"] == 90_000
    (output,) = objects
    assert output.count(b"\n") == 90_000
    assert [int(line[7:line.index(b'"', 7)]) for line in output.splitlines()] == list(range(90_000))
    assert record["executionResult"]["bytesWritten"] == len(output)


def test_keys_with_odd_characters_are_read(place):
    inputs = {key: f"id\n{number}\n" for number, key in enumerate(
        ["with space.csv", "plus+and&amp.csv", "percent%41.csv", "ünï✓.csv", "deep/er/and'quote.csv", "a=b;c,d(1)!.csv"])}
    _, objects = place.successful(inputs, aggregationConfig={"aggregationType": "SingleFile"})
    assert sorted(record["id"] for record in lines(objects)) == sorted(str(number) for number in range(len(inputs)))


@pytest.mark.parametrize(
    "place, path", [("moto-auth", f"/{DESTINATION}/out/"), ("moto-virtual", "/out/")], indirect=["place"])
def test_the_bucket_is_in_the_path_or_in_the_host(place, path):
    """The store's own log tells which: it has what stood in the request line."""
    name = unique("run")
    execution, record = place.cluster.run(place.flow(name, {"a.csv": "id\n1\n"}))
    assert record["executionStatus"] == "Successful", record
    with open(place.store.process.log_path) as log:
        posts = [line.split('"POST ')[1] for line in log if '"POST ' in line]
    opened = [post.split("?")[0] for post in posts if f"{name}/{execution}" in post]
    assert opened and all(opener.startswith(f"{path}{name}/") for opener in opened), opened


def test_nothing_found_is_success_with_a_message(place):
    record, objects = place.successful({})
    assert objects == []
    assert record["executionResult"].get("recordsProcessed", 0) == 0


@pytest.mark.parametrize("side", ["source", "destination"])
def test_missing_bucket_ends_in_error_with_the_reason(place, side):
    name = unique("run")
    definition = place.flow(name, {"a.csv": "id\n1\n"})
    if side == "source":
        definition["sourceFlowConfig"] = flows.s3_source("no-such-bucket", "in")
    else:
        definition["destinationFlowConfigList"] = [flows.s3_destination("no-such-bucket", "out")]
    _, record = place.cluster.run(definition, timeout=60)
    assert record["executionStatus"] == "Error", record
    assert "no-such-bucket" in record["executionResult"]["errorInfo"]["executionMessage"]


# Semantics, which do not depend on the store: on folders only


@pytest.fixture(scope="module")
def folder(cluster, services):
    buckets = services.bucket_folder()
    return Place(cluster, None, buckets, buckets.worker_environment())


ROWS = """\
id,first,last,price,qty,created
1,Ann,Lee,10.5,2,2022-02-01T00:00:00Z
2,Bob,Ray,-3,0,2022-03-01T00:00:00Z
3,Cy,,abc,5,2022-04-01T00:00:00Z
4,ann,"",2,10,2022-03-08T00:00:00Z
5,"Lee, Jr",X,10.50,,not a date
"""


@pytest.mark.parametrize("tasks, expected", [
    ([("first", "EQUAL_TO", {"VALUE": "Ann"})], "1"),
    ([("first", "EQUAL_TO", {"VALUES": "Ann,Cy"})], "13"),
    ([("first", "EQUAL_TO", {"VALUE": "Lee, Jr"})], "5"),
    ([("first", "NOT_EQUAL_TO", {"VALUE": "Ann"})], "2345"),
    ([("first", "NOT_EQUAL_TO", {"VALUES": "Ann,Cy"})], "245"),
    ([("last", "NOT_EQUAL_TO", {"VALUE": "Lee"})], "2345"),
    ([("last", "EQUAL_TO", {"VALUE": "Lee"})], "1"),
    ([("price", "EQUAL_TO", {"DATA_TYPE": "double", "VALUE": "10.5"})], "15"),
    ([("qty", "GREATER_THAN", {"DATA_TYPE": "integer", "VALUE": "2"})], "34"),
    ([("qty", "GREATER_THAN_OR_EQUAL_TO", {"DATA_TYPE": "integer", "VALUE": "2"})], "134"),
    ([("qty", "LESS_THAN", {"DATA_TYPE": "integer", "VALUE": "5"})], "12"),
    ([("qty", "LESS_THAN_OR_EQUAL_TO", {"DATA_TYPE": "integer", "VALUE": "5"})], "123"),
    ([("price", "LESS_THAN", {"DATA_TYPE": "double", "VALUE": "0"})], "2"),
    ([("qty", "GREATER_THAN", {"DATA_TYPE": "string", "VALUE": "10"})], "13"),
    ([("created", "BETWEEN", {"DATA_TYPE": "datetime", "LOWER_BOUND": "1643587200000", "UPPER_BOUND": "1646697600000"})], "12"),
    ([("created", "GREATER_THAN", {"DATA_TYPE": "datetime", "VALUE": "1646092800000"})], "34"),
    ([("qty", "BETWEEN", {"DATA_TYPE": "integer", "LOWER_BOUND": "0", "UPPER_BOUND": "10"})], "13"),
    ([("first", "EQUAL_TO", {"VALUES": "Ann,Bob"}), ("qty", "GREATER_THAN", {"DATA_TYPE": "integer", "VALUE": "0"})], "1"),
    ([("no_such_column", "EQUAL_TO", {"VALUE": "x"})], ""),
], ids=lambda value: "-".join(f"{field}-{operator}" for field, operator, _ in value) if isinstance(value, list) else value)
def test_filters(folder, tasks, expected):
    filters = [flows.filter_task(field, operator, **{"DATA_TYPE": "string", **properties})
               for field, operator, properties in tasks]
    record, objects = folder.successful({"rows.csv": ROWS}, [*filters, flows.map_task("id")])
    assert "".join(record["id"] for record in lines(objects)) == expected
    assert record["executionResult"]["recordsProcessed"] == 5, "what was read, filtered or not"


@pytest.mark.parametrize("tasks, expected", [
    ([flows.map_task("first", "given_name")], {"given_name": "Ann"}),
    ([flows.map_task("last", "b"), flows.map_task("first", "a"), flows.map_task("last", "c")],
     {"b": "Lee", "a": "Ann", "c": "Lee"}),
    ([flows.map_task("nowhere", "x"), flows.map_task("id")], {"x": None, "id": "1"}),
    ([flows.map_all(["price", "qty", "created"])], {"id": "1", "first": "Ann", "last": "Lee"}),
    ([flows.map_all([])], {"id": "1", "first": "Ann", "last": "Lee", "price": "10.5", "qty": "2",
                           "created": "2022-02-01T00:00:00Z"}),
    ([flows.map_all(["created", "qty", "price"]), flows.map_task("first", "last")],
     {"id": "1", "first": "Ann", "last": "Ann"}),
    ([flows.projection("id", "first"), flows.map_task("id"), flows.map_task("first")], {"id": "1", "first": "Ann"}),
    ([flows.projection("id", "first"), flows.map_all()], {"id": "1", "first": "Ann"}),
], ids=["rename", "order", "absent", "exclude", "all", "override", "projection", "projection-all"])
def test_mappings(folder, tasks, expected):
    _, objects = folder.successful({"rows.csv": ROWS}, tasks)
    first = lines(objects)[0]
    assert first == expected
    if len({entry["taskType"] for entry in tasks}) == 1:  # where a replaced field stands is left open
        assert list(first) == list(expected)


def test_map_all_unites_the_columns_of_all_objects(folder):
    inputs = {"1.csv": "a,b\n1,2\n", "2.csv": "b,a\n3,4\n", "3.csv": "\ufeffa,b\r\n5,6\r\n"}
    _, objects = folder.successful(inputs, aggregationConfig={"aggregationType": "SingleFile"})
    assert [(record["a"], record["b"]) for record in lines(objects)] == [("1", "2"), ("4", "3"), ("5", "6")]


def test_short_rows_are_filled_with_null(folder):
    _, objects = folder.successful({"rows.csv": "a,b,c\n1\n2,x\n"})
    assert lines(objects) == [{"a": "1", "b": None, "c": None}, {"a": "2", "b": "x", "c": None}]


def test_json_array_is_read_like_lines(folder):
    _, objects = folder.successful({"all.json": '[{"a":1},\n {"a":2}]'}, input_type="JSON")
    assert lines(objects) == [{"a": 1}, {"a": 2}]


def test_prefix_is_matched_as_text(folder):
    """As S3 itself does; an exact key works, too."""
    name = unique("prefix")
    for key, data in {"-a.csv": "id\n1\n", "/b.csv": "id\n2\n", "-other/c.csv": "id\n3\n"}.items():
        folder.buckets.put(SOURCE, name + key, data)
    _, record = folder.cluster.run(
        flows.flow(name, flows.s3_source(SOURCE, name), flows.s3_destination(DESTINATION, "out")))
    assert record["executionResult"]["recordsProcessed"] == 3, record
    exact = unique("exact")
    execution, record = folder.cluster.run(
        flows.flow(exact, flows.s3_source(SOURCE, f"{name}-a.csv"), flows.s3_destination(DESTINATION, "out")))
    assert record["executionResult"]["recordsProcessed"] == 1, record


# Object names: destinations-s3.md §2 of the reference


@pytest.mark.parametrize("output, pattern", [
    ({}, "{id}"),
    ({"prefixConfig": {"prefixType": "PATH", "prefixFormat": "DAY"}}, "%Y/%m/%d/{id}"),
    ({"prefixConfig": {"prefixType": "PATH", "prefixFormat": "YEAR"}}, "%Y/{id}"),
    ({"prefixConfig": {"prefixType": "PATH", "prefixFormat": "MINUTE"}}, "%Y/%m/%d/%H/%M/{id}"),
    ({"prefixConfig": {"prefixType": "PATH"}}, "{id}"),
    ({"prefixConfig": {"pathPrefixHierarchy": ["EXECUTION_ID", "SCHEMA_VERSION"]}}, "schemaVersion_1/{id}/{id}"),
    ({"prefixConfig": {"prefixType": "PATH", "prefixFormat": "MONTH", "pathPrefixHierarchy": ["SCHEMA_VERSION"]}},
     "schemaVersion_1/%Y/%m/{id}"),
], ids=["default", "day", "year", "minute", "path-without-format", "hierarchy", "both"])
def test_object_names(folder, output, pattern):
    name = unique("named")
    before = datetime.datetime.now(datetime.timezone.utc)
    execution, record = folder.cluster.run(folder.flow(name, {"a.csv": "id\n1\n"}, **output))
    after = datetime.datetime.now(datetime.timezone.utc)
    assert record["executionStatus"] == "Successful", record
    (key,) = folder.outputs(name)
    assert key in {moment.strftime(pattern).replace("{id}", execution) for moment in (before, record["startedAt"], after)}


@pytest.mark.parametrize("kind", ["FILENAME", "PATH_AND_FILENAME"])
def test_file_name_ends_with_its_time(folder, kind):
    name = unique("named")
    execution, record = folder.cluster.run(folder.flow(
        name, {"a.csv": "id\n1\n"}, prefixConfig={"prefixType": kind, "prefixFormat": "DAY"}))
    (key,) = folder.outputs(name)
    folders, _, file = key.rpartition("/")
    assert re.fullmatch(re.escape(execution) + r"-\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2})?", file), key
    assert bool(folders) == (kind == "PATH_AND_FILENAME")


def test_schema_version_folder_counts_mapping_changes(folder):
    name = unique("named")
    definition = folder.flow(
        name, {"a.csv": "id,b\n1,2\n"}, [flows.map_task("id")], prefixConfig={"pathPrefixHierarchy": ["SCHEMA_VERSION"]})
    folder.cluster.run(definition)
    client = folder.cluster.client()
    client.update_flow(**flows.update_of(definition, tasks=[flows.map_task("b")]))
    execution = client.start_flow(flowName=name)["executionId"]
    folder.cluster.wait_run(name, execution)
    outputs = folder.outputs(name)
    assert sorted(key.split("/")[0] for key in outputs) == ["schemaVersion_1", "schemaVersion_2"]
    assert lines([outputs[f"schemaVersion_2/{execution}"]]) == [{"b": "2"}]


def test_destination_without_prefix_and_with_slashes(folder):
    for prefix, start in ((None, ""), ("deep/er/", "deep/er/"), ("plain", "plain/")):
        name = unique("named")
        definition = folder.flow(name, {"a.csv": "id\n1\n"})
        definition["destinationFlowConfigList"] = [flows.s3_destination(DESTINATION, prefix)]
        execution, _ = folder.cluster.run(definition)
        assert folder.buckets.keys(DESTINATION, f"{start}{name}/") == [f"{start}{name}/{execution}"]


# Reports


def test_flow_shows_its_last_run(folder):
    name = unique("report")
    _, record = folder.cluster.run(folder.flow(name, {"a.csv": "id\n1\n"}))
    client = folder.cluster.client()

    def details():
        found = client.describe_flow(flowName=name).get("lastRunExecutionDetails", {})
        return found if found.get("mostRecentExecutionStatus") == "Successful" else None

    found = wait_until(details, 10, "the flow's last run")
    assert found["mostRecentExecutionMessage"] == "Successfully ran the flow"
    assert found["mostRecentExecutionTime"] <= record["lastUpdatedAt"] + datetime.timedelta(seconds=1)
    assert record["startedAt"] <= record["lastUpdatedAt"]

    def listed():
        flow = next(flow for flow in client.list_flows(maxResults=100)["flows"] if flow["flowName"] == name)
        return flow.get("lastRunExecutionDetails") == found

    wait_until(listed, 10, "the list of flows to show the same")  # it is written a moment after the run's end


def test_empty_run_says_that_it_found_nothing(folder):
    name = unique("report")
    _, record = folder.cluster.run(folder.flow(name, {}))
    assert record["executionStatus"] == "Successful"
    client = folder.cluster.client()
    message = wait_until(
        lambda: client.describe_flow(flowName=name).get("lastRunExecutionDetails", {}).get("mostRecentExecutionMessage"),
        10, "the flow's last run")
    said = message + record["executionResult"].get("errorInfo", {}).get("executionMessage", "")
    assert re.search(r"\b(no|zero|0|nothing)\b", said, re.IGNORECASE), said


@pytest.mark.parametrize("inputs, input_type, words", [
    ({"bad.csv": "a,b\n1,2\n3,4,5\n"}, "CSV", ["bad.csv", "3"]),
    ({"good.csv": "a\n1\n", "worse.csv": "a\n\"open quote\n"}, "CSV", ["worse.csv"]),
    ({"bad.jsonl": '{"a":1}\n{"a":\n'}, "JSON", ["bad.jsonl", "2"]),
    ({"bad.jsonl": '{"a":1}\n17\n'}, "JSON", ["bad.jsonl", "2"]),
], ids=["long-row", "open-quote", "broken-json", "not-an-object"])
def test_bad_input_ends_in_error_with_the_place_and_no_output(folder, inputs, input_type, words):
    record, objects = folder.run(inputs, input_type=input_type)
    assert record["executionStatus"] == "Error" and objects == []
    message = record["executionResult"]["errorInfo"]["executionMessage"]
    for word in words:
        assert word in message


def test_run_uses_the_definition_that_it_was_started_with(folder):
    """Update while the run is queued: later runs see it, this one does not."""
    name = unique("snapshot")
    client = folder.cluster.client()
    (worker,) = folder.cluster.of_role("worker")
    definition = folder.flow(name, {"a.csv": "id,b\n1,2\n"}, [flows.map_task("id")])
    client.create_flow(**definition)
    worker.process.suspend()
    try:
        execution = client.start_flow(flowName=name)["executionId"]
        client.update_flow(**flows.update_of(definition, tasks=[flows.map_task("b")]))
    finally:
        worker.process.resume()
    folder.cluster.wait_run(name, execution)
    assert lines(folder.outputs(name).values()) == [{"id": "1"}]

    def revisions():
        with folder.cluster.postgres.connect(folder.cluster.database) as connection:
            return [row[0] for row in connection.execute(
                "SELECT d.revision FROM flow_definitions d JOIN flows f ON f.uuid = d.flow_uuid WHERE f.name = %s", [name])]

    wait_until(lambda: revisions() == [2], 30, lambda: f"the end of the replaced definition: {revisions()}")


# Cancelling, deleting, giving up: with an S3 whose answers can be held


class HeldPlace(Place):
    def __init__(self, cluster, services):
        self.proxy = FaultProxy(services.moto.endpoint)
        super().__init__(
            cluster, services.moto, services.moto.buckets(), services.moto.worker_environment(self.proxy.endpoint))

    def start_held(self, name, operation="read", times=1):
        """Starts a flow whose worker waits for the store; returns (execution id, hold)."""
        hold = Hold()
        self.proxy.add(Rule(fault_proxy.stall(hold, 0.3), operation, containing=name, times=times))
        client = self.cluster.client()
        client.create_flow(**self.flow(name, {"a.csv": "id\n" + "".join(f"{number}\n" for number in range(1000))}))
        execution = client.start_flow(flowName=name)["executionId"]
        assert hold.reached.wait(20), self.cluster.tails()
        return execution, hold


@pytest.fixture(scope="module")
def held(cluster, services):
    place = HeldPlace(cluster, services)
    yield place
    place.proxy.close()


def test_running_run_is_cancelled_within_seconds(held):
    name = unique("cancel")
    execution, hold = held.start_held(name)
    client = held.cluster.client()
    asked = time.monotonic()
    assert client.cancel_flow_executions(flowName=name, executionIds=[execution]).get("invalidExecutions", []) == []
    status = client.describe_flow_execution_records(flowName=name)["flowExecutions"][0]["executionStatus"]
    assert status in ("CancelStarted", "Canceled")
    record = held.cluster.wait_run(name, execution, timeout=10)
    print(f"cancelled after {time.monotonic() - asked:.2f} s")
    hold.release()
    assert record["executionStatus"] == "Canceled"
    assert held.outputs(name) == {}
    wait_until(lambda: not [key for key in held.buckets.open_uploads(DESTINATION) if name in key], 15, "the upload's abort")


@pytest.mark.parametrize("force", [False, True])
def test_flow_is_deleted_while_it_runs(held, force):
    name = unique("delete")
    _, hold = held.start_held(name)
    client = held.cluster.client()
    client.delete_flow(flowName=name, forceDelete=force)
    with refused("ResourceNotFoundException", 404):
        client.describe_flow(flowName=name)
    hold.release()
    # The worker is free again and the deleted run left nothing.
    again = unique("after-delete")
    _, record = held.cluster.run(held.flow(again, {"a.csv": "id\n1\n"}))
    assert record["executionStatus"] == "Successful"
    wait_until(lambda: not [key for key in held.buckets.open_uploads(DESTINATION) if name in key], 15, "the upload's abort")
    assert held.outputs(name) == {}


def test_name_is_free_while_the_deleted_flow_still_runs(held):
    name = unique("reborn")
    _, hold = held.start_held(name)
    client = held.cluster.client()
    client.delete_flow(flowName=name, forceDelete=True)
    held.proxy.clear()
    execution, record = held.cluster.run(held.flow(name, {"a.csv": "id\n7\n"}))
    hold.release()
    assert record["executionStatus"] == "Successful"
    outputs = held.outputs(name)
    assert list(outputs) == [execution] and lines(outputs.values()) == [{"id": "7"}]
    assert len(client.describe_flow_execution_records(flowName=name)["flowExecutions"]) == 1


def test_folder_markers_are_no_data(held):
    name = unique("marker")
    definition = held.flow(name, {"a.csv": "id\n1\n", "": "", "deep/": ""})
    _, record = held.cluster.run(definition)
    assert (record["executionStatus"], record["executionResult"]["recordsProcessed"]) == ("Successful", 1), record
    assert len(held.outputs(name)) == 1


def test_progress_is_reported_while_a_run_goes_on(held):
    """Two objects, the second held: the first one's records count before the end."""
    name = unique("progress")
    hold = Hold()
    held.proxy.add(Rule(fault_proxy.stall(hold, 0.0), "read", containing=f"{name}/2.csv", times=1))
    client = held.cluster.client()
    client.create_flow(**held.flow(name, {"1.csv": "id\n1\n2\n3\n", "2.csv": "id\n4\n"}))
    execution = client.start_flow(flowName=name)["executionId"]
    try:
        record = wait_until(
            lambda: next((record for record in client.describe_flow_execution_records(flowName=name)["flowExecutions"]
                          if record.get("executionResult", {}).get("recordsProcessed", 0) >= 3), None),
            10, "progress of the held run")
        assert record["executionStatus"] == "InProgress"
    finally:
        hold.release()
    assert held.cluster.wait_run(name, execution)["executionResult"]["recordsProcessed"] == 4


def test_attempts_are_bounded_when_each_kills_its_worker(held):
    """MILLRACE_MAX_ATTEMPTS is 2 here: after two dead workers the run fails and says why."""
    name = unique("poison")
    execution, _ = held.start_held(name, times=None)
    (worker,) = held.cluster.of_role("worker")
    reads = held.proxy.requests["read"]
    worker.kill()
    worker.start().wait_ready()
    wait_until(lambda: held.proxy.requests["read"] > reads, 30, "the second attempt")
    worker.kill()
    held.proxy.clear()
    worker.start().wait_ready()
    record = held.cluster.wait_run(name, execution, timeout=60)
    assert record["executionStatus"] == "Error", record
    assert re.search("attempt", record["executionResult"]["errorInfo"]["executionMessage"], re.IGNORECASE)
    assert held.outputs(name) == {}


def test_worker_that_stops_gives_back_what_it_cannot_finish(held):
    """SIGTERM while the store is silent: the run is queued again, at once and without a failed attempt."""
    name = unique("given-back")
    held.cluster.replace("worker", {**held.environment, "MILLRACE_SHUTDOWN_SECONDS": "3"})
    (worker,) = held.cluster.of_role("worker")
    execution, hold = held.start_held(name)

    def row():
        with held.cluster.postgres.connect(held.cluster.database) as connection:
            return connection.execute(
                "SELECT state, attempt, failures, owner FROM live_runs WHERE run_id = %s", [execution]).fetchone()

    try:
        assert row()[:3] == ("InProgress", 1, 0)
        assert worker.stop() == 0, worker.process.tail()
        assert row() == ("Queued", 1, 0, None)
        assert held.outputs(name) == {}
        worker.start().wait_ready()
        record = held.cluster.wait_run(name, execution)
    finally:
        hold.release()
        held.cluster.replace("worker", held.environment)
    assert record["executionStatus"] == "Successful", record
    outputs = held.outputs(name)
    assert list(outputs) == [execution]
    assert lines(outputs.values()) == [{"id": str(number)} for number in range(1000)]
    with held.cluster.postgres.connect(held.cluster.database) as connection:
        assert connection.execute(
            "SELECT attempt, failures FROM run_history WHERE run_id = %s", [execution]).fetchall() == [(2, 0)]
    wait_until(lambda: not [key for key in held.buckets.open_uploads(DESTINATION) if name in key], 15, "the upload's abort")


def test_listing_goes_through_all_pages(held):
    """S3 lists a thousand keys at a time; here a page ends after seven."""
    rule = held.proxy.add(Rule(fault_proxy.small_pages(7), "list"))
    inputs = {f"with space/{number:05}+.csv": f"id\n{number}\n" for number in range(30)}
    record, objects = held.successful(inputs, aggregationConfig={"aggregationType": "SingleFile"})
    held.proxy.clear()
    assert rule.applied == 5
    assert record["executionResult"]["recordsProcessed"] == 30
    assert [int(record["id"]) for record in lines(objects)] == list(range(30))


def test_store_that_refuses_is_a_clear_error(cluster, services):
    """A user that may not write: no retries, no half file, the store's own word in the message."""
    store = services.moto_with_authentication
    buckets = store.buckets()
    buckets.create(SOURCE)
    buckets.create(DESTINATION)
    key = store.add_user(unique("reader"), {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"})
    place = Place(cluster, store, buckets, {
        **store.worker_environment(), "AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1]})
    record, objects = place.run({"a.csv": "id\n1\n"})
    assert record["executionStatus"] == "Error" and objects == []
    assert "denied" in record["executionResult"]["errorInfo"]["executionMessage"].lower(), record
