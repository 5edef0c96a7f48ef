# SPDX-License-Identifier: Apache-2.0
"""Signatures, roles and accounts; and input that no client should send."""

import gzip
import json
import threading

import pytest
import requests

from support import flows, raw_http
from support.cluster import FULL_KEY, OTHER_KEY, READER_KEY
from support.errors import refused
from support.names import unique
from support.raw_http import RawConnection, call, error_of, sign


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(api=1, controller=1, worker=0)
    yield cluster
    cluster.stop()


# Signatures


def test_right_signature_is_accepted(cluster):
    assert call(cluster.url, "/list-flows", {}, FULL_KEY).status_code == 200


def test_session_token_header_of_a_long_term_key_does_no_harm(cluster):
    """The token is signed like any header; this key has none, so whether it is ignored or refused, nothing breaks."""
    answer = call(cluster.url, "/list-flows", {}, (*FULL_KEY, "session-token"))
    assert answer.status_code in (200, 403)


@pytest.mark.parametrize("key, code", [
    ((FULL_KEY[0], "wrong"), "InvalidSignatureException"),
    ((FULL_KEY[0], READER_KEY[1]), "InvalidSignatureException"),
    (("AKIAUNKNOWN0000000001", FULL_KEY[1]), "UnrecognizedClientException"),
    (None, "MissingAuthenticationTokenException"),
], ids=["wrong-secret", "another-secret", "unknown-key", "unsigned"])
def test_wrong_identity_is_refused(cluster, key, code):
    name = unique()
    assert error_of(call(cluster.url, "/create-flow", flows.flow(name), key))[:2] == (403, code)
    with refused("ResourceNotFoundException", 404):
        cluster.client().describe_flow(flowName=name)


@pytest.mark.parametrize("offset", [-3600, 3600])
def test_skewed_clock_is_refused(cluster, offset):
    answer = call(cluster.url, "/list-flows", {}, FULL_KEY, at=raw_http.now(offset))
    status, code, message = error_of(answer)
    assert (status, code) == (403, "InvalidSignatureException")
    assert "expired" in message.lower() or "not yet" in message.lower()


@pytest.mark.parametrize("offset", [-120, 120])
def test_small_skew_is_accepted(cluster, offset):
    assert call(cluster.url, "/list-flows", {}, FULL_KEY, at=raw_http.now(offset)).status_code == 200


def signed(cluster, body=b"{}", path="/list-flows", **signing):
    return sign("POST", cluster.url + path, body, FULL_KEY, **signing)


def refuse_of(cluster, headers, body=b"{}", path="/list-flows"):
    return error_of(requests.post(cluster.url + path, data=body, headers=headers, timeout=10))[:2]


def test_what_was_signed_cannot_be_changed(cluster):
    headers = signed(cluster)
    assert refuse_of(cluster, headers, b'{"maxResults":1}') == (403, "InvalidSignatureException")
    body = b'{"flowName":"some-flow"}'
    assert refuse_of(cluster, signed(cluster, body, "/describe-flow"), body, "/delete-flow") == (
        403, "InvalidSignatureException"), "signed for another operation"
    date = headers["X-Amz-Date"]
    moved = date[:-2] + ("1" if date[-2] == "0" else "0") + "Z"
    assert refuse_of(cluster, {**headers, "X-Amz-Date": moved}) == (403, "InvalidSignatureException")


@pytest.mark.parametrize("authorization", [
    "Bearer abc", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=x", "AWS4-HMAC-SHA1 Credential=a/b/c/d/e, SignedHeaders=host, Signature=00",
    "AWS4-HMAC-SHA256 Credential=AKIA, SignedHeaders=, Signature=", "AWS4-HMAC-SHA256 " + "Credential=a/" * 2000])
def test_malformed_authorization_is_refused(cluster, authorization):
    status, code = refuse_of(cluster, {**signed(cluster), "Authorization": authorization})
    assert status == 403
    assert code in ("IncompleteSignature", "MissingAuthenticationTokenException", "UnrecognizedClientException",
                    "InvalidSignatureException")


@pytest.mark.parametrize("scope", [{"service": "s3"}, {"service": "execute-api"}])
def test_signature_for_another_service_is_refused(cluster, scope):
    assert refuse_of(cluster, signed(cluster, **scope))[0] == 403


def test_unsigned_host_is_refused(cluster):
    """A signature that leaves out the host could be replayed anywhere."""
    headers = signed(cluster)
    headers["Authorization"] = headers["Authorization"].replace("content-type;host;x-amz-date", "content-type;x-amz-date")
    assert refuse_of(cluster, headers)[0] == 403


def test_reader_reads_and_nothing_else(cluster):
    name = unique()
    cluster.client().create_flow(**flows.flow(name))
    reader = cluster.client(READER_KEY)
    assert reader.describe_flow(flowName=name)["flowName"] == name
    assert reader.list_flows()["flows"] and reader.describe_flow_execution_records(flowName=name)["flowExecutions"] == []
    for operation, parameters in {
            "create_flow": flows.flow(unique()), "update_flow": flows.update_of(flows.flow(name)),
            "start_flow": {"flowName": name}, "delete_flow": {"flowName": name},
            "cancel_flow_executions": {"flowName": name}}.items():
        with refused("AccessDeniedException", 403):
            getattr(reader, operation)(**parameters)
    assert cluster.client().describe_flow_execution_records(flowName=name)["flowExecutions"] == []


def test_accounts_do_not_see_each_other(cluster):
    name = unique()
    mine, theirs = cluster.client(), cluster.client(OTHER_KEY)
    mine.create_flow(**flows.flow(name, description="mine"))
    for operation in ("describe_flow", "start_flow", "delete_flow"):
        with refused("ResourceNotFoundException", 404):
            getattr(theirs, operation)(flowName=name)
    theirs.create_flow(**flows.flow(name, description="theirs"))
    assert mine.describe_flow(flowName=name)["description"] == "mine"
    assert [flow["description"] for flow in theirs.list_flows()["flows"] if flow["flowName"] == name] == ["theirs"]
    theirs.delete_flow(flowName=name)
    assert mine.describe_flow(flowName=name)["description"] == "mine"


def test_secrets_do_not_reach_the_logs(cluster):
    call(cluster.url, "/list-flows", {}, FULL_KEY)
    call(cluster.url, "/list-flows", {}, (FULL_KEY[0], "wrong"))
    for member in cluster.members:
        with open(member.process.log_path) as log:
            text = log.read()
        assert FULL_KEY[1] not in text and OTHER_KEY[1] not in text and "Signature=" not in text


# Bodies


@pytest.mark.parametrize("body", [
    b"not json", b"{", b'{"flowName": }', b'{"flowName": "a",}', b"[]", b'"text"', b"17", b"null",
    b'\xef\xbb\xbf{}', b'{"flowName": "\xff\xfe"}', b'{"flowName": "\\ud800"}', b'{"flowName": "a\nb"}', b"{} trailing",
    b"\x00", b"{'flowName': 'x'}", b'{"a":' * 5000 + b"1" + b"}" * 5000, b"[" * 100_000,
], ids=lambda body: repr(body[:18]))
def test_body_that_is_not_a_json_object_is_refused(cluster, body):
    assert error_of(call(cluster.url, "/describe-flow", body, FULL_KEY))[:2] == (400, "SerializationException")


@pytest.mark.parametrize("member, value", [
    ("flowName", 17), ("flowName", ["a"]), ("tasks", {}), ("tasks", [17]), ("tasks", "x"), ("triggerConfig", []),
    ("tags", ["a"]), ("tags", {"a": 1}), ("description", {}), ("destinationFlowConfigList", {"a": 1})])
def test_wrong_json_types_are_refused(cluster, member, value):
    answer = call(cluster.url, "/create-flow", {**flows.flow(unique()), member: value}, FULL_KEY)
    assert error_of(answer)[:2] == (400, "SerializationException")


@pytest.mark.parametrize("value", [1.5, "10", 1e300, True, {}])
def test_wrong_numbers_are_refused(cluster, value):
    status, code, _ = error_of(call(cluster.url, "/list-flows", {"maxResults": value}, FULL_KEY))
    assert status == 400 and code in ("SerializationException", "ValidationException")


def test_compressed_body_is_refused_by_name(cluster):
    body = gzip.compress(b"{}")
    answer = raw_http.call(cluster.url, "/list-flows", body, FULL_KEY, headers={"Content-Encoding": "gzip"})
    status, kind, message = raw_http.error_of(answer)
    assert (status, kind) == (400, "MalformedHttpRequestException") and "gzip" in message
    answer = raw_http.call(cluster.url, "/list-flows", b"{}", FULL_KEY, headers={"Content-Encoding": "identity"})
    assert answer.status_code == 200


def test_body_beyond_a_megabyte_is_refused(cluster):
    body = json.dumps({**flows.flow(unique()), "padding": "x" * (1 << 20)})
    answer = call(cluster.url, "/create-flow", body, FULL_KEY)
    assert error_of(answer)[:2] == (413, "RequestEntityTooLargeException")


def test_large_but_allowed_definition_works(cluster):
    name = unique()
    tasks = [flows.map_task(f"field_{number}_{'x' * 200}") for number in range(1500)]
    cluster.client().create_flow(**flows.flow(name, tasks=tasks))
    assert cluster.client().describe_flow(flowName=name)["tasks"] == tasks


@pytest.mark.parametrize("method, path", [
    ("POST", "/no-such-operation"), ("GET", "/list-flows"), ("PUT", "/create-flow"), ("DELETE", "/delete-flow"),
    ("POST", "/"), ("POST", "/List-Flows"), ("POST", "/list-flows/extra"), ("POST", "//list-flows"),
    ("POST", "/list-flows%00"), ("POST", "/list-flows%2Fextra")])
def test_unknown_operation_is_refused(cluster, method, path):
    status, code, _ = error_of(call(cluster.url, path, {}, FULL_KEY, method=method))
    assert (status, code) in ((404, "UnknownOperationException"), (400, "MalformedHttpRequestException"), (405, "UnknownOperationException"))


# The connection


def request_text(cluster, extra="", body="{}", length=None, host=None, line="POST /list-flows HTTP/1.1"):
    netloc = cluster.url.removeprefix("http://")
    headers = f"Host: {host or netloc}\r\nContent-Type: application/json\r\n{extra}"
    if length is not False:
        headers += f"Content-Length: {len(body) if length is None else length}\r\n"
    return f"{line}\r\n{headers}\r\n{body}"


SMUGGLED = "POST /smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("extra, length", [
    ("Transfer-Encoding: chunked\r\n", None),
    ("Content-Length: 4\r\n", None),
    ("Content-Length : 4\r\n", False),
    ("Host: second.example\r\n", None),
    ("Transfer-Encoding: xchunked\r\n", False),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", False),
    ("", -1), ("", "4, 4"), ("", "0x10"), ("", "99999999999999999999"),
], ids=["cl-and-te", "two-lengths", "space-before-colon", "two-hosts", "odd-te", "two-te", "negative", "list", "hex", "huge"])
def test_ambiguous_framing_is_refused_and_the_rest_never_parsed(cluster, extra, length):
    with RawConnection(cluster.url) as connection:
        connection.send(request_text(cluster, extra, "0\r\n\r\n" + SMUGGLED, length))
        response = connection.read_response()
        if response is not None:
            assert 400 <= response[0] < 500, response
            assert connection.read_response() is None, "the connection must not serve what follows"
    assert cluster.client().list_flows() is not None


def test_missing_host_is_refused(cluster):
    with RawConnection(cluster.url) as connection:
        connection.send("POST /list-flows HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
        assert connection.read_response()[0] == 400


@pytest.mark.parametrize("data", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"\r\n\r\nno request\r\n\r\n", b"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /list-flows HTTP/9.9\r\nHost: x\r\n\r\n", bytes(range(256)) * 20], ids=["tls", "no-target", "newlines", "brew", "version", "noise"])
def test_noise_is_refused_or_dropped(cluster, data):
    with RawConnection(cluster.url, timeout=20) as connection:
        connection.send(data)
        connection.end()
        try:
            response = connection.read_response()
        except (ValueError, IndexError, ConnectionResetError):
            response = None
        assert response is None or 400 <= response[0] <= 505
    assert cluster.client().list_flows() is not None


def test_huge_headers_are_refused(cluster):
    with RawConnection(cluster.url) as connection:
        try:
            connection.send(request_text(cluster, extra=f"X-Padding: {'x' * 200_000}\r\n"))
            response = connection.read_response()
        except (ConnectionResetError, BrokenPipeError):
            response = None
        assert response is None or response[0] in (400, 413, 431)
    assert cluster.client().list_flows() is not None


def test_keep_alive_serves_several_requests(cluster):
    headers = signed(cluster)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if name.lower() != "content-type")
    with RawConnection(cluster.url) as connection:
        for _ in range(3):
            connection.send(request_text(cluster, extra=head))
            status, _, body = connection.read_response()
            assert status == 200 and "flows" in json.loads(body)


def test_dripping_clients_are_cut_off_and_harm_nobody(cluster):
    """Twenty clients send a byte now and then; a good client is served meanwhile, and each drip ends within the
    deadline of a request although bytes keep coming."""
    stop = threading.Event()
    outcomes = []

    def drip(prefix):
        try:
            with RawConnection(cluster.url, timeout=40) as connection:
                connection.send(prefix)
                while not stop.wait(0.5):
                    connection.send(b"x")
                outcomes.append("still open")
        except OSError:
            outcomes.append("cut off")

    head = request_text(cluster, body="", length=100_000)
    threads = [threading.Thread(target=drip, args=(head if number % 2 else "POST /list-flows HTTP/1.1\r\nX-Drip: ",))
               for number in range(20)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        assert cluster.client().list_flows() is not None
    timer = threading.Timer(25, stop.set)
    timer.start()
    for thread in threads:
        thread.join(45)
    timer.cancel()
    stop.set()
    assert outcomes == ["cut off"] * 20


def test_many_idle_connections_leave_room(cluster):
    idle = [RawConnection(cluster.url) for _ in range(150)]
    try:
        assert cluster.client().list_flows() is not None
    finally:
        for connection in idle:
            connection.close()
