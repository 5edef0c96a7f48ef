# SPDX-License-Identifier: Apache-2.0
"""What a reader must know about where figures come from."""

import contextlib
import datetime
import importlib.metadata
import os
import pathlib
import platform
import re
import shutil
import subprocess

from . import servers


def _output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30).stdout.strip()
    except OSError:
        return ""


def _field(path, name):
    found = re.search(rf"^{name}\s*[:=]\s*\"?([^\"\n]+)", pathlib.Path(path).read_text(), re.MULTILINE)
    return found.group(1).strip() if found else "?"


def filesystem(folder):
    return _output("stat", "-f", "-c", "%T", str(folder)) or "?"


def note(folder, kafka_version):
    """Lines of (what, value)."""
    memory = int(_field("/proc/meminfo", "MemTotal").split()[0]) / 1024 / 1024
    lines = [
        ("date", datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")),
        ("commit", _output("git", "describe", "--always", "--dirty") or "not committed"),
        ("processor", f"{_field('/proc/cpuinfo', 'model name')}, {len(os.sched_getaffinity(0))} cores"),
        ("memory", f"{memory:.0f} GiB"),
        ("system", f"{_field('/etc/os-release', 'PRETTY_NAME')}, Linux {platform.release()}"),
        ("file system", filesystem(folder)),
        ("load before", "{:.2f} (1 min), {:.2f} (5 min)".format(*os.getloadavg()[:2])),
        ("PostgreSQL", _output(str(servers.postgres_binaries() / "postgres"), "--version").split(" ")[2]),
    ]
    if kafka_version:
        lines.append(("Apache Kafka", kafka_version))
    if shutil.which("redis-server"):
        lines.append(("Redis", _output("redis-server", "--version").split("v=")[1].split()[0]))
    if rabbitmq := _output("dpkg-query", "-W", "-f", "${Version}", "rabbitmq-server"):
        lines.append(("RabbitMQ", rabbitmq))
    for package in ("celery", "procrastinate", "moto"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            lines.append((package, importlib.metadata.version(package)))
    return lines
