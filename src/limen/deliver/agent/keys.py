"""The device's own key: what content keys are wrapped for, and what the keys of its slots are kept under.

``Keys`` is the interface; :class:`FileKeys` is a file that only its owner can read. A TPM or a PKCS#11 token takes its
place through ``Settings.keys = "module:function"``: the function gets the settings and returns a ``Keys``; no secret
of the device need then be on its disk, and a stolen disk opens nothing.

Each slot of a sealed release has a random key of its own, kept as ``slot-<blob>`` under ``protect``: erasing 60 bytes
makes an old model unreadable, wherever copies of its file are.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from limen.errors import StoreError, VerificationError

KEY_BYTES, NONCE_BYTES = 32, 12


class Keys(Protocol):
    """Holds the device's secret and uses it; the secret itself need never leave it."""

    def public(self) -> bytes:
        """The raw X25519 public key, 32 bytes."""

    def open_wrap(self, wrapped: bytes, info: bytes) -> bytes:
        """What HPKE (RFC 9180, base mode, X25519, HKDF-SHA256, AES-256-GCM) wrapped for this key.

        Raises:
            VerificationError: it is for another key or another ``info``, or was changed.
        """

    def protect(self, secret: bytes, context: str) -> bytes:
        """The secret in a form that only this device reads."""

    def reveal(self, protected: bytes, context: str) -> bytes:
        """What :meth:`protect` was given.

        Raises:
            VerificationError: another device or another context protected it, or it was changed.
        """


class FileKeys:
    """The secret as 32 raw bytes, held in memory.

    Args:
        secret: an X25519 private key.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise StoreError(f"device key: {len(secret)} bytes; {KEY_BYTES} are needed")
        self._private = X25519PrivateKey.from_private_bytes(secret)
        self._cipher = AESGCM(HKDF(SHA256(), KEY_BYTES, None, b"limen protect 1").derive(secret))

    def public(self) -> bytes:
        return self._private.public_key().public_bytes(s.Encoding.Raw, s.PublicFormat.Raw)

    def open_wrap(self, wrapped: bytes, info: bytes) -> bytes:
        suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
        try:
            return bytes(suite.decrypt(wrapped, self._private, info=info))
        except (InvalidTag, ValueError) as error:
            raise VerificationError("content key: is wrapped for another device or release, or was changed") from error

    def protect(self, secret: bytes, context: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, context.encode())

    def reveal(self, protected: bytes, context: str) -> bytes:
        try:
            return self._cipher.decrypt(protected[:NONCE_BYTES], protected[NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise VerificationError(f"{context}: its key is another device's, or was changed") from error


def new_secret() -> bytes:
    """A random secret for :class:`FileKeys`."""
    return X25519PrivateKey.generate().private_bytes_raw()


def read_key_file(path: Path) -> FileKeys:
    """A key file outside of the store.

    Raises:
        StoreError: it cannot be read, others can read it too, or it is no key.
    """
    try:
        mode = path.stat().st_mode
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror or error}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise StoreError(f"{path}: others than its owner can read it", f"chmod 600 {path}")
    return FileKeys(data)


def write_key_file(path: Path, secret: bytes) -> None:
    """Make a key file, mode 0600, durably.

    Raises:
        StoreError: it is there already, or cannot be written.
    """
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, secret)
            os.fsync(file)
        finally:
            os.close(file)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}") from error


def wrap_info(device: str, line: str, counter: int) -> bytes:
    """What a content key's wrap is bound to."""
    return b"limen wrap 1\0" + f"{device}\0{line}\0{counter}".encode()
