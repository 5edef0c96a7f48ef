# SPDX-License-Identifier: Apache-2.0
"""Every part is lost at some moment, under a stream of 584 commands, 224 of them starts.

After each fault, every acknowledged command is in effect exactly once, every run ended in a true state, outputs hold
each record exactly once, nothing half-written is visible, and there are no dead letters: `invariants.check`. The
newest Kafka undergoes every fault; each other broker kills of every role and its own restart; `millrace dev` its kill.
"""

import random
import time

import pytest

from support import chaos, fault_proxy, flows, invariants, messages
from support.dev import Dev
from support.fault_proxy import FaultProxy, Hold, Rule
from support.names import unique
from support.services import broker_kinds, thorough_broker_kind
from support.stream import CommandStream
from support.waiting import pause, wait_until

LEASE_SECONDS = 2
SESSION_SECONDS = 6  # of consumers; fixed in the design

THOROUGH = thorough_broker_kind()
on_thorough_broker = pytest.mark.parametrize("system", [THOROUGH], indirect=True, scope="module")
on_other_brokers = pytest.mark.parametrize(
    "system", [kind for kind in broker_kinds() if kind != THOROUGH], indirect=True, scope="module")
on_every_broker = pytest.mark.parametrize("system", broker_kinds(), indirect=True, scope="module")


class System:
    """Two processes of each role on one broker, and a folder of buckets."""

    def __init__(self, cluster, buckets):
        self.cluster = cluster
        self.buckets = buckets
        self.workers = buckets.worker_environment()

    def stream(self, buckets=None, **options):
        return CommandStream(self.cluster, buckets or self.buckets, **options).start()

    def use_workers(self, *environments):
        """Workers of these environments instead of those that run."""
        self.cluster.replace("worker", environments[0])
        for environment in environments[1:]:
            self.cluster.add("worker", environment).start()
        self.cluster.wait_ready("worker")
        return self.cluster.of_role("worker")


@pytest.fixture(scope="module")
def system(request, services, make_cluster):
    broker = services.broker(request.param)
    buckets = services.bucket_folder()
    cluster = make_cluster(
        broker, api=2, controller=2, worker=2,
        environment={"MILLRACE_LEASE_SECONDS": str(LEASE_SECONDS), **buckets.worker_environment()})
    yield System(cluster, buckets)
    chaos.heal(cluster)
    cluster.stop()


@pytest.fixture
def chance():
    return random.Random(messages.seed())


@pytest.fixture(autouse=True)
def healthy(request):
    """Begins and ends with every process up and plain workers on folders."""
    if "system" not in request.fixturenames:
        yield
        return
    system = request.getfixturevalue("system")
    chaos.heal(system.cluster)
    yield
    if any(worker.environment.get("MILLRACE_BUCKET_ROOT") != system.buckets.root or "AWS_ENDPOINT_URL_S3" in worker.environment
           for worker in system.cluster.of_role("worker")):
        for worker in system.cluster.of_role("worker"):
            worker.kill()  # their proxy or disk is gone: nothing to wait for
            system.cluster.members.remove(worker)
        system.use_workers(system.workers, system.workers)


def finish(stream, **options):
    """Waits for the clients and checks everything."""
    stream.join()
    invariants.check(stream, **options)
    print(f"{stream.acknowledged} commands, {stream.finished_runs} runs, {stream.client.repeats} repeated calls")
    assert stream.acknowledged >= 500 and stream.finished_runs >= 200


# Lost processes


@on_thorough_broker
def test_no_fault_at_all(system):
    """What the others are compared with: nothing is repeated when nothing breaks."""
    stream = system.stream()
    finish(stream)
    assert stream.client.repeats == 0


@on_thorough_broker
@pytest.mark.parametrize("role", ["api", "controller", "worker"])
def test_kill_a_role(system, chance, role):
    stream = system.stream()
    chaos.kill_at_random(system.cluster, stream, role, chance, times=2 if role == "controller" else 4)
    finish(stream)


@on_thorough_broker
def test_kill_everything_at_once(system, chance):
    stream = system.stream()
    stream.wait_progress(chance.uniform(0.2, 0.7))
    system.cluster.kill_all()
    for member in system.cluster.members:
        member.start()
    finish(stream)


@on_other_brokers
def test_kill_every_role(system, chance):
    stream = system.stream()
    for role in chance.sample(["api", "controller", "worker"], 3):
        stream.wait_progress(stream.acknowledged / stream.total + chance.uniform(0.05, 0.2))
        member = chance.choice(system.cluster.of_role(role))
        member.kill()
        member.start()
    finish(stream)


def test_kill_dev(binary, chance):
    """Every role is one process here. PostgreSQL outlives it and is found again, the broker forgets everything, and the
    ports are new."""
    dev = Dev(binary).start()
    try:
        stream = CommandStream(dev, dev.buckets).start()
        for fraction in (chance.uniform(0.05, 0.4), chance.uniform(0.5, 0.9)):
            stream.wait_progress(fraction)
            assert stream.running, "a fault after the stream is none"
            assert messages.dead_letters(dev) == []  # the broker takes them along
            dev.member.kill()
            dev.start()
        finish(stream)
        assert stream.client.repeats > 0, "the clients did not notice"
        assert dev.member.stop(timeout=40) == 0, dev.tails(40)
    finally:
        dev.discard()


@on_thorough_broker
def test_roles_come_and_go_politely(system, chance):
    """A rolling restart by SIGTERM: each process drains and ends with 0, and clients notice at most a repeat."""
    stream = system.stream()
    for number, member in enumerate(system.cluster.members):
        stream.wait_progress(0.1 + 0.12 * number)
        assert member.stop() == 0, member.process.tail()
        member.start().wait_ready()
    finish(stream)


# Lost PostgreSQL and broker


@on_thorough_broker
def test_restart_postgres_immediate(system, chance):
    stream = system.stream()
    for fraction in (chance.uniform(0.1, 0.4), chance.uniform(0.5, 0.85)):
        stream.wait_progress(fraction)
        system.cluster.postgres.restart_immediate()
    finish(stream)


@on_every_broker
def test_stop_and_restart_the_broker(system, chance):
    """Once politely, once by kill -9. The embedded broker forgets everything each time."""
    stream = system.stream()
    stream.wait_progress(chance.uniform(0.1, 0.4))
    system.cluster.broker.restart()
    stream.wait_progress(chance.uniform(0.5, 0.85))
    system.cluster.broker.kill()
    system.cluster.broker.start()
    finish(stream)


@on_thorough_broker
@pytest.mark.parametrize("part", ["broker", "postgres"])
def test_answer_in_time_while_a_part_is_away(system, part):
    """503 with Retry-After, never silence; and the retry with the same token has one effect."""
    cluster = system.cluster
    service = getattr(cluster, part)
    definition = flows.flow(unique("away"), flows.s3_source("away-source", "in"), clientToken=unique("token"))
    cluster.client().list_flows()
    service.stop()
    try:
        client = cluster.client(retries=0, read_timeout=20)
        for operation, parameters in (("create_flow", definition), ("create_flow", definition)):
            with pytest.raises(client.exceptions.ClientError) as caught:
                getattr(client, operation)(**parameters)
            answer = caught.value.response["ResponseMetadata"]
            assert answer["HTTPStatusCode"] == 503 and int(answer["HTTPHeaders"]["retry-after"]) >= 1, answer
        not_ready = [member.name for member in cluster.of_role("api") if not member.is_ready()]
        assert not_ready, "/readyz shows the missing dependency"
    finally:
        service.start()
    cluster.wait_ready()
    answer = wait_until(lambda: create_or_none(cluster, definition), 60, "the retry's answer")
    assert cluster.client().create_flow(**definition)["flowArn"] == answer["flowArn"]
    assert sum(flow["flowName"] == definition["flowName"] for flow in all_flows(cluster)) == 1


def create_or_none(cluster, definition):
    client = cluster.client(retries=0)
    try:
        return client.create_flow(**definition)
    except client.exceptions.ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 503, error.response
        return None


def all_flows(cluster):
    token = None
    while True:
        page = cluster.client().list_flows(maxResults=100, **({"nextToken": token} if token else {}))
        yield from page["flows"]
        token = page.get("nextToken")
        if not token:
            return


# Split brains and repeated messages


@on_thorough_broker
def test_two_controllers_believe_they_own_a_partition(system, chance):
    """controller 1   owns half, reads ── frozen ─────────────────────── wakes, still "owns" ──▶ must not write
    controller 2                     session runs out ▶ owns all ▶ applies the stream ─────────▶"""
    for _ in range(3):  # all commands that are on their way may be the other controller's
        stream = system.stream()
        stream.wait_progress(chance.uniform(0.1, 0.3))
        frozen = chance.choice(system.cluster.of_role("controller"))
        before = fenced_batches(frozen)
        chaos.freeze_before_writing(system.cluster, frozen, clients=len(stream.stories))
        started = time.monotonic()
        stream.wait_progress(0.5)
        pause(max(0, SESSION_SECONDS + 2 - (time.monotonic() - started)))
        frozen.process.resume()
        finish(stream)
        frozen.wait_ready()
        fenced = fenced_batches(frozen) - before
        print(f"{fenced:.0f} batches of the frozen controller were refused")
        if fenced:
            break
    assert fenced > 0, "the frozen controller never tried to write: the fault did not happen"


def fenced_batches(controller):
    return controller.metrics()["millrace_batches_fenced_total", frozenset()]


@on_thorough_broker
def test_duplicated_and_reordered_messages(system, chance):
    cluster = system.cluster
    topics = [cluster.topic_prefix + name for name in ("commands", "outcomes", "runs", "run-events")]
    stream = system.stream()
    for fraction in (0.3, 0.6, 0.9):
        stream.wait_progress(fraction)
        for topic in topics:
            found = messages.read_all(cluster.broker, topic)
            recent = found[-300:] + chance.sample(found, min(100, len(found)))
            messages.publish_again(cluster.broker, recent, chance.random())
    stream.join()
    sent = sum(messages.publish_again(cluster.broker, messages.read_all(cluster.broker, topic), chance.random())
               for topic in topics)
    assert sent > 1000
    # Later messages of the same partitions: once they had their effect, the duplicates before them had theirs, too.
    for _ in range(12):
        name = unique("after-duplicates")
        _, record = cluster.run(flows.flow(name, flows.s3_source(stream.source, "in"), flows.s3_destination("other-bucket")))
        assert record["executionStatus"] in ("Successful", "Error")
        wait_until(
            lambda: "lastRunExecutionDetails" in cluster.client().describe_flow(flowName=name), 20, "the run's event")
    finish(stream)


# Frozen workers


@on_thorough_broker
def test_worker_frozen_beyond_its_lease(system, chance):
    """A worker sleeps with runs in its hands, wakes when others have redone them, and may change nothing."""
    stream = system.stream()
    attempts = []
    for fraction in (0.2, 0.6):
        stream.wait_progress(fraction)
        frozen = chance.choice(system.cluster.of_role("worker"))
        runs = chaos.freeze_at_work(system.cluster, frozen)
        wait_until(
            lambda: len(chaos.ends_of(system.cluster, runs)) == len(runs), 60,
            lambda: f"the ends of {runs} elsewhere: {chaos.ends_of(system.cluster, runs)}\n{system.cluster.tails()}")
        frozen.process.resume()
        attempts += [attempt for _, attempt in chaos.ends_of(system.cluster, runs).values()]
    finish(stream)
    print(f"the runs of the frozen workers ended in attempts {attempts}")
    assert max(attempts) >= 2, "no run was taken over: the fault did not happen"


@on_thorough_broker
def test_worker_frozen_in_the_middle_of_reading(system, services):
    """worker 1   claims, reads half ── frozen ────────────────────────── wakes, reads the rest, tries to write
    worker 2                          lease runs out ▶ claims ▶ writes ▶ ends"""
    moto = services.moto
    proxy = FaultProxy(moto.endpoint)
    hold = Hold()
    try:
        frozen, _ = system.use_workers(
            moto.worker_environment(proxy.endpoint), moto.worker_environment())
        proxy.add(Rule(fault_proxy.stall(hold, 0.4), "read", times=3))
        stream = system.stream(moto.buckets())
        assert hold.reached.wait(60), system.cluster.tails()
        frozen.process.suspend()
        pause(2 * LEASE_SECONDS)
        stream.join()  # the runs that the frozen worker holds end, too: elsewhere
        hold.release()
        frozen.process.resume()
        # It serves new runs again only after it has given up the old ones' slots.
        frozen.wait_ready()
        pause(1)
        finish(stream)
    finally:
        hold.release()
        proxy.close()


@on_thorough_broker
@pytest.mark.parametrize("store", ["folder", "moto"])
def test_worker_frozen_between_manifest_and_completion(system, services, tmp_path, store):
    """worker 1   stores the manifest ── frozen ─────────────────────────────── wakes, completes what is complete
    worker 2                            lease runs out ▶ completes it ▶ ends"""
    moto = services.moto if store == "moto" else None
    buckets = moto.buckets() if moto else system.buckets
    environment = moto.worker_environment() if moto else system.workers
    sign = tmp_path / "paused"
    frozen, _ = system.use_workers({**environment, "MILLRACE_TEST_PAUSE_AFTER_MANIFEST": str(sign)}, environment)
    stream = system.stream(buckets)

    def paused_pid():
        try:
            return int(sign.read_text() or 0)
        except FileNotFoundError:
            return 0

    assert wait_until(paused_pid, 60, lambda: f"a committed manifest\n{system.cluster.tails()}") == frozen.pid
    frozen.process.suspend()
    pause(2.5 * LEASE_SECONDS)
    frozen.process.resume()

    def let_go():
        sign.unlink(missing_ok=True)
        return not stream.running

    wait_until(let_go, 180, lambda: f"the stream's end\n{system.cluster.tails()}", interval=0.01)
    finish(stream)
    frozen.kill()  # it may stand at one more manifest that another worker has completed
    system.cluster.members.remove(frozen)
    system.cluster.add("worker", environment).start().wait_ready()


# Bad storage


@on_thorough_broker
def test_full_output_disk(system, chance):
    """Runs that meet the full disk fail with the reason and leave nothing; others are whole; space heals."""
    with chaos.small_disk(16) as folder:
        buckets = type(system.buckets)(folder)
        environment = {**buckets.worker_environment(), "MILLRACE_MAX_ATTEMPTS": "2"}
        system.use_workers(environment, environment)
        stream = system.stream(buckets, may_fail=True)
        stream.wait_progress(chance.uniform(0.3, 0.5))
        with chaos.filled(folder):
            reached = stream.finished_runs
            wait_until(
                lambda: stream.finished_runs >= reached + 5 or not stream.running or space_ran_out(system.cluster), 60,
                lambda: f"runs that meet the full disk\n{system.cluster.tails()}")
            pause(1)
        finish(stream)
        assert space_ran_out(system.cluster), "no run met the full disk: the fault did not happen"
        name = unique("after-full-disk")
        buckets.create("healed")
        _, record = system.cluster.run(
            flows.flow(name, flows.s3_source(stream.source, "in"), flows.s3_destination("healed")))
        assert record["executionStatus"] == "Successful", record
        for worker in system.cluster.of_role("worker"):
            assert worker.stop() == 0


def space_ran_out(cluster):
    return any("space" in str(line).lower() for line in cluster.log_lines("worker"))


S3_FAULTS = {
    "500": lambda: [Rule(fault_proxy.answer_error(500, "InternalError"), probability=0.1),
                    Rule(fault_proxy.error_after_effect(500, "InternalError"), ("part", "complete", "put", "abort"), probability=0.1)],
    "503": lambda: [Rule(fault_proxy.answer_error(503, "SlowDown"), probability=0.15),
                    Rule(fault_proxy.error_after_effect(503, "SlowDown"), ("complete", "put"), probability=0.1)],
    "reset": lambda: [Rule(fault_proxy.reset_mid_body(0.6), ("read", "list"), probability=0.15),
                      Rule(fault_proxy.reset_before(), probability=0.05),
                      Rule(fault_proxy.reset_after_effect(), ("part", "complete", "put", "begin"), probability=0.05)],
    "stall": lambda: [Rule(fault_proxy.stall(Hold(), 0.5), "read", probability=0.2, times=4),
                      Rule(fault_proxy.silence(Hold()), ("part", "put"), probability=0.2, times=3),
                      # Completing may take S3 minutes, so a client waits long: this one breaks off by itself.
                      Rule(fault_proxy.silence(Hold(), seconds=5), "complete", probability=0.2, times=3),
                      Rule(fault_proxy.silence(Hold()), "list", probability=0.2, times=2)],
}


@on_thorough_broker
@pytest.mark.parametrize("fault", S3_FAULTS)
def test_failing_object_store(system, services, chance, fault):
    """Retries hide what passes; what does not pass ends the run with Error, whole or not at all."""
    moto = services.moto
    proxy = FaultProxy(moto.endpoint, seed=chance.random())
    rules = [proxy.add(rule) for rule in S3_FAULTS[fault]()]
    try:
        environment = moto.worker_environment(proxy.endpoint)
        system.use_workers(environment, environment)
        stream = system.stream(moto.buckets(), may_fail=True)
        stream.join()
        assert all(rule.applied for rule in rules), f"injected {[rule.applied for rule in rules]}"
        print(f"injected {[rule.applied for rule in rules]} into {dict(proxy.requests)}")
        proxy.clear()
        finish(stream)
        failed = [run for stories in stream.stories for story in stories for run in story.runs + story.earlier_runs
                  if run.status == "Error"]
        assert len(failed) <= 0.05 * stream.finished_runs, f"{len(failed)} runs failed: retries should hide most faults"
    finally:
        proxy.close()
        for worker in system.cluster.of_role("worker"):
            worker.kill()

