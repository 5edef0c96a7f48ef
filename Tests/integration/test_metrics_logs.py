# SPDX-License-Identifier: Apache-2.0
"""What an operator sees: health, readiness, metrics and logs of each role."""

import pytest
import requests

from support import flows
from support.cluster import FULL_KEY
from support.names import unique
from support.raw_http import call
from support.waiting import wait_until


@pytest.fixture(scope="module")
def cluster(make_cluster, services):
    buckets = services.bucket_folder()
    cluster = make_cluster(api=1, controller=1, worker=1, environment=buckets.worker_environment())
    buckets.put("data-in", "data/a.csv", "id,secret_column\n1,confidential-value\n")
    buckets.create("data-out")
    cluster.flow_name = unique("watched")
    cluster.execution, record = cluster.run(
        flows.flow(cluster.flow_name, flows.s3_source("data-in", "data"), flows.s3_destination("data-out")))
    assert record["executionStatus"] == "Successful", record
    yield cluster
    cluster.stop()


@pytest.mark.parametrize("role", ["api", "controller", "worker"])
def test_health_and_readiness(cluster, role):
    (member,) = cluster.of_role(role)
    assert requests.get(f"{member.metrics_url}/healthz", timeout=5).status_code == 200
    ready = requests.get(f"{member.metrics_url}/readyz", timeout=5)
    assert ready.status_code == 200
    assert "postgres" in ready.text.lower() and "kafka" in ready.text.lower(), ready.text
    assert requests.get(f"{member.metrics_url}/nothing", timeout=5).status_code == 404


@pytest.mark.parametrize("role", ["api", "controller", "worker"])
def test_metrics_are_what_a_scraper_accepts(cluster, role):
    (member,) = cluster.of_role(role)
    answer = requests.get(f"{member.metrics_url}/metrics", timeout=5)
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    samples = member.metrics()
    values = {name: value for (name, _), value in samples.items()}
    assert 1e6 < values["process_resident_memory_bytes"] < 500e6
    assert values["process_cpu_seconds_total"] > 0 and values["process_open_fds"] > 3
    assert any(name.startswith("millrace_") for name, _ in samples)
    for (name, labels), _ in samples.items():
        assert cluster.flow_name not in str(labels), f"{name} has a label per flow: that grows without bound"


def test_counters_move(cluster):
    (api,) = cluster.of_role("api")
    before = api.metrics()
    call(cluster.url, "/list-flows", {}, FULL_KEY)
    call(cluster.url, "/no-such-operation", {}, FULL_KEY)
    after = api.metrics()
    moved = {name for (name, labels), value in after.items() if value > before.get((name, labels), 0)}
    assert any("request" in name for name in moved), moved


def lines(cluster, role):
    return cluster.log_lines(role)


@pytest.mark.parametrize("role", ["api", "controller", "worker"])
def test_every_log_line_is_a_json_object(cluster, role):
    for line in lines(cluster, role):
        assert "unparsed" not in line, line
        assert {"time", "level", "role", "message"} <= set(line), line
        assert line["role"] == role


def test_logs_name_request_flow_and_run(cluster):
    """A change names its request; the work on a run names flow and run."""
    request = cluster.client().create_flow(**flows.flow(unique("logged")))["ResponseMetadata"]["RequestId"]
    wait_until(
        lambda: any(line.get("request") == request for line in lines(cluster, None)), 5, "a line that names the request")
    of_run = [line for line in lines(cluster, "worker") if line.get("run") == cluster.execution]
    assert of_run and any(line.get("flow") == cluster.flow_name for line in of_run), "no worker line names flow and run"


def test_logs_hold_no_record_data(cluster):
    for member in cluster.members:
        with open(member.process.log_path) as log:
            assert "confidential-value" not in log.read()
