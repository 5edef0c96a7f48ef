# SPDX-License-Identifier: Apache-2.0
"""Child processes with a log each, an orderly end, and what they cost in memory and processor time."""

import contextlib
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")


class BenchmarkFailure(Exception):
    """A part of the benchmark could not be measured; the text says why."""


def wait_for(what, seconds, attempt, pause=0.02):
    """Calls `attempt` until it returns something true, at most for `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := attempt()):
        if time.monotonic() > deadline:
            raise BenchmarkFailure(f"{what}: nothing after {seconds} s")
        time.sleep(pause)
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def as_unprivileged(folder):
    """The command prefix that makes a server which refuses root run as another user, who then owns `folder`."""
    if os.getuid() != 0:
        return []
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            os.chown(folder, user.pw_uid, user.pw_gid)
            return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    raise BenchmarkFailure("no user to run PostgreSQL as")


class Child:
    """A server or role of its own process group, its output in a file."""

    def __init__(self, name, command, folder, environment=None, stop_signal=signal.SIGTERM, cwd=None):
        self.name = name
        self.log = pathlib.Path(folder) / f"{name}.log"
        self.stop_signal = stop_signal
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                env={**os.environ, **{key: str(value) for key, value in (environment or {}).items()}},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=cwd,
            )

    @property
    def pid(self):
        return self.process.pid

    def check(self):
        if (status := self.process.poll()) is not None:
            raise BenchmarkFailure(f"{self.name} ended with status {status}:\n{self.tail()}")

    def tail(self, lines=15):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self, seconds=40):
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self.process.wait()

    def pids(self):
        """This process and all below it that still live."""
        found = [self.pid]
        for pid in found:
            with contextlib.suppress(OSError):
                for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                    found += [int(child) for child in (task / "children").read_text().split()]
        return found

    def cpu_seconds(self):
        """Processor time so far, of the children that have ended, too."""
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                total += sum(int(field) for field in fields[11:15])
        return total / TICKS

    def memory_megabytes(self):
        """(resident, proportional) memory of the process alone."""
        resident = proportional = 0
        for line in pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                resident = int(line.split()[1])
            elif line.startswith("Pss:"):
                proportional = int(line.split()[1])
        return resident / 1024, proportional / 1024


class CPUMeter:
    """How much processor time each of some children used inside a `with`."""

    def __init__(self, children):
        self.children = children
        self.seconds = {}

    def __enter__(self):
        self._start = time.monotonic()
        self._before = {child.name: child.cpu_seconds() for child in self.children}
        return self

    def __exit__(self, *_):
        wall = time.monotonic() - self._start
        for child in self.children:
            used = child.cpu_seconds() - self._before[child.name]
            self.seconds[child.name] = used / wall if wall else 0.0
