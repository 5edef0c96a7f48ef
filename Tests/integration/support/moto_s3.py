# SPDX-License-Identifier: Apache-2.0
"""moto's S3 as a server process, optionally checking signatures and IAM policies."""

import json
import os
import sys

import boto3
import requests
from botocore.config import Config

from .ports import free_port, is_open
from .processes import ManagedProcess
from .s3_buckets import S3Buckets
from .workspace import new_folder

REGION = "us-east-1"
_SETUP_CALLS = 3  # the IAM calls that make the first user, before authentication begins


class MotoS3:
    """With `authentication`, only the key pairs of `add_user` are accepted and their policies bind."""

    def __init__(self, authentication=False):
        self.authentication = authentication
        self.name = "moto with authentication" if authentication else "moto"
        self.port = free_port()
        self.access_key, self.secret_key = "moto-access", "moto-secret"
        environment = dict(os.environ)
        environment["INITIAL_NO_AUTH_ACTION_COUNT"] = str(_SETUP_CALLS if authentication else "inf")
        if not authentication:
            environment.pop("INITIAL_NO_AUTH_ACTION_COUNT")
        self.process = ManagedProcess(
            self.name, [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", self.port],
            os.path.join(new_folder("moto"), "moto.log"), environment=environment)

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self.process.start()
        self.process.wait_until(self._answers, 30, "the first answer")
        if self.authentication:
            self.access_key, self.secret_key = self.add_user(
                "flows", {"Effect": "Allow", "Action": ["s3:*", "iam:*"], "Resource": "*"})
        return self

    def _answers(self):
        if not is_open(self.port):
            return False
        try:
            return requests.get(f"{self.endpoint}/moto-api/", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def add_user(self, name, statement):
        """A user with one inline policy; returns its (access key, secret key)."""
        iam = boto3.client(
            "iam", endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key, config=Config(retries={"max_attempts": 0}))
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        iam.put_user_policy(
            UserName=name, PolicyName="rights",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
        return key["AccessKeyId"], key["SecretAccessKey"]

    def buckets(self, endpoint=None):
        """Reads and writes the store's objects, past any proxy."""
        return S3Buckets(endpoint or self.endpoint, self.access_key, self.secret_key)

    def worker_environment(self, endpoint=None):
        """What a worker needs to use this store."""
        return {
            "AWS_ENDPOINT_URL_S3": endpoint or self.endpoint, "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }

    def stop(self):
        self.process.kill()
