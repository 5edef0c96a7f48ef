# SPDX-License-Identifier: Apache-2.0
"""One process of a role, with its ports read from its log."""

import json
import os

import requests

from .processes import ManagedProcess


class Member:
    """Keeps its log over restarts; addresses are those of the latest start."""

    def __init__(self, role, index, binary, environment, folder):
        self.role = role
        self.name = f"{role}-{index}"
        self.environment = environment
        self._binary = binary
        self._offset = 0
        self._addresses = {}
        self.process = ManagedProcess(
            self.name, [binary, role], os.path.join(folder, f"{self.name}.log"), environment=environment, directory=folder)

    @property
    def pid(self):
        return self.process.pid

    @property
    def alive(self):
        return self.process.alive

    def start(self):
        # In this order: a thread that still reads the log of the start before must not name its address as this one's.
        self._offset = os.path.getsize(self.process.log_path) if os.path.exists(self.process.log_path) else 0
        self._addresses = {}
        self.process.start()
        return self

    def log_lines(self, all_starts=False):
        """The log as parsed JSON objects; lines that are not JSON come as {"unparsed": text}."""
        try:
            with open(self.process.log_path, "rb") as log:
                log.seek(0 if all_starts else self._offset)
                data = log.read()
        except OSError:
            return []
        lines = []
        for line in data[: data.rfind(b"\n") + 1].splitlines():
            try:
                parsed = json.loads(line)
                lines.append(parsed if isinstance(parsed, dict) else {"unparsed": line.decode()})
            except ValueError:
                lines.append({"unparsed": line.decode("utf-8", "replace")})
        return lines

    def _address(self, message):
        addresses = self._addresses
        if message not in addresses:
            for line in self.log_lines():
                if line.get("message") == message and line.get("address"):
                    addresses[message] = "http://" + line["address"]
        return addresses.get(message)

    @property
    def api_url(self):
        return self._address("api listening")

    @property
    def metrics_url(self):
        return self._address("metrics listening")

    def is_ready(self):
        url = self.metrics_url
        if not url or (self.role in ("api", "dev") and not self.api_url):
            return False
        try:
            return requests.get(f"{url}/readyz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def wait_ready(self, timeout=30):
        self.process.wait_until(self.is_ready, timeout, "/readyz")
        return self

    def metrics(self):
        """Samples of /metrics: (name, frozenset of label pairs) → value."""
        from .prometheus import parse

        return parse(requests.get(f"{self.metrics_url}/metrics", timeout=5).text)

    def kill(self):
        self.process.kill()

    def stop(self, timeout=30):
        """SIGTERM; returns the exit status."""
        return self.process.terminate(timeout)
