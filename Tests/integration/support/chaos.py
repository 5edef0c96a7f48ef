# SPDX-License-Identifier: Apache-2.0
"""Faults, done to a cluster while a stream of commands goes on."""

import contextlib
import os
import subprocess

import pytest

from .workspace import new_folder


def kill_at_random(cluster, stream, role, chance, times):
    """kill -9 of one process of `role`, `times` times spread over the stream; each is started again at once, as a
    supervisor would."""
    for fraction in sorted(chance.uniform(0.05, 0.9) for _ in range(times)):
        stream.wait_progress(fraction)
        member = chance.choice(cluster.of_role(role))
        member.kill()
        member.start()


def heal(cluster):
    """Wakes and restarts whatever an earlier test, perhaps a failed one, left behind."""
    if not cluster.postgres.process.alive:
        cluster.postgres.start()
    if not cluster.broker.process.alive:
        cluster.broker.start()
    for member in cluster.members:
        member.process.resume()
        if not member.alive:
            member.start()
    cluster.wait_ready()


@contextlib.contextmanager
def small_disk(megabytes):
    """A folder on a tmpfs of that size; skips the test where mounting is not permitted."""
    folder = new_folder("small-disk")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", folder], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"mounting a small tmpfs is not permitted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextlib.contextmanager
def filled(folder):
    """Leaves no byte free in the file system of `folder`."""
    path = os.path.join(folder, ".filler")
    with open(path, "wb", buffering=0) as filler:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    filler.write(b"\0" * size)
            except OSError:
                continue
    try:
        yield
    finally:
        os.unlink(path)
