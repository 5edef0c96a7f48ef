# SPDX-License-Identifier: Apache-2.0
"""Millrace's api: reads and creations, every request signed and every signature checked."""

from harness.client import Connection
from harness.millrace import DEFINITION, Service
from harness.processes import BenchmarkFailure, CPUMeter

from .signed import KEY, signed, write, wrk

CREDENTIALS = f"[bench]\naws_access_key_id = {KEY[0]}\naws_secret_access_key = {KEY[1]}\n"


def measure(binary, folder, kafka_home, sizes, report):
    """One round: figures and processors per operation, and what a peer needs: a file of requests and their answer."""
    credentials = folder / "credentials"
    credentials.write_text(CREDENTIALS)
    service = Service(
        binary, folder, kafka_home, 16,
        {"MILLRACE_AUTH": "sigv4", "MILLRACE_CREDENTIALS_FILE": credentials, "AWS_REGION": "us-east-1"},
    )
    try:
        figures, cores = {}, {}

        def measured(name, requests, circle_seconds):
            file = write(folder / name, requests)
            with CPUMeter(service.watched()) as cpu:
                figures[name] = wrk(service.api, file, connections=sizes.connections, circle_seconds=circle_seconds)
            cores[name] = cpu.seconds
            report(f"{name}: {figures[name]}")
            return file

        names = [f"bench-{number:06d}" for number in range(sizes.flows)]
        creations = [signed(service.api, "/create-flow", {**DEFINITION, "flowName": name}) for name in names]
        measured("CreateFlow", creations, None)
        created = service.value("SELECT count(*) FROM flows")
        if created != sizes.flows:
            raise BenchmarkFailure(f"{sizes.flows} CreateFlow were answered, {created} flows are there")
        service.database.execute("VACUUM ANALYZE")

        _refuses_others(service.api)
        described = names[: sizes.described]
        reads = [signed(service.api, "/describe-flow", {"flowName": name}) for name in described]
        connection = Connection(service.api)
        status, answer = connection.send(reads[0])
        connection.close()
        if status != 200:
            raise BenchmarkFailure(f"DescribeFlow: {status} {answer!r}")
        file = measured("DescribeFlow", reads, sizes.seconds)
        measured("ListFlows", [signed(service.api, "/list-flows", {"maxResults": 20})], sizes.seconds)
        return figures, cores, {"answer": answer, "requests": file, "kafka": service.kafka.version}
    finally:
        service.close()


def _refuses_others(address):
    """What is measured is worth something only if a wrong signature is refused."""
    connection = Connection(address)
    request = signed(address, "/list-flows", {}).replace(b"Signature=", b"Signature=0", 1)
    status, body = connection.send(request)
    connection.close()
    if status != 403:
        raise BenchmarkFailure(f"a wrong signature was answered with {status} {body!r}")
