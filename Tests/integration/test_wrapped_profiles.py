# SPDX-License-Identifier: Apache-2.0
"""Credentials of connector profiles that name a KMS key: wrapped where an endpoint is configured."""

import concurrent.futures
import copy
import json

import pytest
from botocore.exceptions import ClientError

from support import flows
from support.cluster import ACCOUNT
from support.envelopes import open_sealed, open_wrapped, sealing_context, wrapped_key
from support.errors import refused
from support.kms_gate import KmsGate
from support.names import unique
from support.ports import free_port

SECRET = "s3cr3t-5f4e3d2c1b0a"


@pytest.fixture(scope="module")
def gate(services):
    gate = KmsGate(services.moto)
    yield gate
    gate.stop()


@pytest.fixture(scope="module")
def cluster(make_cluster, gate):
    cluster = make_cluster(api=1, controller=1, worker=1, environment=gate.environment())
    yield cluster
    cluster.stop()


@pytest.fixture
def fault(gate):
    """Sets a fault for the length of a test."""
    def set_fault(name):
        gate.fault = name
    yield set_fault
    gate.fault = None


def profile(name, kms_arn=None, secret=SECRET):
    return {
        "connectorProfileName": name, "connectorType": "Slack", "connectionMode": "Public",
        "connectorProfileConfig": {
            "connectorProfileProperties": {"Slack": {"instanceUrl": "https://example.slack.com"}},
            "connectorProfileCredentials": {"Slack": {"clientId": "id", "clientSecret": secret}}},
        **({"kmsArn": kms_arn} if kms_arn else {}),
    }


def update_of(definition):
    kept = ("connectorProfileName", "connectionMode", "connectorProfileConfig")
    return {key: copy.deepcopy(value) for key, value in definition.items() if key in kept}


def row(cluster, name):
    with cluster.postgres.connect(cluster.database) as connection:
        return connection.execute(
            "SELECT sealed_credentials, kms_arn, properties FROM connector_profiles WHERE name = %s", [name]).fetchone()


def opened(cluster, gate, name, kms_arn):
    """The credentials, as a worker gets at them: by KMS, for this account and profile, and by the workers' key."""
    text, stored_arn, properties = row(cluster, name)
    assert stored_arn == kms_arn
    context = sealing_context(ACCOUNT, name, properties)
    answer = gate.client().decrypt(
        CiphertextBlob=wrapped_key(text), KeyId=kms_arn,
        EncryptionContext={"millrace:account": ACCOUNT, "millrace:connector-profile": name})
    return json.loads(open_sealed(open_wrapped(text, answer["Plaintext"], kms_arn, context), cluster.private_keys, context))


def test_both_keys_are_needed(cluster, gate, client):
    name, arn = unique(), gate.make_key()
    client.create_connector_profile(**profile(name, arn))
    assert opened(cluster, gate, name, arn) == {"Slack": {"clientId": "id", "clientSecret": SECRET}}
    text, _, properties = row(cluster, name)
    context = sealing_context(ACCOUNT, name, properties)
    # Neither the workers' key nor KMS with another context is enough.
    with pytest.raises(AssertionError):
        open_sealed(text, cluster.private_keys, context)
    with pytest.raises(ClientError):
        gate.client().decrypt(
            CiphertextBlob=wrapped_key(text),
            EncryptionContext={"millrace:account": ACCOUNT, "millrace:connector-profile": "another"})
    operation, asked, authorization = gate.calls[-1]
    assert operation == "GenerateDataKey" and asked["KeySpec"] == "AES_256" and "/kms/aws4_request" in authorization


def test_an_update_is_wrapped_with_the_key_of_the_profile(cluster, gate, client):
    name, arn = unique(), gate.make_key()
    client.create_connector_profile(**profile(name, arn))
    before = row(cluster, name)[0]
    client.update_connector_profile(**update_of(profile(name, secret="changed")))
    assert row(cluster, name)[0] != before
    assert opened(cluster, gate, name, arn)["Slack"]["clientSecret"] == "changed"


def test_a_profile_without_a_key_is_sealed_as_ever(cluster, gate, client):
    name = unique()
    calls = len(gate.calls)
    client.create_connector_profile(**profile(name))
    client.update_connector_profile(**update_of(profile(name)))
    text, arn, properties = row(cluster, name)
    assert arn is None and len(gate.calls) == calls
    assert SECRET.encode() in open_sealed(text, cluster.private_keys, sealing_context(ACCOUNT, name, properties))


def test_a_retry_is_told_as_before(gate, client, fault):
    name, arn, token = unique(), gate.make_key(), unique()
    first = client.create_connector_profile(**profile(name, arn), clientToken=token)
    # Also when the key is of no use by now.
    for state in (None, "DisabledException", "KMSInternalException"):
        fault(state)
        again = client.create_connector_profile(**profile(name, arn), clientToken=token)
        assert first["connectorProfileArn"] == again["connectorProfileArn"]
    fault(None)
    with refused("ConflictException", 409, "token"):
        client.create_connector_profile(**profile(name, arn, secret="another"), clientToken=token)


def test_keys_that_cannot_be_used(cluster, gate, client, fault):
    disabled = gate.make_key()
    name = unique()
    client.create_connector_profile(**profile(name, disabled))
    before = row(cluster, name)
    gate.disable(disabled)
    unknown = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/nobody"
    with refused("ValidationException", 400, unknown) as caught:
        client.create_connector_profile(**profile(unique(), unknown))
    assert SECRET not in str(caught.value.response)
    with refused("ValidationException", 400, disabled, "disabled"):
        client.create_connector_profile(**profile(unique(), disabled))
    with refused("ValidationException", 400, disabled, "disabled"):
        client.update_connector_profile(**update_of(profile(name)))
    assert row(cluster, name) == before
    # Without credentials there is nothing to wrap.
    bare = update_of(profile(name))
    del bare["connectorProfileConfig"]["connectorProfileCredentials"]
    client.update_connector_profile(**bare)
    fault("AccessDeniedException")
    with refused("ValidationException", 400, unknown, "kms:GenerateDataKey") as caught:
        client.create_connector_profile(**profile(unique(), unknown))
    assert "hidden words" not in str(caught.value.response)


def test_a_kms_that_says_nothing_holds_nobody_up(gate, client, fault):
    fault("stall")
    arn = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k"
    name = unique()
    definition = profile(name, arn)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        stalled = [pool.submit(client.create_connector_profile, **definition) for _ in range(5)]
        # Everything else goes on.
        flow = unique()
        client.create_flow(**flows.flow(flow))
        client.delete_flow(flowName=flow)
        for future in stalled:
            error = future.exception(timeout=60).response
            assert error["Error"]["Code"] == "ServiceUnavailable", error
            assert error["ResponseMetadata"]["HTTPStatusCode"] == 503
            assert error["ResponseMetadata"]["HTTPHeaders"]["retry-after"]
    gate.released.set()
    gate.fault = None
    gate.released.clear()
    client.create_connector_profile(**{**definition, "kmsArn": gate.make_key()})


def test_a_kms_that_is_away(cluster, gate):
    away = cluster.add("api", {**gate.environment(), "AWS_ENDPOINT_URL_KMS": f"http://127.0.0.1:{free_port()}"})
    metadata = cluster.add("api", {**gate.environment(), "AWS_ENDPOINT_URL_KMS": "http://169.254.169.254"})
    unset = cluster.add("api", {**gate.environment(), "AWS_ENDPOINT_URL_KMS": ""})
    arn = gate.make_key()
    try:
        for member in (away, metadata, unset):
            member.start()
        for member in (away, metadata, unset):
            member.wait_ready(60)
        with refused("ServiceUnavailable", 503):
            cluster.client(url=away.api_url).create_connector_profile(**profile(unique(), arn))
        with refused("InternalServerException", 500):
            cluster.client(url=metadata.api_url).create_connector_profile(**profile(unique(), arn))
        # Where no endpoint is configured, the key is kept and nothing is wrapped.
        name = unique()
        cluster.client(url=unset.api_url).create_connector_profile(**profile(name, arn))
        text, kept, properties = row(cluster, name)
        assert kept == arn
        assert SECRET.encode() in open_sealed(text, cluster.private_keys, sealing_context(ACCOUNT, name, properties))
    finally:
        for member in (away, metadata, unset):
            assert member.stop() == 0
            cluster.members.remove(member)


def test_nothing_of_it_is_in_the_logs(cluster, gate, client):
    """Last: neither credentials nor keys."""
    keys = []
    for member in cluster.members:
        with open(member.process.log_path, "rb") as log:
            text = log.read()
        assert SECRET.encode() not in text and b"hidden words" not in text, member.name
        keys.append(text)
    assert any(b"KMS" in text for text in keys), "the failures were not logged"
