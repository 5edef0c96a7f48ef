# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every test file shares."""

import signal
import sys

import pytest

sys.dont_write_bytecode = True

from support.binary import find_binary  # noqa: E402
from support.cluster import MillraceCluster  # noqa: E402
from support.services import Services  # noqa: E402
from support.tally import conformance  # noqa: E402

_services = Services(find_binary())


def pytest_configure(config):
    # A terminated run stops its servers, too.
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))


def pytest_terminal_summary(terminalreporter):
    terminalreporter.section("millrace: what these tests ran on")
    for line in _services.summary():
        terminalreporter.line(line)
    if conformance.lines():
        terminalreporter.section(f"millrace: {conformance.title}")
        for line in conformance.lines():
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def services():
    """Brokers, database and stores."""
    yield _services
    _services.stop()


@pytest.fixture(scope="session")
def binary(services):
    return services.require_binary()


@pytest.fixture(scope="session")
def make_cluster(services):
    """Starts clusters; whoever makes one stops it with `stop`, which checks that every process ends with 0."""

    def make(broker=None, **options):
        broker = broker or services.preferred_broker()
        cluster = MillraceCluster(services.require_binary(), services.postgres, broker, **options)
        try:
            return cluster.start()
        except BaseException:
            cluster.kill_all()
            raise

    return make


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of its cluster's logs."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, MillraceCluster):
                report.sections.append(("logs of the cluster", value.tails(20)))


@pytest.fixture
def client(cluster):
    """boto3 at the cluster of the test's module."""
    return cluster.client()
