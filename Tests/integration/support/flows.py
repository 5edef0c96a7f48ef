# SPDX-License-Identifier: Apache-2.0
"""Builders of flow definitions, as keyword arguments of create_flow."""

import copy
import json


def map_task(source, destination=None, **properties):
    return {"taskType": "Map", "sourceFields": [source], "destinationField": destination or source,
            "connectorOperator": {"S3": "NO_OP"}, "taskProperties": properties}


def map_all(exclude=None):
    properties = {} if exclude is None else {"EXCLUDE_SOURCE_FIELDS_LIST": json.dumps(exclude)}
    return {"taskType": "Map_all", "sourceFields": [], "connectorOperator": {"S3": "NO_OP"}, "taskProperties": properties}


def projection(*fields):
    return {"taskType": "Filter", "sourceFields": list(fields), "connectorOperator": {"S3": "PROJECTION"},
            "taskProperties": {}}


def filter_task(field, operator, **properties):
    return {"taskType": "Filter", "sourceFields": [field], "connectorOperator": {"S3": operator},
            "taskProperties": properties}


def s3_source(bucket, prefix, input_type=None):
    properties = {"bucketName": bucket, "bucketPrefix": prefix}
    if input_type:
        properties["s3InputFormatConfig"] = {"s3InputFileType": input_type}
    return {"connectorType": "S3", "sourceConnectorProperties": {"S3": properties}}


def s3_destination(bucket, prefix=None, **output):
    """`output` goes into s3OutputFormatConfig: fileType, prefixConfig, aggregationConfig, …"""
    properties = {"bucketName": bucket}
    if prefix is not None:
        properties["bucketPrefix"] = prefix
    if output:
        properties["s3OutputFormatConfig"] = output
    return {"connectorType": "S3", "destinationConnectorProperties": {"S3": properties}}


def flow(name, source=None, destination=None, tasks=None, trigger=None, **more):
    """An on-demand flow from `source` to `destination`; by default one that maps all fields, bucket to bucket."""
    return {
        "flowName": name,
        "triggerConfig": trigger or {"triggerType": "OnDemand"},
        "sourceFlowConfig": source or s3_source("flow-source", "in"),
        "destinationFlowConfigList": [destination or s3_destination("flow-destination", "out")],
        "tasks": [map_all()] if tasks is None else tasks,
        **more,
    }


def update_of(definition, **changes):
    """The keyword arguments of update_flow for a definition: what cannot be updated is left out."""
    update = copy.deepcopy({key: value for key, value in definition.items() if key not in ("tags", "kmsArn", "clientToken")})
    update.update(changes)
    return update
