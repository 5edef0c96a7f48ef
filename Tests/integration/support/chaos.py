# SPDX-License-Identifier: Apache-2.0
"""Faults, done to a cluster while a stream of commands goes on."""

import contextlib
import os
import subprocess

import pytest

from .waiting import pause, wait_until
from .workspace import new_folder


def kill_at_random(cluster, stream, role, chance, times):
    """kill -9 of one process of `role`, `times` times spread over the stream; each is started again at once, as a
    supervisor would."""
    for fraction in sorted(chance.uniform(0.05, 0.9) for _ in range(times)):
        stream.wait_progress(fraction)
        member = chance.choice(cluster.of_role(role))
        member.kill()
        member.start()


def freeze_at_work(cluster, worker):
    """Freezes a worker while it holds runs, and returns their ids. They take milliseconds each, so a worker that is
    found to hold none goes on and is frozen again."""

    def held():
        query = "SELECT run_id::text FROM live_runs WHERE state = 'InProgress' AND owner LIKE %s"
        return {run for (run,) in _query(cluster, query, f"%-{worker.pid}")}

    def caught():
        worker.process.suspend()
        if held():
            pause(0.2)  # until what it had sent before is committed, too
            if runs := held():
                return runs
        worker.process.resume()
        return None

    return wait_until(caught, 60, lambda: f"a moment at which {worker.name} holds runs\n{cluster.tails()}")


def freeze_before_writing(cluster, controller, clients):
    """Freezes a controller that has read messages and the rows that they concern, and has written nothing: the rows
    come only after it was frozen. `clients` are those that create or start flows at the moment, each of which must have
    a command on its way."""

    def waiting():
        return sum(value for api in cluster.of_role("api") for (name, _), value in api.metrics().items()
                   if name == "millrace_pending_commands")

    with cluster.postgres.connect(cluster.database) as connection, connection.transaction():
        connection.execute("LOCK TABLE flows IN ACCESS EXCLUSIVE MODE")
        wait_until(lambda: waiting() >= clients, 4, lambda: f"{clients} commands that wait; there are {waiting()}")
        pause(0.2)  # until the controllers have read them
        controller.process.suspend()


def ends_of(cluster, runs):
    """Id → (state, attempt) of those runs that have ended."""
    return {run: (state, attempt) for run, state, attempt in _query(
        cluster, "SELECT run_id::text, state, attempt FROM run_history WHERE run_id = ANY(%s::uuid[])", list(runs))}


def _query(cluster, text, *parameters):
    with cluster.postgres.connect(cluster.database) as connection:
        return connection.execute(text, parameters).fetchall()


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
