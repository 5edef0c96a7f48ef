# SPDX-License-Identifier: Apache-2.0
"""Compares a JSON answer with a shape of botocore's service model, more strictly than botocore does."""

import re


# Texts for people: their pattern in the model admits no colon, yet the real service's own messages hold colons,
# brackets and commas, and no client checks patterns in answers.
_FREE_TEXT = {"ExecutionMessage", "MostRecentExecutionMessage", "FlowStatusMessage"}

# What Millrace adds to AppFlow's answers, by the structure it stands in: SDKs pass over it.
_BEYOND = {"ExecutionRecord": {"destinationResults"}}


def problems_of(value, shape, path="answer"):
    """Everything that a strict client would refuse: unknown members, nulls, wrong types, enums, patterns, lengths."""
    if shape is None:
        return [] if value == {} else [f"{path}: expected an empty object"]
    if value is None:
        return [f"{path}: null instead of an absent member"]
    check = _CHECKS.get(shape.type_name)
    return check(value, shape, path) if check else [f"{path}: no check for {shape.type_name}"]


def _structure(value, shape, path):
    if not isinstance(value, dict):
        return [f"{path}: not an object"]
    problems = [f"{path}.{name}: unknown member" for name in value
                if name not in shape.members and name not in _BEYOND.get(shape.name, ())]
    problems += [f"{path}.{name}: required" for name in shape.required_members if name not in value]
    for name, member in shape.members.items():
        if name in value:
            problems += problems_of(value[name], member, f"{path}.{name}")
    return problems


def _list(value, shape, path):
    if not isinstance(value, list):
        return [f"{path}: not an array"]
    return [problem for index, item in enumerate(value) for problem in problems_of(item, shape.member, f"{path}[{index}]")]


def _map(value, shape, path):
    if not isinstance(value, dict):
        return [f"{path}: not an object"]
    return [problem for key, item in value.items()
            for problem in problems_of(key, shape.key, f"{path} key {key}") + problems_of(item, shape.value, f"{path}.{key}")]


def _string(value, shape, path):
    if not isinstance(value, str):
        return [f"{path}: not a string"]
    problems = []
    if shape.enum and value not in shape.enum:
        problems.append(f"{path}: {value!r} is not in the enum")
    if len(value) > shape.metadata.get("max", len(value)):
        problems.append(f"{path}: too long")
    # Java writes the planes beyond the first as pairs of surrogates.
    pattern = shape.metadata.get("pattern", "").replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    if pattern and shape.name not in _FREE_TEXT and not re.fullmatch(pattern, value, re.DOTALL):
        problems.append(f"{path}: {value!r} does not match {pattern}")
    return problems


def _integer(value, shape, path):
    return [] if isinstance(value, int) and not isinstance(value, bool) else [f"{path}: not an integer"]


def _number(value, shape, path):
    return [] if isinstance(value, (int, float)) and not isinstance(value, bool) else [f"{path}: not a number"]


def _boolean(value, shape, path):
    return [] if isinstance(value, bool) else [f"{path}: not a boolean"]


def _timestamp(value, shape, path):
    # Epoch seconds: a value in milliseconds would lie beyond the year 5000.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e11:
        return [f"{path}: {value!r} is not a number of epoch seconds"]
    return []


_CHECKS = {
    "structure": _structure, "list": _list, "map": _map, "string": _string, "integer": _integer, "long": _integer,
    "double": _number, "float": _number, "boolean": _boolean, "timestamp": _timestamp,
}
