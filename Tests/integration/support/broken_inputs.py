# SPDX-License-Identifier: Apache-2.0
"""Inputs that break one constraint of the model, with the words in which AWS refuses them."""

import dataclasses

from . import service_model
from .shape_values import keys, matching, minimal, text

# Characters of a value that a message shows.
_SHOWN = 256
# Complaints that one message tells.
_TOLD = 20


@dataclasses.dataclass(frozen=True)
class Complaint:
    """One error of a ValidationException: where, the value as shown (None: it is secret), and what it must."""
    path: tuple
    value: object
    constraint: str
    secret: bool = False

    def __str__(self):
        if self.value is None:
            shown = "Value null"
        elif self.secret or "connectorProfileCredentials" in self.path:
            shown = "Value"
        else:
            shown = f"Value '{_cut(_java(self.value))}'"
        return f"{shown} at '{'.'.join(self.path)}' failed to satisfy constraint: {self.constraint}"


@dataclasses.dataclass(frozen=True)
class Broken:
    """An input, the (shape, constraint) that it breaks, and the complaints about it; a wrong JSON type has a path."""
    value: object
    breaks: tuple
    complaints: tuple = ()
    mistyped: tuple = None

    def inside(self, name, wrap):
        """The same fault one level up."""
        return Broken(
            wrap(self.value), self.breaks,
            tuple(dataclasses.replace(complaint, path=(name, *complaint.path)) for complaint in self.complaints),
            None if self.mistyped is None else (name, *self.mistyped))


def broken(shape, above=()):
    """Every constraint below a shape broken once."""
    above = (*above, shape.name)
    for wrong in _WRONG_TYPES[shape.type_name]:
        yield Broken(wrong, (shape.name, "type"), mistyped=())
    yield from _KINDS.get(shape.type_name, _nothing)(shape, above)


def broken_together(shape, above=()):
    """At every structure of two members or more, one fault in each of them: all must be told in one answer."""
    above = (*above, shape.name)
    if shape.type_name == "structure":
        members = {name: member for name, member in shape.members.items() if member.name not in above}
        for name, member in members.items():
            for fault in broken_together(member, above):
                yield fault.inside(name, lambda value, name=name: {**minimal(shape), name: value})
        faults = [_first_fault(name, member, above) for name, member in members.items()]
        faults = [fault for fault in faults if fault]
        while sum(len(fault.complaints) for fault in faults) > _TOLD:
            faults.pop()
        if len(faults) > 1:
            value = minimal(shape)
            for fault in faults:
                value.update(fault.value)
            complaints = tuple(complaint for fault in faults for complaint in fault.complaints)
            yield Broken(value, (shape.name, "several"), complaints)
    elif shape.type_name == "list":
        for fault in broken_together(shape.member, above):
            yield fault.inside("1.member", lambda value: [value])


def _first_fault(name, member, above):
    fault = next((fault for fault in broken(member, above) if fault.complaints), None)
    return fault and fault.inside(name, lambda value: {name: value})


def _nothing(_shape, _above):
    return ()


def _structure(shape, above):
    least = minimal(shape)
    for name, member in shape.members.items():
        if member.name not in above:
            for fault in broken(member, above):
                yield fault.inside(name, lambda value, name=name: {**least, name: value})
    for name in shape.required_members:
        complaint = Complaint((name,), None, "Member must not be null")
        rest = {other: value for other, value in least.items() if other != name}
        for value in (rest, {**rest, name: None}):
            yield Broken(value, (shape.name, f"required {name}"), (complaint,))


def _list(shape, above):
    item, most = shape.member, shape.metadata.get("max")
    yield from _sizes(shape, lambda count: [minimal(item)] * count)
    if most == 0:
        return
    yield Broken([None], (item.name, "null"), (Complaint(("1.member",), None, "Member must not be null"),))
    before = [minimal(item)] if most != 1 else []
    name = f"{len(before) + 1}.member"
    for fault in broken(item, above):
        if fault.mistyped is not None or not is_plain(item):
            yield fault.inside(name, lambda value: [*before, value])
        else:
            whole = [*before, fault.value]
            yield Broken(whole, fault.breaks, (_of_elements(whole, item, "Member", _is_secret(shape)),))


def _map(shape, above):
    yield from _sizes(shape, lambda count: {key: minimal(shape.value) for key in keys(shape.key, count)})
    for fault in broken(shape.key, above):
        if fault.mistyped is None:
            whole = {fault.value: minimal(shape.value)}
            yield Broken(whole, fault.breaks, (_of_elements(whole, shape.key, "Map keys", _is_secret(shape)),))
    key = keys(shape.key, 1)[0]
    for fault in broken(shape.value, above):
        if fault.mistyped is not None or not is_plain(shape.value):
            shown = "***" if service_model.is_sensitive(shape.key) else key
            yield fault.inside(f"{shown}.member", lambda value: {key: value})
        else:
            whole = {key: fault.value}
            yield Broken(whole, fault.breaks, (_of_elements(whole, shape.value, "Map value", _is_secret(shape)),))


def _of_elements(whole, shape, subject, secret):
    """What plain elements break is told at their list or map, with all that they must satisfy."""
    rules = ", ".join(rule for rule, _ in rules_of(shape))
    return Complaint((), whole, f"{subject} must satisfy constraint: [{rules}]", secret)


def _is_secret(shape):
    """Whether a list or map holds what messages must not show."""
    parts = [shape.member] if shape.type_name == "list" else [shape.key, shape.value]
    return any(map(service_model.is_sensitive, parts))


def _sizes(shape, make):
    for bound, count in (("max", shape.metadata.get("max", -2) + 1), ("min", shape.metadata.get("min", 0) - 1)):
        if count >= 0:
            value = make(count)
            yield Broken(value, (shape.name, bound), tuple(
                Complaint((), value, rule, _is_secret(shape)) for rule, is_kept in rules_of(shape) if not is_kept(value)))


def _string(shape, _above):
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 4096)
    attempts = []
    if "max" in shape.metadata:
        longer = text(shape, most + 1)
        attempts.append(("max", longer + "a" * (most + 1 - len(longer))))
    if least > 0:
        attempts.append(("min", text(shape, least - 1)[:least - 1]))
    if "pattern" in shape.metadata:
        attempts += [("pattern", value) for value in matching(shape.metadata["pattern"]).spoiled(least, most)]
    if shape.enum:
        attempts += [("enum", value) for value in ("Unknown-0", "")]
    yield from _refused(shape, attempts)


def _number(shape, _above):
    yield from _refused(shape, [(bound, shape.metadata[bound] + step)
                                for bound, step in (("max", 1), ("min", -1)) if bound in shape.metadata])


def _refused(shape, attempts):
    secret = service_model.is_sensitive(shape)
    for constraint, value in attempts:
        yield Broken(value, (shape.name, constraint), tuple(
            Complaint((), value, rule, secret) for rule, is_kept in rules_of(shape) if not is_kept(value)))


def rules_of(shape):
    """[(AWS's words, whether a value keeps the rule)] of a shape, in the order in which AWS names them."""
    rules, bounds = [], shape.metadata
    measure, noun = (len, "length") if shape.type_name in ("string", "list", "map") else (lambda value: value, "value")
    if "max" in bounds:
        rules.append((f"Member must have {noun} less than or equal to {bounds['max']}",
                      lambda value: measure(value) <= bounds["max"]))
    if "min" in bounds:
        rules.append((f"Member must have {noun} greater than or equal to {bounds['min']}",
                      lambda value: measure(value) >= bounds["min"]))
    if "pattern" in bounds:
        rules.append((f"Member must satisfy regular expression pattern: {bounds['pattern']}",
                      matching(bounds["pattern"]).matches))
    if getattr(shape, "enum", None):
        rules.append((f"Member must satisfy enum value set: [{', '.join(shape.enum)}]", lambda value: value in shape.enum))
    return rules


def is_plain(shape):
    return shape.type_name not in ("structure", "list", "map")


def _java(value):
    if isinstance(value, list):
        return f"[{', '.join(map(_java, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_java(item)}" for key, item in value.items()) + "}"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)


def _cut(shown):
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"


_KINDS = {"structure": _structure, "list": _list, "map": _map, "string": _string, "integer": _number, "long": _number}
_WRONG_TYPES = {
    "structure": [1, "text", [], True], "list": [1, "text", {}, True], "map": [1, "text", [], True],
    "string": [1, 1.5, True, [], {}], "integer": ["text", 1.5, True, [], {}], "long": ["text", 1.5, True, [], {}],
    "double": ["text", True, [], {}], "boolean": ["text", 1, [], {}], "timestamp": ["not a time", True, [], {}],
}
