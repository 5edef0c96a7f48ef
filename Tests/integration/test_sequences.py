# SPDX-License-Identifier: Apache-2.0
"""Any sequence of calls leaves the store as a model in memory predicts, and calls at once leave it as some order of them
would. No worker runs, so that a run stays where the calls leave it.

MILLRACE_TEST_SEED repeats a session's sequences; MILLRACE_TEST_SEQUENCE_SECONDS is how long each test goes on."""

import os
import random
import threading
import time

import pytest

from support.cluster import ACCOUNT
from support.flow_model import Disagreement, FlowModel
from support.sequences import SINGLE, Performer, Step, generate, shrunk
from support.serial_order import Call, serial_order

SECONDS = float(os.environ.get("MILLRACE_TEST_SEQUENCE_SECONDS", "20"))
LENGTH = 40
WRITERS, CALLS_EACH = 4, 4


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(api=2, controller=2, worker=0)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def clients(cluster):
    """One for each api process, without retries: an answer is an answer."""
    return [cluster.client(url=url, retries=0) for url in cluster.api_urls()]


def seeds():
    """Numbers for one sequence each, for as long as there is time; always one."""
    seed = int(os.environ.get("MILLRACE_TEST_SEED", random.SystemRandom().randrange(1 << 32)))
    until = time.monotonic() + SECONDS
    yield seed
    while time.monotonic() < until:
        seed += 1
        yield seed


def test_sequences_do_what_a_simple_model_predicts(clients):
    for seed in seeds():
        steps = generate(random.Random(seed), LENGTH)
        if disagreement(clients[0], steps):
            fewest = shrunk(steps, lambda fewer: disagreement(clients[0], fewer))
            told = "\n".join(f"  {step}" for step in fewest)
            pytest.fail(f"MILLRACE_TEST_SEED={seed}, cut down to\n{told}\n{disagreement(clients[0], fewest)}", pytrace=False)


def disagreement(client, steps):
    """Where the service and the model part after performing the steps, None if they do not."""
    performer, model = Performer(client, ACCOUNT), FlowModel()
    try:
        for number, step in enumerate(steps):
            parameters, answer = performer.perform(step)
            try:
                model.step(step.kind, parameters, answer)
            except Disagreement as problem:
                return f"step {number + 1}: {problem}"
    finally:
        performer.clean_up()
    return None


def test_writers_at_once_leave_what_some_order_of_them_leaves(clients):
    for seed in seeds():
        chance = random.Random(seed)
        plans = [generate(chance, CALLS_EACH, SINGLE, names=1) for _ in range(WRITERS)]
        calls = perform_at_once(clients, plans)
        if serial_order(FlowModel(), calls) is None:
            told = "\n".join(f"  {call.begun:.6f} {call.ended:.6f} {call.kind} {call.parameters} -> {call.answer}"
                             for call in sorted(calls, key=lambda call: call.begun))
            pytest.fail(f"MILLRACE_TEST_SEED={seed}: no serial order explains\n{told}", pytrace=False)


def perform_at_once(clients, plans):
    """All calls of the plans, one thread for each, and then what they left behind, read without haste."""
    performer = Performer(clients[0], ACCOUNT)
    gate, calls, problems = threading.Barrier(len(plans)), [], []

    def write(number):
        own = performer.sharing(clients[number % len(clients)])
        try:
            gate.wait(30)
            for step in plans[number]:
                calls.append(timed(own, step))
        except Exception as problem:  # noqa: BLE001  told by the test's own thread
            problems.append(problem)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(len(plans))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert not problems, problems
        calls += [timed(performer, Step(kind)) for kind in ("describe_flow", "describe_flow_execution_records", "list_flows")]
        return calls
    finally:
        performer.clean_up()


def timed(performer, step):
    begun = time.monotonic()
    parameters, answer = performer.perform(step)
    return Call(begun, time.monotonic(), step.kind, parameters, answer)
