#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes ServiceModel.generated.swift from the model in the installed botocore.

Only what the service needs: shapes with their constraints, operations with their paths and errors. One line per entry:

  o NAME METHOD URI INPUT OUTPUT ERROR,ERROR      operation
  x NAME STATUS                                   error shape
  t NAME member[!][@uri|@query]:SHAPE ...         structure (! required, @ where it is bound)
  l NAME SHAPE [constraints]                      list
  m NAME KEY VALUE [constraints]                  map
  s|i|g|d|b|z NAME [constraints]                  string, integer, long, double, boolean, timestamp

Constraints: min=N max=N enum=A|B sensitive, and last pattern=REGEX up to the end of the line.

Usage: generate-model.py  (with botocore importable)
"""
import gzip
import json
import pathlib

import botocore

VERSION = "2020-08-23"
KINDS = {"string": "s", "integer": "i", "long": "g", "double": "d", "boolean": "b", "timestamp": "z"}
LOCATIONS = {"uri": "@uri", "querystring": "@query"}


def constraints(shape):
    out = [f"{key}={shape[key]}" for key in ("min", "max") if key in shape]
    if "enum" in shape:
        out.append("enum=" + "|".join(shape["enum"]))
    if shape.get("sensitive"):
        out.append("sensitive")
    if "pattern" in shape:
        out.append("pattern=" + shape["pattern"])
    return out


def member(name, reference, required):
    if "locationName" in reference and reference["locationName"] != name:
        raise SystemExit(f"renamed member {name} is not supported")
    bound = LOCATIONS[reference["location"]] if "location" in reference else ""
    return f"{name}{'!' if name in required else ''}{bound}:{reference['shape']}"


def line(name, shape):
    kind = shape["type"]
    if kind == "structure":
        required = shape.get("required", [])
        return " ".join(["t", name] + [member(n, r, required) for n, r in shape["members"].items()])
    if kind == "list":
        return " ".join(["l", name, shape["member"]["shape"]] + constraints(shape))
    if kind == "map":
        return " ".join(["m", name, shape["key"]["shape"], shape["value"]["shape"]] + constraints(shape))
    return " ".join([KINDS[kind], name] + constraints(shape))


def main():
    path = pathlib.Path(botocore.__file__).parent / "data" / "appflow" / VERSION / "service-2.json.gz"
    model = json.loads(gzip.decompress(path.read_bytes()))
    lines = []
    for name, operation in sorted(model["operations"].items()):
        http = operation["http"]
        errors = ",".join(error["shape"] for error in operation["errors"])
        lines.append(
            f"o {name} {http['method']} {http['requestUri']} "
            f"{operation['input']['shape']} {operation['output']['shape']} {errors}")
    for name, shape in sorted(model["shapes"].items()):
        if "exception" in shape:
            lines.append(f"x {name} {shape['error']['httpStatusCode']}")
        else:
            lines.append(line(name, shape))
    target = pathlib.Path(__file__).with_name("ServiceModel.generated.swift")
    with target.open("w") as out:
        out.write("// SPDX-License-Identifier: Apache-2.0\n")
        out.write("// swift-format-ignore-file\n")
        out.write(f"// Written by generate-model.py from botocore's model appflow/{VERSION}; do not edit.\n\n")
        out.write("/// The service's shapes and operations in the line format that generate-model.py describes.\n")
        out.write('let serviceModelText = ##"""\n')
        for text in lines:
            out.write(text + "\n")
        out.write('"""##\n')


if __name__ == "__main__":
    main()
