# SPDX-License-Identifier: Apache-2.0
"""A private certificate authority, made with openssl as an operator would."""

import os
import subprocess

from .workspace import new_folder


class Authority:
    """`certificate` is the file that clients trust."""

    def __init__(self, name):
        self.name = name
        self.folder = new_folder(f"authority-{name}")
        self._key = os.path.join(self.folder, "authority.key")
        self.certificate = os.path.join(self.folder, "authority.pem")
        _openssl("req", "-x509", *_NEW_KEY, "-keyout", self._key, "-out", self.certificate, "-days", "2",
                 "-subj", f"/CN=Millrace tests: {name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name, address=None):
        """(key file, certificate file) of a server at `address`, or of a client."""
        key, request, certificate, extensions = (
            os.path.join(self.folder, f"{name}.{suffix}") for suffix in ("key", "csr", "pem", "ext"))
        with open(extensions, "w") as file:
            file.write("basicConstraints=critical,CA:false\nextendedKeyUsage=serverAuth,clientAuth\n")
            if address:
                file.write(f"subjectAltName=IP:{address}\n")
        _openssl("req", "-new", *_NEW_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        _openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
                 "-out", certificate, "-days", "2", "-extfile", extensions)
        return key, certificate


_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def _openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, f"openssl {' '.join(arguments)}: {done.stderr}"
