# SPDX-License-Identifier: Apache-2.0
"""Buckets behind an S3 endpoint, for putting inputs and reading outputs."""

import boto3
from botocore.config import Config


class S3Buckets:
    def __init__(self, endpoint, access_key, secret_key):
        self.client = boto3.client(
            "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}, max_pool_connections=16))

    def create(self, bucket):
        if bucket not in [entry["Name"] for entry in self.client.list_buckets()["Buckets"]]:
            self.client.create_bucket(Bucket=bucket)

    def put(self, bucket, key, data):
        self.client.put_object(Bucket=bucket, Key=key, Body=data.encode() if isinstance(data, str) else data)

    def get(self, bucket, key):
        return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def keys(self, bucket, prefix=""):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))

    def open_uploads(self, bucket):
        return [entry["Key"] for entry in self.client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])]
