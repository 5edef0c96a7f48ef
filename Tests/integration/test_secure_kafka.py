# SPDX-License-Identifier: Apache-2.0
"""Kafka behind TLS, with passwords and with client certificates, by way of KAFKA_PROPERTIES."""

import os

import pytest
import requests

from support import clients, flows
from support.certificates import Authority
from support.cluster import MillraceCluster, clean_environment
from support.member import Member
from support.names import unique
from support.secure_kafka import PASSWORD
from support.workspace import new_folder

WRONG_PASSWORD = "guess=loud9c1b;wrong/8a06"


@pytest.fixture(scope="module")
def broker(services):
    return services.secure_kafka()


@pytest.fixture(scope="module")
def stranger():
    """An authority that nobody has reason to trust."""
    return Authority("stranger")


def as_line(properties):
    return ";".join(f"{name}={value}" for name, value in properties.items())


def as_file(properties):
    path = os.path.join(new_folder("kafka-properties"), "kafka.properties")
    with open(path, "w") as file:
        file.write("# of this cluster\n" + "\n".join(f"{name} = {value}" for name, value in properties.items()) + "\n")
    return f"@{path}"


def no_secret(cluster):
    """Nothing that any process wrote has a password in it, nor the part behind a separator."""
    for member in cluster.members:
        with open(member.process.log_path) as log:
            text = log.read()
        for secret in (PASSWORD, WRONG_PASSWORD):
            for part in (secret, *secret.replace(";", "=").split("=")[1:]):
                assert part not in text, f"{member.name} logged {part}"


def assert_works(cluster):
    buckets = cluster.buckets
    buckets.put("data-in", "data/a.csv", "id,name\n1,Ada\n2,Grace\n")
    buckets.create("data-out")
    _, record = cluster.run(flows.flow(
        unique("secure"), flows.s3_source("data-in", "data"), flows.s3_destination("data-out")))
    assert record["executionStatus"] == "Successful", record
    assert record["executionResult"]["recordsProcessed"] == 2
    assert len(buckets.keys("data-out")) == 1


@pytest.fixture
def secure_cluster(services):
    """Makes clusters on a secure broker; each is stopped in the end, and its logs are searched for secrets."""
    made = []

    def make(bootstrap, properties, start=True, broker=None):
        buckets = services.bucket_folder()
        cluster = MillraceCluster(services.require_binary(), services.postgres, broker or services.secure_kafka(), environment={
            **buckets.worker_environment(), "KAFKA_BROKERS": bootstrap, "KAFKA_PROPERTIES": properties,
            "MILLRACE_LOG_LEVEL": "debug"})
        cluster.buckets = buckets
        made.append(cluster)
        if start:
            return cluster.start()
        cluster.migrate()
        for member in cluster.members:
            member.start()
        return cluster

    try:
        yield make
        for cluster in made:
            cluster.stop()
            no_secret(cluster)
    finally:
        for cluster in made:
            cluster.kill_all()


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_password(secure_cluster, services, mechanism):
    """Commands, runs and events go over TLS with a password; the properties come from a file."""
    broker = services.secure_kafka(scram=mechanism != "PLAIN")
    assert_works(secure_cluster(broker.bootstrap, as_file(broker.with_password(mechanism)), broker=broker))


def test_client_certificate(secure_cluster, broker):
    """Mutual TLS; the properties are one line."""
    assert_works(secure_cluster(broker.certificate_bootstrap, as_line(broker.with_certificate("millrace"))))


def refused(cluster, *words):
    """Every role lives, is not ready, and has said why in words a person can act on."""
    for member in cluster.members:
        def said():
            return [line for line in member.log_lines() if line.get("level") in ("warning", "error")
                    and all(word in str(line).lower() for word in words)]

        member.process.wait_until(said, 40, f"a warning with {words}")
        answer = requests.get(f"{member.metrics_url}/readyz", timeout=5)
        assert answer.status_code == 503, f"{member.name}: {answer.text}"
        for secret in (PASSWORD, WRONG_PASSWORD):
            assert secret not in answer.text
        assert member.alive


def test_wrong_password(secure_cluster, broker):
    cluster = secure_cluster(broker.bootstrap, as_file(broker.with_password(password=WRONG_PASSWORD)), start=False)
    refused(cluster, "authentication")


def test_authority_that_is_not_trusted(secure_cluster, broker, stranger):
    cluster = secure_cluster(broker.bootstrap, as_file(broker.with_password(authority=stranger)), start=False)
    refused(cluster, "certificate verify failed")


def test_client_certificate_of_a_stranger(secure_cluster, broker, stranger):
    cluster = secure_cluster(
        broker.certificate_bootstrap, as_line(broker.with_certificate("stranger", stranger)), start=False)
    refused(cluster, "ssl")


def test_plain_text_to_a_tls_listener(secure_cluster, broker):
    """Properties forgotten: nothing works, and nothing claims to."""
    refused(secure_cluster(broker.bootstrap, "", start=False), "no broker", broker.bootstrap)


def test_the_embedded_broker_takes_no_properties(binary, broker):
    """They are of a Kafka; `dev` beside them in one environment works as ever."""
    folder = new_folder("dev-secure")
    dev = Member("dev", 1, binary, {
        **clean_environment(), "MILLRACE_DATA_DIR": os.path.join(folder, "data"), "MILLRACE_LISTEN": "127.0.0.1:0",
        "MILLRACE_METRICS_LISTEN": "127.0.0.1:0", "KAFKA_PROPERTIES": as_file(broker.with_password())}, folder)
    try:
        dev.start().wait_ready(60)
        name = unique("embedded")
        client = clients.appflow(dev.api_url, ("any", "key"))
        client.create_flow(**flows.flow(name))
        assert client.describe_flow(flowName=name)["flowStatus"] == "Active"
    finally:
        assert dev.stop() == 0
