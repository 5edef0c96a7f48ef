# SPDX-License-Identifier: Apache-2.0
"""Runs `aws appflow …` against an endpoint."""

import json
import os
import subprocess
import sys

from .clients import REGION


class CommandLineError(AssertionError):
    def __init__(self, status, text):
        super().__init__(f"aws ended with {status}: {text}")
        self.status = status
        self.text = text


class AwsCli:
    def __init__(self, url, key, home):
        self.url = url
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1], "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "", "HOME": home,
        }

    def __call__(self, operation, *arguments):
        """The parsed answer of one command; CommandLineError when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "awscli", "appflow", operation, "--endpoint-url", self.url, "--region", REGION,
             "--output", "json", *[argument if isinstance(argument, str) else json.dumps(argument)
                                   for argument in arguments]],
            capture_output=True, text=True, timeout=60, env=self._environment)
        if done.returncode != 0:
            raise CommandLineError(done.returncode, done.stderr.strip())
        return json.loads(done.stdout) if done.stdout.strip() else {}
