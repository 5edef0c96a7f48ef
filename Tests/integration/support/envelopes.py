# SPDX-License-Identifier: Apache-2.0
"""Opens sealed credentials as docs/architecture.md describes them, with other libraries than Millrace's."""

import base64

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def sealing_context(account, name, properties):
    context = b"connectorprofile"
    for part in (account, name, properties):
        encoded = part.encode()
        context += b"\n%d " % len(encoded) + encoded
    return context


def open_sealed(text, private_key_file, context):
    """The secret in a `millrace1` envelope."""
    version, key_id, ephemeral, ciphertext = text.split(".")
    assert version == "millrace1"
    ephemeral, ciphertext = base64.b64decode(ephemeral), base64.b64decode(ciphertext)
    with open(private_key_file, "rb") as file:
        key = serialization.load_pem_private_key(file.read(), None)
    own = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    derived = HKDF(hashes.SHA256(), 44, ephemeral + own, b"millrace1 sealed credentials").derive(
        key.exchange(X25519PublicKey.from_public_bytes(ephemeral)))
    return AESGCM(derived[:32]).decrypt(derived[32:], ciphertext, f"millrace1.{key_id}.".encode() + context)


def open_wrapped(text, data_key, kms_arn, context):
    """The envelope inside a `millrace2` envelope."""
    version, key_id, wrapped, ciphertext = text.split(".")
    assert version == "millrace2"
    associated = f"millrace2.{key_id}".encode()
    for part in (kms_arn.encode(), base64.b64decode(wrapped), context):
        associated += b".%d " % len(part) + part
    sealed = base64.b64decode(ciphertext)
    return AESGCM(data_key).decrypt(sealed[:12], sealed[12:], associated).decode()


def wrapped_key(text):
    return base64.b64decode(text.split(".")[2])
