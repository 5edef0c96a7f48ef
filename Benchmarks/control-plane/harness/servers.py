# SPDX-License-Identifier: Apache-2.0
"""The servers under Millrace and its peers: private instances on free ports, durable as their defaults make them."""

import os
import pathlib
import shutil
import signal
import subprocess

from .processes import BenchmarkFailure, Child, answers, as_unprivileged, free_port, wait_for


class Postgres:
    """A fresh cluster: fsync and synchronous_commit on, on a unix socket."""

    def __init__(self, folder):
        self.bin = postgres_binaries()
        root = pathlib.Path(folder) / "postgres"
        root.mkdir()
        prefix = as_unprivileged(root)
        data = root / "data"
        subprocess.run(
            [*prefix, self.bin / "initdb", "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=root,
        )
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(
                f"listen_addresses = ''\nunix_socket_directories = '{root}'\nmax_connections = 200\n"
                "shared_buffers = 256MB\nmax_wal_size = 4GB\n"
            )
        self.socket = root
        self.child = Child(
            "postgres", [*prefix, self.bin / "postgres", "-D", data], folder, stop_signal=signal.SIGINT, cwd=root
        )
        wait_for("PostgreSQL", 30, lambda: self.command("pg_isready", "-q", check=False) == 0)

    def url(self, database):
        return f"postgresql:///{database}?host={self.socket}&user=bench"

    def command(self, program, *arguments, check=True):
        environment = {**os.environ, "PGHOST": str(self.socket), "PGUSER": "bench"}
        return subprocess.run(
            [str(self.bin / program), *arguments], check=check, env=environment, stdout=subprocess.DEVNULL
        ).returncode

    def create(self, database):
        self.command("createdb", database)
        return self.url(database)

    def stop(self):
        self.child.stop()


def postgres_binaries():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    if path := shutil.which("initdb"):
        return pathlib.Path(path).parent
    raise BenchmarkFailure("no PostgreSQL binaries")


class Kafka:
    """One broker that is its own controller, from an unpacked Apache Kafka."""

    def __init__(self, home, folder):
        home = pathlib.Path(home)
        data = pathlib.Path(folder) / "kafka"
        port, controller = free_port(), free_port()
        properties = pathlib.Path(folder) / "kafka.properties"
        properties.write_text(
            f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
"""
        )
        environment = {"LOG_DIR": str(pathlib.Path(folder) / "kafka-logs")}
        tool = [home / "bin" / "kafka-storage.sh"]
        identity = subprocess.run(
            [*tool, "random-uuid"], check=True, capture_output=True, text=True, env={**os.environ, **environment}
        ).stdout.split()[-1]
        subprocess.run(
            [*tool, "format", "-t", identity, "-c", properties],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )
        self.brokers = f"127.0.0.1:{port}"
        self.child = Child("kafka", [home / "bin" / "kafka-server-start.sh", properties], folder, environment)
        wait_for("Kafka", 60, lambda: self.child.check() or answers(port), pause=0.2)
        # The version stands in the name of Kafka's own jar, wherever the folder lies.
        jar = next(home.glob("libs/kafka-clients-*.jar"), None)
        self.version = jar.stem.removeprefix("kafka-clients-") if jar else "?"

    def stop(self):
        self.child.stop()


class Redis:
    """Its defaults, which include a snapshot now and then but no append-only file."""

    def __init__(self, folder):
        self.port = free_port()
        data = pathlib.Path(folder) / "redis"
        data.mkdir()
        self.child = Child(
            "redis", ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--dir", data], folder
        )
        wait_for("Redis", 20, lambda: self.child.check() or answers(self.port))

    def url(self, database):
        return f"redis://127.0.0.1:{self.port}/{database}"

    def stop(self):
        self.child.stop()


class RabbitMQ:
    """A node of its own, with its own port mapper, never the system's."""

    def __init__(self, folder):
        program = next(
            (path for path in ("/usr/lib/rabbitmq/bin/rabbitmq-server",) if os.path.exists(path)),
            shutil.which("rabbitmq-server"),
        )
        if program is None:
            raise BenchmarkFailure("rabbitmq-server is not installed")
        self.port, distribution, mapper = free_port(), free_port(), free_port()
        root = pathlib.Path(folder) / "rabbitmq"
        root.mkdir()
        environment = {
            "HOME": root,
            "RABBITMQ_NODENAME": f"bench-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": self.port,
            "RABBITMQ_DIST_PORT": distribution,
            "RABBITMQ_MNESIA_BASE": root,
            "RABBITMQ_LOG_BASE": root,
            "RABBITMQ_PID_FILE": root / "pid",
            "RABBITMQ_ENABLED_PLUGINS_FILE": root / "plugins",
            "RABBITMQ_CONF_ENV_FILE": root / "absent",
            "ERL_EPMD_PORT": mapper,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        self.child = Child("rabbitmq", [program], folder, environment)
        wait_for("RabbitMQ", 60, lambda: self.child.check() or answers(self.port), pause=0.2)
        # The port mapper detaches itself and would outlive the node.
        self._mapper = [
            int(entry.name)
            for entry in pathlib.Path("/proc").iterdir()
            if entry.name.isdigit() and _is_mapper(entry, mapper)
        ]

    def url(self):
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def stop(self):
        self.child.stop()
        for pid in self._mapper:
            os.kill(pid, signal.SIGTERM)


def _is_mapper(entry, port):
    try:
        command = (entry / "cmdline").read_bytes()
        environment = (entry / "environ").read_bytes()
    except OSError:
        return False
    return command.split(b"\0")[0].endswith(b"epmd") and f"ERL_EPMD_PORT={port}".encode() in environment.split(b"\0")
