"""Content keys: one per sealed release, kept private, wrapped for each device by HPKE.

The payload is sealed once for all devices (:mod:`limen.deliver.seal`); what differs from device to device is 80 bytes.
Bundles that are carried by hand can be sealed for many recipients at once in the age format (age-encryption.org/v1).
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from limen.deliver.repository.workspace import Workspace
from limen.errors import BadInput, UsageError

KEY_BYTES = 32


def new_content_key(ws: Workspace, line: str, counter: int) -> bytes:
    """A random key for a release, kept before anything is sealed with it."""
    key = os.urandom(KEY_BYTES)
    ws.keep(_name(line, counter), key)
    return key


def content_key(ws: Workspace, line: str, counter: int) -> bytes:
    """The key of a release.

    Raises:
        BadInput: it is lost.
    """
    key = ws.kept(_name(line, counter))
    if key is None or len(key) != KEY_BYTES:
        raise BadInput(f"{ws.private / _name(line, counter)}: the content key is lost", "publish the bundle again")
    return key


def wrap(key: bytes, recipient: bytes, device: str, line: str, counter: int) -> bytes:
    """80 bytes that only the device opens, and only as this release (RFC 9180 base mode).

    Args:
        recipient: raw X25519 public key of the device, 32 bytes.

    Raises:
        BadInput: that is no such key.
    """
    info = b"limen wrap 1\0" + f"{device}\0{line}\0{counter}".encode()
    try:
        public = X25519PublicKey.from_public_bytes(recipient)
        suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
        return bytes(suite.encrypt(key, public, info=info))
    except ValueError as error:
        raise BadInput(f"device {device}: its sealing key is no X25519 key: {error}") from error


def age_encrypt(data: bytes, recipients: Sequence[str]) -> bytes:
    """One file in the age format that each recipient opens alone.

    Args:
        recipients: ``age1...``, as ``age-keygen`` prints them.

    Raises:
        UsageError: none, or one that is not valid.
    """
    import pyrage

    if not recipients:
        raise UsageError("age: no recipient is given")
    try:
        parsed = [pyrage.x25519.Recipient.from_str(text) for text in recipients]
    except pyrage.RecipientError as error:
        raise UsageError(f"age: a recipient is not valid: {error}", "age1..., as age-keygen prints it") from error
    return bytes(pyrage.encrypt(data, parsed))


def _name(line: str, counter: int) -> str:
    return f"content/{line}/{counter}.key"
