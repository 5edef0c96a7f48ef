# SPDX-License-Identifier: Apache-2.0
"""Buckets that are subfolders of one folder (MILLRACE_BUCKET_ROOT, or what rclone serves)."""

import os


class FolderBuckets:
    def __init__(self, root):
        self.root = root

    def create(self, bucket):
        os.makedirs(os.path.join(self.root, bucket), exist_ok=True)

    def put(self, bucket, key, data):
        path = os.path.join(self.root, bucket, key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)

    def get(self, bucket, key):
        with open(os.path.join(self.root, bucket, key), "rb") as file:
            return file.read()

    def keys(self, bucket, prefix=""):
        """Every file that a reader of the bucket can see, as keys, sorted."""
        top = os.path.join(self.root, bucket)
        found = []
        for folder, _, names in os.walk(top):
            for name in names:
                key = os.path.relpath(os.path.join(folder, name), top)
                if key.startswith(prefix):
                    found.append(key)
        return sorted(found)

    def open_uploads(self, bucket):
        """Uploads begun and neither completed nor aborted; a folder shows none of them to its readers."""
        return []

    def worker_environment(self):
        return {"MILLRACE_BUCKET_ROOT": self.root}
