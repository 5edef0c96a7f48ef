# SPDX-License-Identifier: Apache-2.0
"""Apache Kafka from an installation on this machine: one KRaft node that is broker and controller."""

import base64
import glob
import os
import re
import shutil
import subprocess
import uuid

from .ports import free_port, is_open
from .processes import ManagedProcess
from .workspace import new_folder

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
listeners={listeners},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners={listeners}
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=4
# A killed broker is let back in when its old session ends.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""


def version_of(home):
    """"4.2" of an installation, from the name of its own jars; None if `home` is not one."""
    for jar in glob.glob(os.path.join(home, "libs", "kafka-clients-*.jar")):
        match = re.search(r"kafka-clients-(\d+\.\d+)", os.path.basename(jar))
        if match and os.path.exists(os.path.join(home, "bin", "kafka-server-start.sh")):
            return match.group(1)
    return None


def discover():
    """Version → installation: KAFKA_HOME (several may be joined with `:`), then ../shared/kafka/* beside the
    repository. Newest first."""
    homes = [home for home in os.environ.get("KAFKA_HOME", "").split(":") if home]
    homes += sorted(glob.glob(os.path.join(REPOSITORY, "..", "shared", "kafka", "*", "")))
    found = {}
    for home in homes:
        version = version_of(home)
        if version:
            found.setdefault(version, os.path.realpath(home))
    return dict(sorted(found.items(), key=lambda item: [int(part) for part in item[0].split(".")], reverse=True))


class ApacheKafka:
    """Formats on the first start; later starts find the same data on the same ports."""

    # What librdkafka needs beside the address.
    client_properties = {}

    def __init__(self, version, home):
        self.version = version
        self.home = home
        self.name = self._name()
        self.folder = new_folder(self.name)
        self.port = free_port()
        self._properties = os.path.join(self.folder, "server.properties")
        with open(self._properties, "w") as file:
            file.write(_PROPERTIES.format(
                listeners=self._listeners(), controller_port=free_port(), data=os.path.join(self.folder, "data")))
            file.write(self._security())
        self._environment = {
            **os.environ, "LOG_DIR": os.path.join(self.folder, "logs"),
            "KAFKA_HEAP_OPTS": os.environ.get("KAFKA_HEAP_OPTS", "-Xms256m -Xmx384m"),
            # Short-lived brokers: compile cheaply, collect garbage with one thread.
            "KAFKA_JVM_PERFORMANCE_OPTS": "-server -XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        }
        self._environment.pop("KAFKA_HOME", None)
        self._formatted = False
        self.process = ManagedProcess(
            self.name, [os.path.join(home, "bin", "kafka-server-start.sh"), self._properties],
            os.path.join(self.folder, "broker.log"), environment=self._environment, directory=self.folder)

    def _name(self):
        return f"kafka-{self.version}"

    def _listeners(self):
        return f"PLAINTEXT://127.0.0.1:{self.port}"

    def _security(self):
        """Further lines of the broker's properties."""
        return "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n"

    def _format_arguments(self):
        return []

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        assert shutil.which("java"), "Apache Kafka needs java"
        if not self._formatted:
            cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            subprocess.run(
                [os.path.join(self.home, "bin", "kafka-storage.sh"), "format", "-t", cluster, "-c", self._properties,
                 *self._format_arguments()], check=True, stdout=subprocess.DEVNULL, env=self._environment, cwd=self.folder)
            self._formatted = True
        self.process.start()
        self.process.wait_until(self._answers, 60, "the first metadata answer")
        return self

    def _answers(self):
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        if not is_open(self.port):
            return False
        try:
            admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0, **self.client_properties})
            return bool(admin.list_topics(timeout=2).brokers)
        except KafkaException:
            return False

    def stop(self):
        # The start script execs java, so the signal reaches the broker itself; 143 is how a JVM reports SIGTERM.
        status = self.process.terminate(60)
        assert status in (0, 143, -15), f"{self.name} ended with {status}\n{self.process.tail()}"

    def kill(self):
        self.process.kill()

    def restart(self):
        self.stop()
        self.start()
