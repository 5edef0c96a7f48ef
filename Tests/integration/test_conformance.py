# SPDX-License-Identifier: Apache-2.0
"""The service against botocore's model: every input that the model admits is understood, every constraint binds.

Nothing here knows a constraint of the service: inputs, faults and the words of the refusals all come from the model. The
end of the session tells how many checks passed of how many, by operation."""

import pytest

from support import service_model, shape_values
from support.broken_inputs import broken, broken_together
from support.keep_alive import KeepAlive
from support.shapes import problems_of
from support.tally import conformance

OPERATIONS = service_model.operations()


@pytest.fixture(scope="module")
def api(make_cluster):
    """Without signatures, which other tests check; without a worker, so that nothing runs that a valid input starts."""
    cluster = make_cluster(worker=0, environment={"MILLRACE_AUTH": "none"})
    connection = KeepAlive(cluster.url)
    yield connection
    connection.close()
    cluster.stop()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_valid_inputs_are_understood(api, operation):
    """The least, the most, each edge of each place once, unknown members and nulls: none breaks a constraint."""
    shape = service_model.operation(operation).input_shape
    least, most = shape_values.minimal(shape), shape_values.maximal(shape)
    count = conformance.start(operation, "valid")
    for value in (least, most, shape_values.decorated(least, shape), shape_values.decorated(most, shape),
                  *shape_values.accepted(shape)):
        count.check(_not_understood(operation, value, _send(api, operation, value)))
    count.finish()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_broken_constraint_is_refused(api, operation):
    faults = [fault for fault in broken(service_model.operation(operation).input_shape) if _can_be_sent(operation, fault)]
    missed = service_model.constraints_of(operation) - {fault.breaks for fault in faults}
    assert not missed, f"no request breaks {sorted(missed)}"
    count = conformance.start(operation, "broken")
    for fault in faults:
        count.check(_not_refused(fault, _send(api, operation, fault.value)))
    count.finish()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_several_broken_constraints_are_counted(api, operation):
    faults = [fault for fault in broken_together(service_model.operation(operation).input_shape)
              if _can_be_sent(operation, fault)]
    if not faults:
        return  # an input of one member
    count = conformance.start(operation, "several")
    for fault in faults:
        assert len(fault.complaints) > 1
        count.check(_not_refused(fault, _send(api, operation, fault.value)))
    count.finish()


def _send(api, operation, value):
    if not isinstance(value, dict):
        return api.call("POST", service_model.operation(operation).http["requestUri"], value)
    return api.call(*service_model.request(operation, value))


def _can_be_sent(operation, fault):
    """Paths and queries have no JSON types, no nulls and no empty labels."""
    if service_model.operation(operation).http["method"] != "POST" and fault.mistyped == ():
        return False
    if not isinstance(fault.value, dict):
        return not service_model.operation(operation).http["requestUri"].startswith("/tags/")
    for name, member in service_model.operation(operation).input_shape.members.items():
        location, value = service_model.location_of(operation, name), fault.value.get(name)
        if location == "uri" and (not isinstance(value, str) or not value):
            return False
        if location == "querystring" and name in fault.value and (
                not isinstance(value, list) or not all(isinstance(item, str) for item in value)):
            return False
    return True


def _not_understood(operation, value, answer):
    """What is wrong with the answer to a valid input, None if nothing is."""
    told = f"{answer.status} {answer.text[:600]} to {str(value)[:600]}"
    if answer.status < 300:
        problems = problems_of(answer.document, service_model.operation(operation).output_shape)
        return f"{'; '.join(problems)}: {told}" if problems else None
    kind, message = answer.error
    allowed = {shape.name: shape.metadata["error"]["httpStatusCode"]
               for shape in service_model.operation(operation).error_shapes}
    allowed.setdefault("ValidationException", 400)
    allowed.setdefault("ResourceNotFoundException", 404)
    if allowed.get(kind) != answer.status or answer.status >= 500:
        return f"not an error that {operation} may answer: {kind} {told}"
    return f"a valid input breaks a constraint: {told}" if "failed to satisfy constraint: Member must" in message else None


def _not_refused(fault, answer):
    """What is wrong with the answer to a broken input, None if nothing is."""
    kind, message = answer.error
    told = f"{answer.status} {kind}: {(message or answer.text)[:900]}"
    if fault.mistyped is not None:
        place = f"'{'.'.join(fault.mistyped)}'" if fault.mistyped else ""
        if (answer.status, kind) != (400, "SerializationException") or place not in message:
            return f"{fault.breaks}: expected a SerializationException at {place or 'the top'}, got {told}"
        return None
    expected = [str(complaint) for complaint in fault.complaints]
    head = f"{len(expected)} validation error{'s' if len(expected) > 1 else ''} detected: "
    length = len(head) + sum(map(len, expected)) + len("; ") * (len(expected) - 1)
    if (answer.status, kind) != (400, "ValidationException") or not message.startswith(head) \
            or len(message) != length or not all(complaint in message for complaint in expected):
        return f"{fault.breaks}: expected {head}{'; '.join(expected)[:900]}\n    got {told}"
    return None
