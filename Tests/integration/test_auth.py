# SPDX-License-Identifier: Apache-2.0
"""Presigned requests, session and bearer tokens, and credentials that change while the service runs."""

import hashlib
import os
import subprocess
import urllib.parse
from unittest import mock

import pytest
import requests
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support import clients, flows, raw_http
from support.cluster import ACCOUNT, FULL_KEY, OTHER_ACCOUNT, OTHER_KEY, READER_KEY
from support.errors import refused
from support.names import unique
from support.raw_http import call, error_of
from support.waiting import wait_until

TEMPORARY = ("ASIAMILLRACETEMP0001", "temporary-secret", "session//token+with=signs==")
EXPIRED = ("ASIAMILLRACETEMP0002", "expired-secret", "expired-token")
TOKEN = "dashboard-token-0123456789"
HASHED_TOKEN = "hashed-token~0123456789"
EXPIRED_TOKEN = "expired-token-0123456789"

SECTIONS = f"""\

[temporary]
aws_access_key_id = {TEMPORARY[0]}
aws_secret_access_key = {TEMPORARY[1]}
aws_session_token = {TEMPORARY[2]}
expiration = 2999-01-01T00:00:00Z

[expired]
aws_access_key_id = {EXPIRED[0]}
aws_secret_access_key = {EXPIRED[1]}
aws_session_token = {EXPIRED[2]}
expiration = 2020-01-01T00:00:00Z

[dashboard]
bearer_token = {TOKEN}
role = read-only

[script]
bearer_token_sha256 = {hashlib.sha256(HASHED_TOKEN.encode()).hexdigest()}
account = {OTHER_ACCOUNT}

[gone]
bearer_token = {EXPIRED_TOKEN}
expiration = 2020-01-01T00:00:00Z
"""


def credentials_path(cluster):
    return cluster.environment["MILLRACE_CREDENTIALS_FILE"]


def rewrite(cluster, text):
    """Replaces the file as tools do: a new one is renamed over it."""
    path = credentials_path(cluster)
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(api=1, controller=1, worker=0)
    with open(credentials_path(cluster)) as file:
        text = file.read()
    rewrite(cluster, text + SECTIONS)
    wait_until(lambda: bearer(cluster).status_code == 200, 20, "the new sections")
    yield cluster
    cluster.stop()


def bearer(cluster, token=TOKEN, path="/list-flows", body=None, scheme="Bearer"):
    return call(cluster.url, path, body or {}, headers={"Authorization": f"{scheme} {token}"})


def presign(url, key=FULL_KEY, method="POST", expires=60, at=None, auth=SigV4QueryAuth):
    """The URL as botocore presigns it."""
    request = AWSRequest(method=method, url=url)
    signer = auth(Credentials(*key), "appflow", clients.REGION, expires=expires)
    with mock.patch("botocore.auth.get_current_datetime", return_value=at or raw_http.now()):
        signer.add_auth(request)
    return request.url


class UnsignedPayload(SigV4QueryAuth):
    def payload(self, request):
        return "UNSIGNED-PAYLOAD"


def post(url, body=b""):
    return requests.post(url, data=body, timeout=30)


# Presigned requests


def test_presigned_request_is_accepted(cluster):
    answer = post(presign(cluster.url + "/list-flows"))
    assert answer.status_code == 200 and "flows" in answer.json()


def test_presigned_by_boto3(cluster):
    """Its members are in the query, where this protocol does not look for them: what counts is that it gets past the door."""
    client = cluster.client()
    url = client.generate_presigned_url("list_flows", ExpiresIn=30)
    assert requests.post(url, headers={"Content-Type": "application/json"}, timeout=30).status_code == 200


def test_presigned_body_counts_only_when_it_was_signed_or_declared_unsigned(cluster):
    name = unique()
    cluster.client().create_flow(**flows.flow(name))
    body = b'{"flowName":"%s"}' % name.encode()
    url = cluster.url + "/describe-flow"
    assert error_of(post(presign(url), body))[:2] == (403, "InvalidSignatureException")
    declared = presign(url + "?X-Amz-Content-Sha256=UNSIGNED-PAYLOAD", auth=UnsignedPayload)
    assert post(declared, body).json()["flowName"] == name


def test_presigned_lives_as_long_as_it_says(cluster):
    url = cluster.url + "/list-flows"
    assert post(presign(url, expires=3600, at=raw_http.now(-3000))).status_code == 200
    status, code, message = error_of(post(presign(url, expires=10, at=raw_http.now(-60))))
    assert (status, code) == (403, "InvalidSignatureException") and message.startswith("Signature expired: ")
    status, code, message = error_of(post(presign(url, at=raw_http.now(3600))))
    assert (status, code) == (403, "InvalidSignatureException") and message.startswith("Signature not yet current: ")


@pytest.mark.parametrize("expires", [0, 604801, -5, "soon"])
def test_presigned_for_an_impossible_time_is_refused(cluster, expires):
    assert error_of(post(presign(cluster.url + "/list-flows", expires=expires)))[:2] == (403, "IncompleteSignature")


def test_presigned_cannot_be_changed(cluster):
    url = presign(cluster.url + "/list-flows")
    for changed in (url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"), url.replace("/list-flows", "/describe-flow"),
                    url + "&more=1", url[:-1] + ("1" if url[-1] == "0" else "0")):
        assert error_of(post(changed))[:2] == (403, "InvalidSignatureException"), changed
    assert error_of(post(url.replace("X-Amz-Expires=60&", "")))[:2] == (403, "IncompleteSignature")
    assert error_of(post(presign(cluster.url + "/list-flows", (FULL_KEY[0], "wrong"))))[1] == "InvalidSignatureException"
    assert error_of(post(presign(cluster.url + "/list-flows", ("AKIAUNKNOWN", "x"))))[1] == "UnrecognizedClientException"


def test_presigned_double_encoded_path(cluster):
    arn = urllib.parse.quote(f"arn:aws:appflow:{clients.REGION}:{ACCOUNT}:flow/{unique()}", safe="")
    answer = requests.get(presign(f"{cluster.url}/tags/{arn}", method="GET"), timeout=30)
    assert answer.status_code not in (401, 403), answer.text
    tampered = presign(f"{cluster.url}/tags/{arn}", method="GET").replace("%2F", "%2f%2F", 1)
    assert requests.get(tampered, timeout=30).status_code == 403


# Session tokens


def test_session_token_is_required(cluster):
    assert "flows" in cluster.client(TEMPORARY).list_flows()
    assert post(presign(cluster.url + "/list-flows", TEMPORARY)).status_code == 200
    for key in (TEMPORARY[:2], (*TEMPORARY[:2], "other"), (*TEMPORARY[:2], TEMPORARY[2][:-1])):
        assert error_of(call(cluster.url, "/list-flows", {}, key))[:2] == (403, "UnrecognizedClientException")
        assert error_of(post(presign(cluster.url + "/list-flows", key)))[1] == "UnrecognizedClientException"


def test_expired_credentials_are_refused(cluster):
    expected = (403, "ExpiredTokenException", "The security token included in the request is expired")
    assert error_of(call(cluster.url, "/list-flows", {}, EXPIRED)) == expected
    assert error_of(post(presign(cluster.url + "/list-flows", EXPIRED))) == expected
    assert error_of(bearer(cluster, EXPIRED_TOKEN)) == expected
    assert error_of(call(cluster.url, "/list-flows", {}, EXPIRED[:2]))[1] == "UnrecognizedClientException"


# Bearer tokens


def test_bearer_token_is_accepted(cluster):
    assert bearer(cluster).status_code == 200
    assert bearer(cluster, scheme="bearer").status_code == 200
    assert bearer(cluster, HASHED_TOKEN).status_code == 200


@pytest.mark.parametrize("token, code", [
    ("dashboard-token-0123456780", "UnrecognizedClientException"), ("x", "UnrecognizedClientException"),
    (hashlib.sha256(HASHED_TOKEN.encode()).hexdigest(), "UnrecognizedClientException"),
    ("two tokens", "IncompleteSignature"), ("", "IncompleteSignature")])
def test_wrong_bearer_token_is_refused(cluster, token, code):
    assert error_of(bearer(cluster, token))[:2] == (403, code)


def test_bearer_token_has_a_role_and_an_account(cluster):
    name = unique()
    status, code, message = error_of(bearer(cluster, path="/create-flow", body=flows.flow(name)))
    assert (status, code) == (403, "AccessDeniedException") and f"{ACCOUNT}:user/dashboard" in message
    assert bearer(cluster, HASHED_TOKEN, "/create-flow", flows.flow(name)).status_code == 200
    found = cluster.client(OTHER_KEY).describe_flow(flowName=name)
    assert found["createdBy"] == f"arn:aws:iam::{OTHER_ACCOUNT}:user/script"
    with refused("ResourceNotFoundException", 404):
        cluster.client().describe_flow(flowName=name)


# Accounts


def test_accounts_share_nothing(cluster):
    """Flows, client tokens, pages and runs of one account are not there for another."""
    mine, theirs = cluster.client(), cluster.client(OTHER_KEY)
    name, token = unique(), unique()
    names = [f"{name}-{number}" for number in range(3)]
    arns = {}
    for client, account in ((mine, "mine"), (theirs, "theirs")):
        # The same names under the same tokens: neither a retry nor a conflict.
        for flow_name in names:
            arn = client.create_flow(**flows.flow(flow_name, description=account), clientToken=f"{token}-{flow_name}")["flowArn"]
            arns[account, flow_name] = arn
    assert f":{ACCOUNT}:" in arns["mine", names[0]] and f":{OTHER_ACCOUNT}:" in arns["theirs", names[0]]

    runs = {client: client.start_flow(flowName=names[0], clientToken=token)["executionId"] for client in (mine, theirs)}
    assert runs[mine] != runs[theirs]
    for client in (mine, theirs):
        records = client.describe_flow_execution_records(flowName=names[0])["flowExecutions"]
        assert [record["executionId"] for record in records] == [runs[client]]

    page = mine.list_flows(maxResults=1)["nextToken"]
    with refused("ValidationException", 400):
        theirs.list_flows(maxResults=1, nextToken=page)
    assert theirs.cancel_flow_executions(flowName=names[0], executionIds=[runs[mine]])["invalidExecutions"] == [runs[mine]]
    records = mine.describe_flow_execution_records(flowName=names[0])["flowExecutions"]
    assert [record["executionStatus"] for record in records] == ["InProgress"]
    for client in (mine, theirs):
        client.cancel_flow_executions(flowName=names[0], executionIds=[runs[client]])
        cluster.wait_run(names[0], runs[client], client=client)
    second = mine.start_flow(flowName=names[0])["executionId"]
    page = mine.describe_flow_execution_records(flowName=names[0], maxResults=1)["nextToken"]
    with refused("ValidationException", 400):
        theirs.describe_flow_execution_records(flowName=names[0], maxResults=1, nextToken=page)

    for client, account in ((mine, "mine"), (theirs, "theirs")):
        listed = [flow for flow in client.list_flows(maxResults=100)["flows"] if flow["flowName"] in names]
        assert [flow["description"] for flow in listed] == [account] * 3
    theirs.delete_flow(flowName=names[0], forceDelete=True)
    records = mine.describe_flow_execution_records(flowName=names[0])["flowExecutions"]
    assert {record["executionId"] for record in records} == {runs[mine], second}


# Rotation


@pytest.fixture
def rotating(make_cluster):
    cluster = make_cluster(api=1, controller=0, worker=0)
    yield cluster
    cluster.stop()


def one_key(key, **more):
    lines = "".join(f"{name} = {value}\n" for name, value in more.items())
    return f"[rotating]\naws_access_key_id = {key[0]}\naws_secret_access_key = {key[1]}\n{lines}"


def answers_with(cluster, key):
    answer = call(cluster.url, "/list-flows", {}, key)
    return 200 if answer.status_code == 200 else error_of(answer)[1]


def reloads(cluster, result):
    return cluster.of_role("api")[0].metrics().get(("millrace_credentials_reloads_total", frozenset({("result", result)})))


def test_credentials_are_rotated_while_the_service_runs(rotating):
    new = (FULL_KEY[0], "rotated-secret")
    assert answers_with(rotating, FULL_KEY) == 200
    rewrite(rotating, one_key(new))
    wait_until(lambda: answers_with(rotating, new) == 200, 20, "the new secret")
    assert answers_with(rotating, FULL_KEY) == "InvalidSignatureException", "the old secret, although its key was cached"
    assert answers_with(rotating, READER_KEY) == "UnrecognizedClientException"
    # In place, as an editor may do, and through a link, as an orchestrator does.
    with open(credentials_path(rotating), "w") as file:
        file.write(one_key(OTHER_KEY))
    wait_until(lambda: answers_with(rotating, OTHER_KEY) == 200, 20, "a file written in place")
    target = credentials_path(rotating) + ".target"
    with open(target, "w") as file:
        file.write(one_key(FULL_KEY))
    os.symlink(target, target + ".link")
    os.rename(target + ".link", credentials_path(rotating))
    wait_until(lambda: answers_with(rotating, FULL_KEY) == 200, 20, "a file behind a link")
    assert answers_with(rotating, OTHER_KEY) == "UnrecognizedClientException"


def test_broken_credentials_file_changes_nothing(rotating):
    rewrite(rotating, one_key((FULL_KEY[0], "leaked-secret"), role="emperor"))
    api = rotating.of_role("api")[0]
    wait_until(lambda: any(line.get("level") == "error" for line in api.log_lines()), 20, "an error in the log")
    assert answers_with(rotating, FULL_KEY) == 200 and answers_with(rotating, READER_KEY) == 200
    with open(api.process.log_path) as log:
        text = log.read()
    assert "leaked-secret" not in text and "emperor" not in text and "line 1" in text
    os.unlink(credentials_path(rotating))
    wait_until(lambda: sum(line.get("level") == "error" for line in api.log_lines()) == 2, 20, "another error")
    assert answers_with(rotating, FULL_KEY) == 200
    rewrite(rotating, one_key((FULL_KEY[0], "good-again")))
    wait_until(lambda: answers_with(rotating, (FULL_KEY[0], "good-again")) == 200, 20, "the repaired file")
    assert reloads(rotating, "ok") == 1 and reloads(rotating, "refused") == 2


# No authentication


def test_none_is_for_loopback_only(binary, tmp_path):
    environment = {"PATH": os.environ["PATH"], "MILLRACE_AUTH": "none", "MILLRACE_LISTEN": "0.0.0.0:0"}
    done = subprocess.run([binary, "api"], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert done.returncode == 64 and "loopback" in done.stderr
