# SPDX-License-Identifier: Apache-2.0
"""botocore's model of the service, as the tests of its shapes read it."""

import functools
import urllib.parse

import botocore.loaders
import botocore.session

NAME = "appflow"
# Codes that any operation may answer, whether its model lists them or not: a malformed input, somebody without rights.
COMMON_ERRORS = {"ValidationException", "AccessDeniedException", "ThrottlingException"}


@functools.lru_cache(maxsize=None)
def service():
    return botocore.session.get_session().get_service_model(NAME)


def operations():
    return list(service().operation_names)


def operation(name):
    return service().operation_model(name)


@functools.lru_cache(maxsize=None)
def _raw_shapes():
    return botocore.loaders.Loader().load_service_model(NAME, "service-2")["shapes"]


def is_sensitive(shape):
    return bool(_raw_shapes()[shape.name].get("sensitive"))


def location_of(operation_name, member):
    """`uri`, `querystring`, or None for the body."""
    shape = operation(operation_name).input_shape
    return shape.members[member].serialization.get("location") if member in shape.members else None


def constraints_of(operation_name):
    """{(shape, constraint)} of everything that an operation's input can break, from the raw text of the model."""
    found, waiting, seen = set(), [operation(operation_name).input_shape.name], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        raw = _raw_shapes()[name]
        found |= {(name, key) for key in ("max", "pattern", "enum") if key in raw}
        # Nothing is shorter than 0, but a number may be less.
        if raw.get("min", 0) > 0 or ("min" in raw and raw["type"] in ("integer", "long", "float", "double")):
            found.add((name, "min"))
        found |= {(name, f"required {member}") for member in raw.get("required", ())}
        waiting += [member["shape"] for member in raw.get("members", {}).values()]
        waiting += [raw[key]["shape"] for key in ("member", "key", "value") if key in raw]
    # A path without its label is another path.
    shape = operation(operation_name).input_shape
    return found - {(shape.name, f"required {member}") for member in shape.members
                    if location_of(operation_name, member) == "uri"}


def request(operation_name, value):
    """(method, path with query, body or None) of an input, as botocore would serialize it."""
    model = operation(operation_name)
    path, query, body = model.http["requestUri"], [], {}
    for name, member in value.items():
        location = location_of(operation_name, name)
        if location == "uri":
            path = path.replace("{" + name + "}", urllib.parse.quote(member, safe=""))
        elif location == "querystring":
            query += [(name, item) for item in member]
        else:
            body[name] = member
    if query:
        path += "?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote)
    return model.http["method"], path, body if model.http["method"] == "POST" else None
