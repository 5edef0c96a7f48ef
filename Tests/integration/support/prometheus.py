# SPDX-License-Identifier: Apache-2.0
"""A strict reader of the Prometheus text format, version 0.0.4."""

import re

_SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(.*)\})? (\S+)( -?\d+)?$")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def parse(text):
    """(name, frozenset of (label, value)) → float. Raises ValueError on anything that a scraper would refuse."""
    if text and not text.endswith("\n"):
        raise ValueError("the last line does not end")
    samples, types = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            if kind not in ("counter", "gauge", "histogram", "summary", "untyped"):
                raise ValueError(f"unknown type in {line!r}")
            if name in types:
                raise ValueError(f"{name} is typed twice")
            types[name] = kind
        elif line.startswith("#") or not line:
            continue
        else:
            match = _SAMPLE.match(line)
            if not match:
                raise ValueError(f"not a sample: {line!r}")
            labels = match.group(3) or ""
            pairs = _LABEL.findall(labels)
            if _LABEL.sub("", labels):
                raise ValueError(f"bad labels in {line!r}")
            key = (match.group(1), frozenset(pairs))
            if key in samples:
                raise ValueError(f"sample given twice: {line!r}")
            samples[key] = float(match.group(4))
            family = re.sub(r"_(bucket|sum|count)$", "", match.group(1))
            if match.group(1) not in types and family not in types:
                raise ValueError(f"sample without a type: {line!r}")
    return samples
