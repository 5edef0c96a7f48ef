# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL cluster of the tests' own."""

import glob
import os
import pwd
import shutil
import signal
import subprocess

import psycopg

from .ports import free_port
from .processes import ManagedProcess
from .workspace import new_folder


def find_binaries():
    """The folder with initdb and postgres, newest major version first, or None."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    if found:
        return os.path.dirname(found[-1])
    on_path = shutil.which("initdb")
    return os.path.dirname(os.path.realpath(on_path)) if on_path else None


def unprivileged_user():
    """(uid, gid) that PostgreSQL runs as when the tests run as root, which PostgreSQL refuses; None otherwise."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
        except KeyError:
            continue
    raise RuntimeError("running as root, and there is no user to run PostgreSQL as")


class PrivatePostgres:
    """initdb, start, stop and restart of one cluster; a unix socket in its folder and a port on loopback."""

    def __init__(self):
        self.binaries = find_binaries()
        assert self.binaries, "no PostgreSQL found (apt install postgresql)"
        self.user = unprivileged_user()
        self.folder = new_folder("pg", owner=self.user, mode=0o700 if not self.user else 0o755)
        self.port = free_port()
        data = os.path.join(self.folder, "data")
        identity = {"user": self.user[0], "group": self.user[1], "extra_groups": []} if self.user else {}
        subprocess.run(
            [f"{self.binaries}/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **identity)
        self.process = ManagedProcess(
            "postgres",
            [f"{self.binaries}/postgres", "-D", data, "-k", self.folder, "-c", "listen_addresses=127.0.0.1",
             "-c", f"port={self.port}", "-c", "max_connections=300", "-c", "shared_buffers=64MB",
             "-c", "log_min_duration_statement=2000"],
            os.path.join(os.path.dirname(self.folder), os.path.basename(self.folder) + ".log"),
            directory=self.folder, user=self.user, exit_signal=signal.SIGQUIT)
        self._databases = 0

    def start(self):
        self.process.start()
        self.process.wait_until(self._answers, 60, "the first connection")
        return self

    def stop(self):
        self.process.terminate(number=signal.SIGINT)

    def stop_immediate(self):
        """Every backend is told to quit at once, without a checkpoint: what a crash leaves behind."""
        self.process.terminate(number=signal.SIGQUIT)

    def restart_immediate(self):
        self.stop_immediate()
        self.start()

    def _answers(self):
        try:
            with self.connect("postgres"):
                return True
        except psycopg.OperationalError:
            return False

    def connect(self, database):
        return psycopg.connect(
            host=self.folder, port=self.port, user="postgres", dbname=database, autocommit=True, connect_timeout=5)

    def create_database(self):
        """A new empty database; returns its name."""
        self._databases += 1
        name = f"millrace_{self._databases}"
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return name

    def url(self, database, tcp=False):
        """What DATABASE_URL takes."""
        if tcp:
            return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"
        return f"postgresql://postgres@/{database}?host={self.folder}&port={self.port}"
