# SPDX-License-Identifier: Apache-2.0
"""The embedded broker as a process of its own: `millrace broker`."""

import json
import os

from .processes import ManagedProcess
from .workspace import new_folder


class BrokerAddress:
    """The file in which an embedded broker says where it listens."""

    def __init__(self, address_file):
        self.address_file = address_file

    @property
    def address(self):
        """host:port of the broker that runs now, for clients other than Millrace."""
        return self._read()["brokers"]

    def _read(self):
        try:
            with open(self.address_file) as file:
                return json.load(file)
        except (OSError, ValueError):
            return None


class EmbeddedBroker(BrokerAddress):
    """Forgets everything when it stops; each start writes a new address and epoch to the same file. It makes the
    topics itself, so it serves one cluster and must know that one's prefix and partitions."""

    name = "embedded"
    topic_prefix = "embedded."
    partitions = 4

    def __init__(self, binary):
        self.folder = new_folder("embedded-broker")
        super().__init__(os.path.join(self.folder, "broker.json"))
        self.process = ManagedProcess(
            "broker", [binary, "broker"], os.path.join(self.folder, "broker.log"), directory=self.folder,
            environment={
                **os.environ, "MILLRACE_BROKER_FILE": self.address_file, "MILLRACE_TOPIC_PREFIX": self.topic_prefix,
                "MILLRACE_PARTITIONS": str(self.partitions)})

    @property
    def bootstrap(self):
        """What KAFKA_BROKERS takes."""
        return f"file:{self.address_file}"

    def start(self):
        before = self._read()
        self.process.start()
        self.process.wait_until(
            lambda: (now := self._read()) and (not before or now["epoch"] != before["epoch"]), 20, "its address file")
        return self

    def stop(self):
        status = self.process.terminate(20)
        assert status == 0, f"the embedded broker ended with {status}\n{self.process.tail()}"

    def kill(self):
        self.process.kill()

    def restart(self):
        self.stop()
        self.start()
