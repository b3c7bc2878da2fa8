"""What the actions of ``limen repo`` share."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from limen.deliver.repository import init
from limen.deliver.repository.keys import Ring
from limen.deliver.repository.workspace import Workspace
from limen.errors import BadInput, UsageError


def items(options: argparse.Namespace, least: int, what: str, most: int = 1 << 16) -> list[str]:
    """The positional arguments after the repository.

    Raises:
        UsageError: too few or too many.
    """
    if not least <= len(options.items) <= most:
        raise UsageError(f"{options.action}: takes {what}; got {len(options.items)}", "see limen repo --help")
    return list(options.items)


def passphrase(options: argparse.Namespace) -> bytes | None:
    """Of key files."""
    if options.passphrase_file is None:
        return os.environ.get("LIMEN_PASSPHRASE", "").encode() or None
    return read_bytes(options.passphrase_file).rstrip(b"\r\n") or None


def ring(ws: Workspace, options: argparse.Namespace) -> Ring:
    """All signers at hand."""
    return init.open_ring(ws, options.keys, passphrase(options))


def seal_key(text: str) -> str:
    """Hex of a raw X25519 public key, from hex, or a file of hex or PEM.

    Raises:
        BadInput: that is no such key.
    """
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

    data = Path(text).read_bytes() if Path(text).is_file() else text.encode()
    try:
        if len(data.strip()) == 64:
            return bytes.fromhex(data.strip().decode()).hex()
        key = s.load_pem_public_key(data)
    except (ValueError, UnicodeDecodeError) as error:
        raise BadInput(f"sealing key {text[:80]!r}: is no X25519 public key: {error}") from error
    if not isinstance(key, X25519PublicKey):
        raise BadInput(f"sealing key {text[:80]!r}: is not X25519")
    return key.public_bytes(s.Encoding.Raw, s.PublicFormat.Raw).hex()


def read_bytes(file: Path) -> bytes:
    """A file that the user named.

    Raises:
        BadInput: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror}") from error
