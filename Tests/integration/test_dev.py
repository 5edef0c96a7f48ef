# SPDX-License-Identifier: Apache-2.0
"""`millrace dev`, the embedded default, and the command line of every role."""

import concurrent.futures
import glob
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
import requests
from botocore.exceptions import BotoCoreError, ClientError

from support import messages
from support.cluster import clean_environment
from support.dev import Dev, live_processes
from support.kafka import REPOSITORY
from support.member import Member
from support.names import unique
from support.patient_client import PatientClient
from support.waiting import pause, wait_until
from support.workspace import new_folder

MIGRATIONS = os.path.join(REPOSITORY, "migrations")
ROLES = ("api", "controller", "worker", "migrate", "broker", "dev", "health", "keys")
README = os.path.join(REPOSITORY, "README.md")


@pytest.fixture(scope="module")
def dev(binary):
    dev = Dev(binary).start()
    yield dev
    if dev.member.alive:
        dev.member.stop(timeout=40)
    dev.discard()


def test_first_flow(dev):
    name = unique("dev")
    client = dev.client()
    client.create_flow(**dev.flow(name))
    execution = client.start_flow(flowName=name)["executionId"]
    assert dev.wait_run(name, execution)["executionStatus"] == "Successful"
    assert dev.buckets.get("data-out", f"{name}/{execution}") == b'{"id":"1"}\n{"id":"2"}\n'


def test_readme_snippet_runs_as_it_stands(dev):
    """Only the address differs. The buckets are those that it names."""
    with open(README) as file:
        (snippet,) = re.findall(r"^With boto3:\n\n```python\n(.*?)^```$", file.read(), re.DOTALL | re.MULTILINE)
    address = "http://127.0.0.1:8080"
    assert snippet.count(address) == 1
    dev.buckets.create("warehouse")
    dev.buckets.put("shop", "orders/1.csv", "id,card,total\n1,4111,10.5\n2,4222,7\n")
    done = subprocess.run(
        [sys.executable, "-c", snippet.replace(address, dev.api_urls()[0])], env=clean_environment(),
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    (execution,) = re.findall(r"'executionId': '([^']+)'", done.stdout)
    record = dev.wait_run("orders-to-json", execution)
    assert (record["executionStatus"], record["executionResult"]["recordsProcessed"]) == ("Successful", 2), record
    written = dev.buckets.get("warehouse", f"orders-to-json/{execution}")
    assert written == b'{"id":"1","total":"10.5"}\n{"id":"2","total":"7"}\n'


def test_demo_shows_its_run(binary):
    """What `make demo` starts, once everything is built."""
    data = os.path.join(new_folder("demo"), "data")
    done = subprocess.run(
        [sys.executable, os.path.join(REPOSITORY, "deploy", "demo", "demo.py"), "--binary", binary, "--data-dir", data],
        env=clean_environment(), capture_output=True, text=True, timeout=240)
    assert done.returncode == 0 and done.stderr == "", f"{done.stdout}\n{done.stderr}"
    lines = done.stdout.splitlines()
    (run,) = [found[1] for line in lines if (found := re.fullmatch(r"run +(\S+): Successful after \d+ ms", line))]
    figures = r"figures +344 records, 53,098 bytes read, [\d,]+ bytes written"
    assert [line for line in lines if re.fullmatch(figures, line)]
    assert f"output    penguin-reports/heavy-penguins/{run}" in lines
    with open(os.path.join(data, "buckets", "penguin-reports", "heavy-penguins", run)) as file:
        records = file.read().splitlines()
    assert lines[-7:] == [f"          {record}" for record in records[:5]] + [
        f"          … {len(records)} records in all", "stopped   cleanly"]
    assert all(int(json.loads(record)["grams"]) > 5500 for record in records) and len(records) == 28
    assert live_processes(data) == []


def test_survives_kill_and_restart_with_everything_acknowledged(dev):
    """kill -9 of dev while commands come in; the embedded broker forgets, PostgreSQL does not."""
    client = PatientClient(dev)
    created, started = [], {}
    for number in range(60):
        name = unique("kept")
        client.call("create_flow", **dev.flow(name))
        created.append(name)
        if number % 2:
            started[name] = client.call("start_flow", flowName=name)["executionId"]
        if number in (20, 40):
            dev.member.kill()
            dev.start()
    listed = {flow["flowName"] for flow in dev.client().list_flows(maxResults=100)["flows"]}
    assert set(created) <= listed
    for name, execution in started.items():
        assert dev.wait_run(name, execution)["executionStatus"] == "Successful"
        assert len(dev.client().describe_flow_execution_records(flowName=name)["flowExecutions"]) == 1
        assert dev.buckets.keys("data-out", name + "/") == [f"{name}/{execution}"]
    assert client.violations == []


def test_sigterm_stops_everything_with_status_0(dev):
    name = unique("last")
    dev.client().create_flow(**dev.flow(name))
    assert dev.member.stop(timeout=40) == 0, dev.member.process.tail()
    wait_until(lambda: not dev.processes(), 10, lambda: f"the end of {dev.processes()}")
    dev.start()
    assert dev.client().describe_flow(flowName=name)["flowName"] == name
    assert dev.member.stop(timeout=40) == 0, dev.member.process.tail()


def test_sigterm_answers_what_was_taken_in_and_keeps_it(dev):
    """While the broker stands still, commands wait in the api; SIGTERM comes; the broker goes on. Beside it a client that
    never ceases to send."""
    if not dev.member.alive:
        dev.start()
    waiting = [unique("waiting") for _ in range(20)]
    url, over, streamed, refused = dev.api_urls()[0], threading.Event(), [], []

    def send(name):
        return dev.client(url, retries=0, read_timeout=60).create_flow(**dev.flow(name))["ResponseMetadata"]["HTTPStatusCode"]

    def stream():
        while not over.is_set():
            name = unique("streamed")
            try:
                send(name)
                streamed.append(name)
            except (ClientError, BotoCoreError) as error:  # taken in no more, or cut off
                refused.append(error)
                over.wait(0.01)

    def log_has(message):
        return any(line.get("message") == message for line in dev.member.log_lines())

    def waits():
        return max((value for (name, _), value in dev.member.metrics().items() if name == "millrace_pending_commands"), default=0)

    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        try:
            streams = [pool.submit(stream) for _ in range(3)]
            wait_until(lambda: len(streamed) >= 30, 30, lambda: f"a stream: {len(streamed)} {refused[:3]}")
            broker = dev.broker_pid()
            os.kill(broker, signal.SIGSTOP)
            try:
                answers = [pool.submit(send, name) for name in waiting]
                # 3 of the streams and all of these.
                wait_until(lambda: waits() >= len(waiting) + 3, 30, lambda: f"commands that wait: {waits()}")
                dev.member.process.send(signal.SIGTERM)
                wait_until(lambda: log_has("stopping"), 20, lambda: f"the signal\n{dev.member.process.tail()}")
            finally:
                os.kill(broker, signal.SIGCONT)
            assert [answer.result() for answer in answers] == [200] * len(waiting)
            assert dev.member.process.wait_for_exit(40) == 0, dev.member.process.tail()
        finally:
            over.set()
        for done in streams:
            done.result()
    dev.start()
    client, listed, token = dev.client(), set(), {}
    while True:
        page = client.list_flows(maxResults=100, **token)
        listed |= {flow["flowName"] for flow in page["flows"]}
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert set(waiting) | set(streamed) <= listed


# The command line


def run(binary, *arguments, **environment):
    return subprocess.run(
        [binary, *arguments], env={**clean_environment(), **environment}, capture_output=True, text=True, timeout=20)


def test_dev_keeps_a_key_pair_for_credentials(binary):
    dev = Dev(binary).start()
    paths = [os.path.join(dev.data, f"sealing-{half}.pem") for half in ("private", "public")]

    def create(name):
        dev.client().create_connector_profile(
            connectorProfileName=name, connectorType="Slack", connectionMode="Public", connectorProfileConfig={
                "connectorProfileProperties": {"Slack": {"instanceUrl": "https://example.slack.com"}},
                "connectorProfileCredentials": {"Slack": {"clientId": "i", "clientSecret": "s"}}})

    try:
        create("before")
        assert os.stat(paths[0]).st_mode & 0o777 == 0o600
        keys = [open(path).read() for path in paths]
        assert dev.member.stop() == 0
        dev.start()
        assert [open(path).read() for path in paths] == keys
        create("after")
        profiles = dev.client().describe_connector_profiles()["connectorProfileDetails"]
        assert [profile["connectorProfileName"] for profile in profiles] == ["after", "before"]
    finally:
        assert dev.member.stop() == 0


def migration_files():
    return sorted(glob.glob(os.path.join(MIGRATIONS, "*.sql")))


@pytest.mark.parametrize("role", ROLES)
def test_help_names_every_setting(binary, role):
    done = run(binary, role, "--help")
    assert done.returncode == 0 and done.stderr == ""
    wanted = {"broker": ["--broker-file"], "health": ["--metrics-listen"], "dev": ["MILLRACE_DATA_DIR", "--data-dir"],
              "keys": ["MILLRACE_SEALING_PRIVATE_KEYS_FILE", "--sealing-public-keys-file"]}.get(
        role, ["DATABASE_URL", "--database-url"])
    if role in ("api", "controller", "worker"):
        wanted += ["KAFKA_BROKERS", "--kafka-brokers", "MILLRACE_METRICS_LISTEN"]
    if role == "api":
        wanted += ["MILLRACE_LISTEN", "--listen", "MILLRACE_AUTH", "MILLRACE_CREDENTIALS_FILE"]
    for word in wanted:
        assert word in done.stdout, f"{word} is missing in:\n{done.stdout}"


def test_help_lists_the_roles(binary):
    done = run(binary, "--help")
    assert done.returncode == 0
    for role in ROLES:
        assert role in done.stdout


def helped(binary, role):
    """The variables that a role's help names."""
    return set(re.findall(r"(?m)^  --[a-z0-9-]+, ([A-Z0-9_]+)$", run(binary, role, "--help").stdout))


@pytest.mark.parametrize("role, shown", [
    ("worker", "MILLRACE_WORKER_SLOTS"), ("dev", "MILLRACE_WORKER_SLOTS"), ("broker", "MILLRACE_BROKER_FILE")])
def test_help_hides_what_is_internal(binary, role, shown):
    names = helped(binary, role)
    assert shown in names
    assert not [name for name in names if name.startswith("MILLRACE_TEST") or name == "MILLRACE_EXIT_WITH_PARENT"]


def test_the_readme_names_the_roles_of_every_variable(binary):
    """Its table of variables, against the help of every role: neither has one that the other lacks."""
    with open(README) as file:
        table = file.read().split("| variable | of | meaning | default |")[1].split("\n\n")[0]
    documented = {}
    for row in table.splitlines()[2:]:
        names, roles = row.split("|")[1:3]
        for name in re.findall(r"`([A-Z0-9_]+)`", names):
            documented.setdefault(name, set()).update(role.strip() for role in roles.split(","))
    known = {}
    for role in ROLES:
        for name in helped(binary, role):
            known.setdefault(name, set()).add(role)
    assert documented == known


NOWHERE = {"DATABASE_URL": "postgresql:///nowhere?host=/nonexistent", "KAFKA_BROKERS": "127.0.0.1:1"}
OPEN = {**NOWHERE, "MILLRACE_AUTH": "none"}


@pytest.mark.parametrize("arguments, environment, word", [
    ([], {}, ""),
    (["dance"], {}, "dance"),
    (["api", "--no-such-flag"], NOWHERE, "no-such-flag"),
    (["api", "--listen"], NOWHERE, "listen"),
    (["api"], {**OPEN, "MILLRACE_LISTEN": "not-an-address"}, "MILLRACE_LISTEN"),
    (["api"], {**OPEN, "MILLRACE_LISTEN": "127.0.0.1:99999"}, "MILLRACE_LISTEN"),
    (["api"], {**OPEN, "MILLRACE_ACCOUNT_ID": "12"}, "MILLRACE_ACCOUNT_ID"),
    (["api"], {**NOWHERE, "MILLRACE_AUTH": "maybe"}, "MILLRACE_AUTH"),
    (["api"], {**OPEN, "MILLRACE_LISTEN": "0.0.0.0:0"}, "loopback"),
    (["api"], NOWHERE, "MILLRACE_CREDENTIALS_FILE"),
    (["api"], {**NOWHERE, "MILLRACE_CREDENTIALS_FILE": "/nonexistent/credentials"}, "MILLRACE_CREDENTIALS_FILE"),
    (["worker"], {**NOWHERE, "MILLRACE_LEASE_SECONDS": "soon"}, "MILLRACE_LEASE_SECONDS"),
    (["worker"], {**NOWHERE, "MILLRACE_WORKER_SLOTS": "0"}, "MILLRACE_WORKER_SLOTS"),
    (["worker", "--worker-slots", "-3"], NOWHERE, "WORKER_SLOTS"),
    (["controller"], {**NOWHERE, "KAFKA_PROPERTIES": "no equals sign"}, "KAFKA_PROPERTIES"),
    (["controller"], {**NOWHERE, "MILLRACE_LOG_LEVEL": "loud"}, "MILLRACE_LOG_LEVEL"),
    (["migrate"], {**NOWHERE, "MILLRACE_MIGRATIONS": "/nonexistent"}, "MILLRACE_MIGRATIONS"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_bad_configuration_is_one_line_and_status_64(binary, arguments, environment, word):
    done = run(binary, *arguments, **environment)
    assert done.returncode == 64, (done.returncode, done.stderr)
    assert word.lower().replace("_", "-") in done.stderr.lower().replace("_", "-")
    if arguments:
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert done.stdout == "" or not arguments


def test_dependency_that_is_down_is_waited_for(binary):
    """Not a configuration error: the process stays, says so on /readyz, and stops cleanly."""
    member = Member("controller", 1, binary, {
        **clean_environment(), **NOWHERE, "MILLRACE_METRICS_LISTEN": "127.0.0.1:0"}, new_folder("waiting")).start()
    try:
        member.process.wait_until(lambda: member.metrics_url, 10, "its port")
        answer = requests.get(f"{member.metrics_url}/readyz", timeout=5)
        assert answer.status_code == 503 and "postgres" in answer.text.lower()
        assert requests.get(f"{member.metrics_url}/healthz", timeout=5).status_code == 200
        assert member.stop(timeout=40) == 0, member.process.tail()
    finally:
        member.kill()


def test_migrate_is_killed_again_and_again(services, binary):
    """kill -9 five times, ever later; what is half done is undone or finished, never kept."""
    chance = random.Random(messages.seed())

    def fresh():
        database = services.postgres.create_database()
        return database, {"DATABASE_URL": services.postgres.url(database), "MILLRACE_MIGRATIONS": MIGRATIONS}

    whole, environment = fresh()
    began = time.monotonic()
    assert run(binary, "migrate", **environment).returncode == 0
    duration = time.monotonic() - began
    database, environment = fresh()
    statuses = []
    for delay in sorted(chance.uniform(0, duration) for _ in range(5)):
        process = subprocess.Popen(
            [binary, "migrate"], env={**clean_environment(), **environment}, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        pause(delay)
        process.kill()
        statuses.append(process.wait(20))
    print(f"killed within {duration:.3f} s: {statuses}")
    assert -signal.SIGKILL in statuses and set(statuses) <= {0, -signal.SIGKILL}
    done = run(binary, "migrate", **environment)
    assert done.returncode == 0, done.stderr
    with services.postgres.connect(database) as connection, services.postgres.connect(whole) as reference:
        applied = connection.execute(APPLIED).fetchall()
        assert [name for _, name, _, _ in applied] == [os.path.basename(file) for file in migration_files()]
        schema = schema_of(connection)
        assert schema == schema_of(reference)
        done = run(binary, "migrate", **environment)
        assert done.returncode == 0, done.stderr
        assert connection.execute(APPLIED).fetchall() == applied and schema_of(connection) == schema


APPLIED = "SELECT version, name, checksum, applied_at FROM schema_migrations ORDER BY version"


def schema_of(connection):
    """Columns, indexes, constraints and functions, and how many rows each table has from its migration."""
    found = [
        connection.execute(query).fetchall() for query in (
            "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns "
            "WHERE table_schema = 'public' ORDER BY 1, 2",
            "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2",
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
            "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1, 2")]
    tables = sorted({row[0] for row in found[0]})
    assert tables
    return found, {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables}


@pytest.mark.parametrize("role", ["api", "controller", "worker"])
def test_role_waits_for_the_newest_migration(services, binary, tmp_path, role):
    """A database that the program is newer than: the role stays, says what is missing, and begins once it is there."""
    files = migration_files()
    older = tmp_path / "older"
    older.mkdir()
    for file in files[:-1]:
        shutil.copy(file, older)
    database = services.postgres.create_database()
    broker = services.preferred_broker()
    environment = {
        **clean_environment(), "DATABASE_URL": services.postgres.url(database), "KAFKA_BROKERS": broker.bootstrap,
        "MILLRACE_TOPIC_PREFIX": getattr(broker, "topic_prefix", unique("schema") + "."),
        "MILLRACE_AUTH": "none", "MILLRACE_LISTEN": "127.0.0.1:0", "MILLRACE_METRICS_LISTEN": "127.0.0.1:0"}
    if role != "api":
        del environment["MILLRACE_AUTH"], environment["MILLRACE_LISTEN"]
    assert run(binary, "migrate", **environment, MILLRACE_MIGRATIONS=str(older)).returncode == 0
    member = Member(role, 1, binary, environment, new_folder("schema")).start()
    try:
        member.process.wait_until(lambda: member.metrics_url, 20, "its port")

        def readiness():
            return requests.get(f"{member.metrics_url}/readyz", timeout=5)

        missing = f"migration {len(files)} is missing"
        member.process.wait_until(lambda: missing in readiness().text, 20, missing)
        assert readiness().status_code == 503
        assert run(binary, "migrate", **environment).returncode == 0
        member.wait_ready(40)
        assert member.stop(timeout=40) == 0, member.process.tail()
    finally:
        member.kill()
