# SPDX-License-Identifier: Apache-2.0
"""Values of a model's shapes: the least and the most that a shape admits, and what else it must accept."""

import functools
import itertools
import string

from .matching_text import MatchingText

# Of lists and maps without a bound.
_UNBOUNDED = 3
_LONGEST = 4096
_DEPTH = 12
MOMENT = 1650978000


@functools.lru_cache(maxsize=None)
def matching(pattern):
    return MatchingText(pattern)


def text(shape, length):
    """A text of a string shape, of `length` characters where it may be."""
    if shape.enum:
        return shape.enum[0]
    pattern = shape.metadata.get("pattern")
    if pattern:
        return _matching(pattern, length)
    return (string.ascii_letters * (length // 52 + 1))[:length]


@functools.lru_cache(maxsize=None)
def _matching(pattern, length):
    return matching(pattern).of_length(length)


def shortest(shape):
    return text(shape, max(1, shape.metadata.get("min", 0)))


def longest(shape):
    return text(shape, shape.metadata.get("max", _LONGEST))


def keys(shape, count):
    """Different keys of a map."""
    if shape.enum:
        return shape.enum[:count]
    least = shape.metadata.get("min", 0)
    made = ["".join(letters).ljust(least, "a") for letters in
            itertools.islice(itertools.product(string.ascii_lowercase, repeat=2), count)]
    pattern = shape.metadata.get("pattern")
    assert all(pattern is None or matching(pattern).matches(key) for key in made), f"no keys for {shape.name}"
    return made


def minimal(shape, depth=0):
    """Only what is required, each as small as it may be."""
    kind = shape.type_name
    if kind == "structure":
        assert depth < _DEPTH, f"{shape.name} requires itself"
        return {name: minimal(shape.members[name], depth + 1) for name in shape.required_members}
    if kind == "list":
        # In a query an empty list is none.
        least = 1 if shape.serialization.get("location") == "querystring" else 0
        return [minimal(shape.member, depth + 1) for _ in range(shape.metadata.get("min", least) or least)]
    if kind == "map":
        return {key: minimal(shape.value, depth + 1) for key in keys(shape.key, shape.metadata.get("min", 0))}
    if kind == "string":
        return shortest(shape)
    return _SCALARS[kind](shape, "min")


def maximal(shape, above=()):
    """Every member, each as large as it may be; a shape inside itself is left out."""
    kind, above = shape.type_name, (*above, shape.name)
    if kind == "structure":
        return {name: maximal(member, above) for name, member in shape.members.items() if member.name not in above}
    if kind == "list":
        return [maximal(shape.member, above) for _ in range(shape.metadata.get("max", _UNBOUNDED))]
    if kind == "map":
        count = shape.metadata.get("max", len(shape.key.enum) or _UNBOUNDED)
        return {key: maximal(shape.value, above) for key in keys(shape.key, count)}
    if kind == "string":
        return longest(shape)
    return _SCALARS[kind](shape, "max")


_SCALARS = {
    "integer": lambda shape, bound: shape.metadata.get(bound, 7),
    "long": lambda shape, bound: shape.metadata.get(bound, 1 << 40),
    "double": lambda shape, bound: 1.5, "float": lambda shape, bound: 1.5,
    "boolean": lambda shape, bound: bound == "max",
    "timestamp": lambda shape, bound: MOMENT if bound == "min" else MOMENT + 0.25,
}


def decorated(value, shape):
    """The same input with an unknown member in every structure and an explicit null for every absent optional one."""
    kind = shape.type_name
    if kind == "structure":
        nulls = {name: None for name in shape.members if name not in value and name not in shape.required_members}
        known = {name: decorated(member, shape.members[name]) for name, member in value.items()}
        return {**nulls, "memberOfTomorrow": {"a": [1, None, "x"]}, **known}
    if kind == "list":
        return [decorated(item, shape.member) for item in value]
    if kind == "map":
        return {key: decorated(item, shape.value) for key, item in value.items()}
    return value


def accepted(shape, above=()):
    """Values at the edges of what is allowed, each edge of each place once: all else is minimal."""
    kind, above = shape.type_name, (*above, shape.name)
    if kind == "structure":
        yield minimal(shape)
        for name, member in shape.members.items():
            if member.name not in above:
                for value in accepted(member, above):
                    yield {**minimal(shape), name: value}
    elif kind == "list":
        yield minimal(shape)
        if "max" in shape.metadata:
            yield [minimal(shape.member) for _ in range(shape.metadata["max"])]
        yield from ([value] for value in accepted(shape.member, above))
    elif kind == "map":
        yield {}
        most = shape.metadata.get("max", len(shape.key.enum) or _UNBOUNDED)
        yield {key: minimal(shape.value) for key in keys(shape.key, most)}
        yield from ({key: minimal(shape.value)} for key in accepted(shape.key, above))
        yield from ({keys(shape.key, 1)[0]: value} for value in accepted(shape.value, above))
    elif kind == "string":
        yield from shape.enum or dict.fromkeys([shortest(shape), longest(shape)])
    elif kind == "boolean":
        yield from (True, False)
    elif kind == "timestamp":
        yield from (MOMENT, MOMENT + 0.125, "2022-04-26T13:00:00-07:00")
    else:
        yield from dict.fromkeys([_SCALARS[kind](shape, "min"), _SCALARS[kind](shape, "max")])
