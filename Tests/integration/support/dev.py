# SPDX-License-Identifier: Apache-2.0
"""`millrace dev`: everything in one process, with a private PostgreSQL and an embedded broker of its own."""

import contextlib
import os
import signal
import threading

from . import clients, flows
from .cluster import clean_environment
from .embedded_broker import BrokerAddress
from .folder_buckets import FolderBuckets
from .member import Member
from .waiting import wait_until
from .workspace import new_folder

_ANY_KEY = ("any", "key")  # dev's default is MILLRACE_AUTH=none


class Dev:
    """One data folder, and the processes that a dev instance leaves on it. To clients, streams and checks it is a
    cluster, whose ports change with each start."""

    topic_prefix = "millrace."

    def __init__(self, binary):
        self.data = os.path.join(new_folder("dev"), "data")
        self.member = Member("dev", 1, binary, {
            **clean_environment(), "MILLRACE_DATA_DIR": self.data, "MILLRACE_LISTEN": "127.0.0.1:0",
            "MILLRACE_METRICS_LISTEN": "127.0.0.1:0", "MILLRACE_LEASE_SECONDS": "2",
            "MILLRACE_TOPIC_PREFIX": self.topic_prefix}, os.path.dirname(self.data))
        self.buckets = FolderBuckets(os.path.join(self.data, "buckets"))
        self.broker = BrokerAddress(os.path.join(self.data, "broker.json"))
        self._clients = {}
        self._lock = threading.Lock()

    def start(self):
        self.member.start()
        self.member.wait_ready(60)
        return self

    def discard(self):
        """Ends whatever a test that broke off left behind: PostgreSQL outlives the process that started it."""
        self.member.kill()
        for line in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(line.split()[0]), signal.SIGQUIT)

    def api_urls(self):
        return [self.member.api_url] if self.member.alive and self.member.api_url else []

    def client(self, url=None, **options):
        """A boto3 client of the process that runs now, or of `url`; kept for the next caller."""
        identity = (url or self.api_urls()[0], tuple(sorted(options.items())))
        with self._lock:
            if identity not in self._clients:
                self._clients[identity] = clients.appflow(identity[0], _ANY_KEY, **options)
            return self._clients[identity]

    def tails(self, lines=15):
        return self.member.process.tail(lines)

    def flow(self, name):
        self.buckets.create("data-in")
        self.buckets.create("data-out")
        self.buckets.put("data-in", f"{name}/a.csv", "id\n1\n2\n")
        return flows.flow(name, flows.s3_source("data-in", name), flows.s3_destination("data-out"))

    def wait_run(self, name, execution):
        client = self.client()
        return wait_until(
            lambda: next((record for record in client.describe_flow_execution_records(flowName=name)["flowExecutions"]
                          if record["executionId"] == execution and record["executionStatus"] not in ("InProgress", "CancelStarted")),
                         None),
            40, lambda: f"the end of {name}'s run\n{self.tails(40)}")

    def broker_pid(self):
        (broker,) = [line for line in self.processes() if line.endswith(" broker")]
        return int(broker.split()[0])

    def processes(self):
        return live_processes(self.data)


def live_processes(folder):
    """`pid command line` of every live process that has the folder in its command line or environment."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline") as file:
                command = file.read().replace("\0", " ")
            with open(f"/proc/{pid}/environ") as file:
                environment = file.read()
            with open(f"/proc/{pid}/stat") as file:
                state = file.read().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if folder in command + environment and state != "Z":
            found.append(f"{pid} {command.strip()}")
    return found
