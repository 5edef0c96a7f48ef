# SPDX-License-Identifier: Apache-2.0
"""The harness itself: a fault that does not happen would let every fault test pass."""

import dataclasses
import json
import threading

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from support import fault_proxy, flows, invariants, messages, services as services_module
from support.fault_proxy import FaultProxy, Hold, Rule
from support.flow_model import FlowModel
from support.prometheus import parse
from support.sequences import shrunk
from support.serial_order import Call, serial_order
from support.stream import CommandStream, Run, Story, source_rows
from support.waiting import WaitTimeout, wait_until

pytestmark = pytest.mark.support


@pytest.fixture(scope="module")
def through_proxy(services):
    proxy = FaultProxy(services.moto.endpoint)
    client = boto3.client(
        "s3", endpoint_url=proxy.endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=1, s3={"addressing_style": "path"}))
    client.create_bucket(Bucket="proxied")
    client.put_object(Bucket="proxied", Key="in/object", Body=b"x" * 100_000)
    yield proxy, client
    proxy.close()


def read(client):
    return client.get_object(Bucket="proxied", Key="in/object")["Body"].read()


def test_proxy_passes_what_no_rule_takes(through_proxy):
    _, client = through_proxy
    assert read(client) == b"x" * 100_000
    upload = client.create_multipart_upload(Bucket="proxied", Key="parts")["UploadId"]
    tag = client.upload_part(Bucket="proxied", Key="parts", UploadId=upload, PartNumber=1, Body=b"y" * 6_000_000)["ETag"]
    client.complete_multipart_upload(
        Bucket="proxied", Key="parts", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
    assert client.head_object(Bucket="proxied", Key="parts")["ContentLength"] == 6_000_000


@pytest.mark.parametrize(
    "action, problem", [
        (fault_proxy.answer_error(500, "InternalError"), ClientError),
        (fault_proxy.answer_error(503, "SlowDown"), ClientError),
        (fault_proxy.error_after_effect(), ClientError),
        (fault_proxy.reset_before(), HTTPClientError),
        (fault_proxy.reset_after_effect(), HTTPClientError),
        (fault_proxy.reset_mid_body(), Exception),
        (fault_proxy.stall(Hold()), Exception),
        (fault_proxy.silence(Hold()), HTTPClientError),
    ], ids=["500", "503", "500-after", "reset", "reset-after", "mid-body", "stall", "silence"])
def test_proxy_injects_each_fault(through_proxy, action, problem):
    proxy, client = through_proxy
    rule = proxy.add(Rule(action, "read", times=1))
    with pytest.raises(problem):
        read(client)
    assert rule.applied == 1
    assert read(client) == b"x" * 100_000, "the rule was for one request"
    proxy.clear()


def test_proxy_holds_a_response_until_released(through_proxy):
    proxy, client = through_proxy
    hold = Hold()
    proxy.add(Rule(fault_proxy.stall(hold), "read", times=1))
    result = []
    reader = threading.Thread(target=lambda: result.append(read(client)))
    reader.start()
    assert hold.reached.wait(5) and not result
    hold.release()
    reader.join(5)
    assert result == [b"x" * 100_000]
    proxy.clear()


def test_moto_checks_signatures_and_policies(services):
    store = services.moto_with_authentication
    store.buckets().create("guarded")
    store.buckets().put("guarded", "k", "v")
    assert store.buckets().get("guarded", "k") == b"v"
    wrong = type(store.buckets())(store.endpoint, store.access_key, "wrong")
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        wrong.get("guarded", "k")


def test_rclone_serves_what_was_put(services):
    buckets = services.rclone.buckets()
    buckets.create("plain")
    buckets.put("plain", "a/b.csv", "id\n1\n")
    assert buckets.keys("plain") == ["a/b.csv"] and buckets.get("plain", "a/b.csv") == b"id\n1\n"


def test_postgres_keeps_data_over_an_immediate_restart(services):
    database = services.postgres.create_database()
    with services.postgres.connect(database) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000)")
    services.postgres.restart_immediate()
    with services.postgres.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


@pytest.mark.parametrize("kind", [kind for kind in services_module.broker_kinds() if kind != "embedded"])
def test_kafka_keeps_messages_over_kill_and_restart(services, kind):
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    broker = services.broker(kind)
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    admin.create_topics([NewTopic("kept", 2)])["kept"].result(10)
    producer = Producer({"bootstrap.servers": broker.bootstrap, "acks": "all"})
    for number in range(100):
        producer.produce("kept", str(number), key=str(number), headers={"h": str(number)})
    assert producer.flush(10) == 0
    broker.kill()
    broker.start()
    first = messages.read_all(broker, "kept")
    assert sorted(int(message.value()) for message in first) == list(range(100))
    assert messages.publish_again(broker, first, seed=1) == 100
    assert len(messages.read_all(broker, "kept")) == 200
    assert messages.read_all(broker, "no-such-topic") == []


def test_wait_until_is_bounded():
    with pytest.raises(WaitTimeout, match="waiting for what never comes"):
        wait_until(lambda: False, 0.05, "what never comes")


def test_prometheus_reader_refuses_what_a_scraper_would():
    assert parse('# TYPE a counter\na{b="c"} 1\n') == {("a", frozenset({("b", "c")})): 1.0}
    for bad in ("a 1\n", '# TYPE a counter\na{b=c} 1\n', "# TYPE a counter\na 1\na 1\n", "# TYPE a counter\na 1"):
        with pytest.raises(ValueError):
            parse(bad)


class Stored:
    """Buckets that hold what a test says."""

    def __init__(self, objects):
        self.objects = objects

    def keys(self, bucket):
        return list(self.objects)

    def get(self, bucket, key):
        return self.objects[key]


RUN = "11111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize("change, complaint", [
    (lambda lines: lines, None),
    (lambda lines: lines[1:], "missing"),
    (lambda lines: lines + lines[:1], "too many"),
    (lambda lines: [*lines[:-1], lines[-1][:-5]], "ends inside a line"),
    (lambda lines: [line.replace(b"value_0", b"value_1") for line in lines], "too many"),
    (None, "left []"),
], ids=["whole", "missing", "twice", "cut", "wrong-revision", "absent"])
def test_invariants_notice_wrong_outputs(change, complaint):
    stream = object.__new__(CommandStream)
    stream.input, stream.destination = source_rows(), "bucket"
    expected = [json.dumps({"id": identity, name: value}).encode() + b"\n"
                for identity, name, value in stream.expected_records(0)]
    stream.buckets = Stored({f"out/flow/{RUN}": b"".join(change(expected))} if change else {})
    runs = {RUN: (Story("flow", single_file=True), Run(RUN, 0, status="Successful"))}
    problems = invariants._check_outputs(stream, runs)
    assert complaint is None and not problems or complaint and complaint in str(problems), problems
    stream.buckets.objects[f"out/flow/{RUN}-9"] = b""
    stream.buckets.objects["out/flow/.temporary"] = b""
    assert "unexpected object out/flow/.temporary" in invariants._check_outputs(stream, runs)
    runs[RUN][1].status = "Canceled"
    assert "yet there is" in str(invariants._check_outputs(stream, runs))


class Answering:
    """A client whose reads are answered as a test says."""

    def __init__(self, flow, records):
        self._answers = {"describe_flow": flow, "describe_flow_execution_records": {"flowExecutions": records}}

    def call(self, operation, **_):
        answer = self._answers[operation]
        if answer is None:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no flow"}}, operation)
        return answer


@pytest.mark.parametrize("shown, counted, complaint", [
    (2, 3, None),
    (1, 2, "has 'revision 1', acknowledged was 'revision 2'"),  # the last update is lost
    (2, 2, "schemaVersion 2 after 2 acknowledged updates"),  # the one before it
    (2, 4, "schemaVersion 4 after 2 acknowledged updates"),  # one took effect twice
    (None, None, "acknowledged, but"),
], ids=["whole", "last-lost", "earlier-lost", "twice", "flow-lost"])
def test_invariants_notice_lost_updates(shown, counted, complaint):
    stream = object.__new__(CommandStream)
    stream.source, stream.destination, stream.input, stream.may_fail = "in", "out", source_rows(), False
    story = Story("flow", single_file=True, revision=2, updates=2, exists=True, runs=[Run(RUN, 2, status="Successful")])
    flow = None
    if shown is not None:
        definition = stream.definition(dataclasses.replace(story, revision=shown))
        flow = {"description": definition["description"], "tasks": definition["tasks"], "schemaVersion": counted}
    record = {"executionId": RUN, "executionStatus": "Successful",
              "executionResult": {"recordsProcessed": sum(map(len, stream.input))}}
    stream.client = Answering(flow, [record])
    problems = invariants._check_flow(stream, story, {"flow": 1})
    assert complaint is None and not problems or complaint and complaint in str(problems), problems
    if complaint is None:
        assert "listed 2 times" in str(invariants._check_flow(stream, story, {"flow": 2}))
        stream.client = Answering(flow, [])
        assert "runs []" in str(invariants._check_flow(stream, story, {"flow": 1})), "a lost run"


def test_sequences_are_cut_down_to_what_fails():
    steps = list(range(40))
    assert shrunk(steps, lambda fewer: {3, 17, 31} <= set(fewer)) == [3, 17, 31]
    assert shrunk(steps, lambda fewer: 39 in fewer) == [39]


def test_serial_orders_are_found_where_there_are_any():
    name = {"flowName": "f"}
    create = {**flows.flow("f"), "clientToken": "t"}

    def call(begun, ended, kind, parameters, *answer):
        return Call(begun, ended, kind, parameters, answer)

    made = call(0, 5, "create_flow", create, "ok", {"flowStatus": "Active"})
    again = call(1, 6, "create_flow", create, "ok", {"flowStatus": "Active"})
    gone = call(2, 4, "delete_flow", name, "error", "ResourceNotFoundException")
    first = call(6, 9, "start_flow", name, "ok", {"flowStatus": "Active", "executionId": "1"})
    second = call(7, 8, "start_flow", name, "error", "ConflictException")
    order = serial_order(FlowModel(), [second, first, again, made, gone])
    assert order.index(gone) == 0 and order[-2:] == [first, second]
    late = call(7, 8, "delete_flow", name, "error", "ResourceNotFoundException")
    assert serial_order(FlowModel(), [made, late]) is None, "it ended before the deletion began"
    twice = call(7, 8, "start_flow", name, "ok", {"flowStatus": "Active", "executionId": "2"})
    assert serial_order(FlowModel(), [made, first, twice]) is None, "two runs of a flow at once"
