# SPDX-License-Identifier: Apache-2.0
"""A child process with its output in a file, which can be killed, frozen, woken and started again."""

import atexit
import os
import signal
import subprocess
import threading

from .waiting import wait_until

_live = set()
_lock = threading.Lock()


class ManagedProcess:
    """One process at a time; output is appended to `log_path` over restarts. In a session of its own, so that an
    interrupt at the terminal reaches the tests and not their servers."""

    def __init__(self, name, command, log_path, environment=None, directory=None, user=None, exit_signal=signal.SIGKILL):
        self.name = name
        self.command = [str(part) for part in command]
        self.log_path = log_path
        self.environment = environment
        self.directory = directory
        self.user = user  # (uid, gid) or None
        self.exit_signal = exit_signal  # what the tests' own exit sends if nobody stopped the process
        self._process = None

    @property
    def pid(self):
        return self._process.pid if self._process else None

    @property
    def alive(self):
        return self._process is not None and self._process.poll() is None

    @property
    def returncode(self):
        return self._process.poll() if self._process else None

    def start(self):
        assert not self.alive, f"{self.name} is already running"
        identity = {}
        if self.user:
            identity = {"user": self.user[0], "group": self.user[1], "extra_groups": []}
        with open(self.log_path, "ab") as log:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=self.environment,
                cwd=self.directory, start_new_session=True, **identity)
        with _lock:
            _live.add(self)
        return self

    def send(self, number):
        """Sends a signal; nothing happens if the process is gone."""
        if self.alive:
            self._process.send_signal(number)

    def kill(self):
        """kill -9 of this process alone, and reaps it."""
        self.send(signal.SIGKILL)
        return self._reap(10)

    def suspend(self):
        self.send(signal.SIGSTOP)

    def resume(self):
        self.send(signal.SIGCONT)

    def terminate(self, timeout=30, number=signal.SIGTERM):
        """Asks the process to stop and returns its exit status; a process that outlives `timeout` is killed and
        the failure says so."""
        if self._process is None:
            return None
        self.send(number)
        try:
            return self._reap(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop within {timeout} s of signal {number}\n{self.tail()}")

    def _reap(self, timeout):
        if self._process is None:
            return None
        status = self._process.wait(timeout)
        with _lock:
            _live.discard(self)
        return status

    def wait_for_exit(self, timeout):
        return self._reap(timeout)

    def wait_until(self, condition, timeout, what):
        """Like `wait_until`, but fails at once, with the log's tail, when the process ends."""

        def check():
            answer = condition()
            if not answer and not self.alive:
                raise AssertionError(
                    f"{self.name} ended with {self.returncode} before {what}\n{self.tail()}")
            return answer

        return wait_until(check, timeout, lambda: f"{what} of {self.name}\n{self.tail()}")

    def tail(self, lines=40):
        """The end of the log, for a failure's text."""
        try:
            with open(self.log_path, "rb") as log:
                log.seek(0, os.SEEK_END)
                log.seek(max(0, log.tell() - 64 * 1024))
                text = log.read().decode("utf-8", "replace")
        except OSError as error:
            return f"(no log: {error})"
        return f"--- {self.name}: {self.log_path}\n" + "\n".join(text.splitlines()[-lines:])


@atexit.register
def _kill_what_is_left():
    with _lock:
        left = list(_live)
    for process in left:
        if process.alive:
            for number in (signal.SIGCONT, process.exit_signal):
                try:
                    os.killpg(process.pid, number)
                except ProcessLookupError:
                    break
    for process in left:
        try:
            process._reap(5)
        except subprocess.TimeoutExpired:
            process.kill()
