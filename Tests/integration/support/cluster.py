# SPDX-License-Identifier: Apache-2.0
"""A whole Millrace: migrated database, and any number of processes of each role."""

import itertools
import os
import subprocess
import uuid

from . import clients
from .member import Member
from .waiting import wait_until
from .workspace import new_folder

ACCOUNT = "000000000000"
OTHER_ACCOUNT = "111111111111"
# (access key, secret key) of the principals that the tests' credentials file knows.
FULL_KEY = ("AKIAMILLRACEFULL0001", "full-secret/with+signs=")
READER_KEY = ("AKIAMILLRACEREAD0001", "reader-secret")
OTHER_KEY = ("AKIAMILLRACEOTHER001", "other-secret")

_CREDENTIALS = f"""\
[tests]
aws_access_key_id = {FULL_KEY[0]}
aws_secret_access_key = {FULL_KEY[1]}
role = full

[reader]
aws_access_key_id = {READER_KEY[0]}
aws_secret_access_key = {READER_KEY[1]}
role = read-only

[other]
aws_access_key_id = {OTHER_KEY[0]}
aws_secret_access_key = {OTHER_KEY[1]}
account = {OTHER_ACCOUNT}
role = full
"""
_OURS = ("MILLRACE_", "KAFKA_", "AWS_", "PG", "DATABASE_URL")


def clean_environment():
    """This process's environment without anything that configures Millrace."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}


class MillraceCluster:
    """`environment` is added to every role's; `roles` says how many processes of each are started."""

    def __init__(self, binary, postgres, broker, environment=None, api=1, controller=1, worker=1):
        self.binary = binary
        self.broker = broker
        self.folder = new_folder(f"cluster-{broker.name}")
        self.topic_prefix = getattr(broker, "topic_prefix", f"t{uuid.uuid4().hex[:8]}.")
        self.database = postgres.create_database()
        self.postgres = postgres
        credentials = os.path.join(self.folder, "credentials")
        with open(credentials, "w") as file:
            file.write(_CREDENTIALS)
        self.environment = {
            **clean_environment(), "DATABASE_URL": postgres.url(self.database), "KAFKA_BROKERS": broker.bootstrap,
            "MILLRACE_TOPIC_PREFIX": self.topic_prefix, "MILLRACE_LISTEN": "127.0.0.1:0",
            "MILLRACE_METRICS_LISTEN": "127.0.0.1:0", "MILLRACE_CREDENTIALS_FILE": credentials,
            "MILLRACE_ACCOUNT_ID": ACCOUNT, "MILLRACE_PARTITIONS": str(getattr(broker, "partitions", 4)), "AWS_REGION": clients.REGION,
            "AWS_EC2_METADATA_DISABLED": "true", **(environment or {}),
        }
        self.add_sealing_keys()
        self._numbers = {role: itertools.count(1) for role in ("api", "controller", "worker")}
        self.members = []
        self._clients = {}
        for role, count in (("api", api), ("controller", controller), ("worker", worker)):
            for _ in range(count):
                self.add(role)

    # Keys for the credentials of profiles

    @property
    def private_keys(self):
        return os.path.join(self.folder, "sealing-private.pem")

    def add_sealing_keys(self):
        """Adds a key pair; processes that start from now on know it. Returns its id."""
        self._keys = {
            "api": {"MILLRACE_SEALING_PUBLIC_KEYS_FILE": os.path.join(self.folder, "sealing-public.pem")},
            "worker": {"MILLRACE_SEALING_PRIVATE_KEYS_FILE": self.private_keys},
        }
        done = subprocess.run(
            [self.binary, "keys"], env={**clean_environment(), **self._keys["api"], **self._keys["worker"]},
            capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    # Membership

    def add(self, role, environment=None):
        """A further process of a role, not yet started."""
        member = Member(
            role, next(self._numbers[role]), self.binary,
            {**self._keys.get(role, {}), **self.environment, **(environment or {})}, self.folder)
        self.members.append(member)
        return member

    def of_role(self, role):
        return [member for member in self.members if member.role == role]

    def replace(self, role, environment, count=1):
        """Stops every process of a role and starts `count` new ones with more environment."""
        for member in self.of_role(role):
            self._stop(member)
            self.members.remove(member)
        for _ in range(count):
            self.add(role, environment).start()
        self.wait_ready(role)

    # Life

    def migrate(self):
        done = subprocess.run(
            [self.binary, "migrate"], env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"migrate ended with {done.returncode}\n{done.stdout}{done.stderr}"

    def start(self):
        self.migrate()
        for member in self.members:
            member.start()
        self.wait_ready()
        return self

    def wait_ready(self, role=None, timeout=60):
        for member in self.members:
            if role in (None, member.role):
                member.wait_ready(timeout)

    def _stop(self, member):
        if member.process.pid is None:
            return
        member.process.resume()
        status = member.stop()
        assert status == 0, f"{member.name} ended with {status} instead of 0\n{member.process.tail()}"

    def stop(self):
        """SIGTERM to all; each must end with 0 within its deadline."""
        problems = []
        for role in ("api", "controller", "worker"):
            for member in self.of_role(role):
                try:
                    self._stop(member)
                except AssertionError as error:
                    problems.append(str(error))
        assert not problems, "\n".join(problems)

    def kill_all(self):
        for member in self.members:
            member.kill()

    # Access

    def api_urls(self):
        """Endpoints of the api processes that run now."""
        return [member.api_url for member in self.of_role("api") if member.alive and member.api_url]

    @property
    def url(self):
        return self.api_urls()[0]

    def client(self, key=FULL_KEY, url=None, **options):
        """A boto3 client of one api process, kept for the next caller."""
        identity = (url or self.url, key, tuple(sorted(options.items())))
        if identity not in self._clients:
            self._clients[identity] = clients.appflow(identity[0], key, **options)
        return self._clients[identity]

    def wait_run(self, flow_name, execution_id, timeout=30, client=None):
        """Waits until a run is over; returns its execution record."""
        client = client or self.client()
        latest = {}

        def over():
            records = client.describe_flow_execution_records(flowName=flow_name, maxResults=100)["flowExecutions"]
            latest["record"] = next((record for record in records if record["executionId"] == execution_id), None)
            record = latest["record"]
            return record if record and record["executionStatus"] in ("Successful", "Error", "Canceled") else None

        return wait_until(over, timeout, lambda: f"the end of {flow_name}'s run {execution_id}: {latest}\n{self.tails()}")

    def run(self, definition, timeout=30):
        """Creates a flow, runs it once and returns (execution id, execution record)."""
        client = self.client()
        client.create_flow(**definition)
        execution = client.start_flow(flowName=definition["flowName"])["executionId"]
        return execution, self.wait_run(definition["flowName"], execution, timeout)

    def log_lines(self, role=None):
        return [line for member in self.members if role in (None, member.role)
                for line in member.log_lines(all_starts=True)]

    def tails(self, lines=15):
        """The last log lines of every process, for a failure's text."""
        return "\n".join(member.process.tail(lines) for member in self.members if member.process.pid)
