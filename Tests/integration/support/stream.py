# SPDX-License-Identifier: Apache-2.0
"""A stream of commands and runs from several clients at once, and a record of everything that was acknowledged."""

import dataclasses
import itertools
import threading
import time
import traceback

from . import flows
from .patient_client import PatientClient
from .waiting import wait_until

FINAL = ("Successful", "Error", "Canceled")
_numbers = itertools.count(1)


def source_rows(files=2, rows=40):
    """The input of every flow of a stream: per file, rows of (id, value, amount)."""
    return [[(f"{file}-{row}", f"text {row}, \"quoted\"", row % 10) for row in range(rows)] for file in range(files)]


def csv_of(rows):
    return "id,value,amount\n" + "".join(
        '{},"{}",{}\n'.format(identity, value.replace('"', '""'), amount) for identity, value, amount in rows)


@dataclasses.dataclass
class Run:
    """An acknowledged start: the definition's revision that it must use, and what became of it."""

    execution: str
    revision: int
    cancelled: bool = False
    status: str = None


@dataclasses.dataclass
class Story:
    """What one client did to one flow. A flow deleted and created again begins a new incarnation."""

    name: str
    single_file: bool
    revision: int = 0
    updates: int = 0
    exists: bool = False
    runs: list = dataclasses.field(default_factory=list)
    earlier_runs: list = dataclasses.field(default_factory=list)

    @property
    def schema_version(self):
        """Each update of a stream changes the mapping, so each must have counted once."""
        return 1 + self.updates


class CommandStream:
    """`threads` clients drive `flows_per_thread` flows each through create, start, update, start; some of them also
    through cancel, delete and create again. With 8 × 13: 584 commands, 224 of them starts."""

    def __init__(self, cluster, buckets, threads=8, flows_per_thread=13, deadline=90, may_fail=False):
        self.cluster = cluster
        self.client = PatientClient(cluster, deadline)
        self.buckets = buckets
        self.number = next(_numbers)
        self.source = "stream-source"
        self.destination = f"stream-{self.number}-{int(time.time())}"
        self.may_fail = may_fail  # whether a run may end with Error (an outage that outlasts its attempts)
        self.failures = []
        self.acknowledged = 0
        self.finished_runs = 0
        self._lock = threading.Lock()
        self.input = source_rows()
        buckets.create(self.source)
        buckets.create(self.destination)
        for index, rows in enumerate(self.input):
            buckets.put(self.source, f"in/{index}.csv", csv_of(rows))
        self.stories = [
            [Story(f"s{self.number}-{thread}-{index}", single_file=index % 2 == 0) for index in range(flows_per_thread)]
            for thread in range(threads)]
        self._threads = [
            threading.Thread(target=self._drive, args=(stories,), name=f"client-{thread}", daemon=True)
            for thread, stories in enumerate(self.stories)]
        every = flows_per_thread
        deleted = len([index for index in range(every) if index % 6 == 5])
        cancelled = len([index for index in range(every) if index % 8 == 3])
        self.total = threads * (every * 5 + cancelled + deleted * 3)

    # What the flows are

    def definition(self, story):
        """Keep amounts above 3; the mapped name carries the revision, so an output tells which one wrote it."""
        return flows.flow(
            story.name, flows.s3_source(self.source, "in"),
            flows.s3_destination(
                self.destination, "out", fileType="JSON",
                aggregationConfig={"aggregationType": "SingleFile" if story.single_file else "None"}),
            [flows.projection("id", "value", "amount"),
             flows.filter_task("amount", "GREATER_THAN", DATA_TYPE="integer", VALUE="3"),
             flows.map_task("id"), flows.map_task("value", f"value_{story.revision}")],
            description=f"revision {story.revision}")

    def expected_records(self, revision):
        """The records of one successful run, as (id, mapped name, value)."""
        return [(identity, f"value_{revision}", value) for rows in self.input for identity, value, amount in rows
                if amount > 3]

    # What the clients do

    def _drive(self, stories):
        try:
            for story in stories:
                self._create(story)
            for story in stories:
                self._start(story)
            for story in stories:
                self._update(story)
            for index, story in enumerate(stories):
                self._finish(story)
                self._update(story)
                self._start(story)
                if index % 8 == 3:
                    self._cancel(story)
            for index, story in enumerate(stories):
                self._finish(story)
                if index % 6 == 5:
                    self._call("delete_flow", flowName=story.name)
                    story.exists = False
                    story.earlier_runs += story.runs
                    story.runs, story.updates = [], 0
                    story.revision += 1
                    self._create(story)
                    self._start(story)
                    self._finish(story)
        except Exception as error:  # whatever it is, the checker reports it
            frames = " > ".join(f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[:4])
            with self._lock:
                self.failures.append(f"a client broke off ({frames}): {error!r}")

    def _call(self, operation, **parameters):
        answer = self.client.call(operation, **parameters)
        with self._lock:
            self.acknowledged += 1
        return answer

    def _create(self, story):
        self._call("create_flow", **self.definition(story))
        story.exists = True

    def _update(self, story):
        story.revision += 1
        self._call("update_flow", **flows.update_of(self.definition(story)))
        story.updates += 1

    def _start(self, story):
        execution = self._call("start_flow", flowName=story.name)["executionId"]
        story.runs.append(Run(execution, story.revision))

    def _cancel(self, story):
        run = story.runs[-1]
        self._call("cancel_flow_executions", flowName=story.name, executionIds=[run.execution])
        run.cancelled = True

    def _finish(self, story):
        """Waits for the flow's latest run."""
        run = story.runs[-1]

        def over():
            records = self.client.call("describe_flow_execution_records", flowName=story.name)["flowExecutions"]
            run.status = next(
                (record["executionStatus"] for record in records if record["executionId"] == run.execution), None)
            return run.status in FINAL

        wait_until(over, self.client.deadline, lambda: f"the end of {story.name}'s run {run}", interval=0.05)
        with self._lock:
            self.finished_runs += 1

    # Life

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def wait_progress(self, fraction, timeout=90):
        """Returns once this part of all commands is acknowledged, or the stream broke (the checker says how)."""
        wait_until(
            lambda: self.acknowledged >= fraction * self.total or self.failures or not self.running, timeout,
            lambda: f"{fraction:.0%} of {self.total} commands; {self.acknowledged} are acknowledged\n{self.cluster.tails()}",
            interval=0.005)

    @property
    def running(self):
        return any(thread.is_alive() for thread in self._threads)

    def join(self, timeout=180):
        wait_until(
            lambda: not self.running, timeout,
            lambda: f"the clients' end; {self.acknowledged} of {self.total} commands are acknowledged\n{self.cluster.tails()}")
        return self
