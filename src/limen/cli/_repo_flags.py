"""The flags of ``limen repo``."""

from __future__ import annotations

import argparse
from pathlib import Path

from limen.cli._units import byte_count, milliseconds


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare them all; each says of which action it is."""
    _keys(parser)
    _release(parser)
    _image(parser)
    _place(parser)


def port(text: str) -> int:
    """Of TCP; 0: any that is free."""
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port (0 to 65535)")
    return int(text)


def whole(text: str) -> int:
    """A number of things, 0 or more."""
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 0 or more")
    return int(text)


def _keys(parser: argparse.ArgumentParser) -> None:
    keys = parser.add_argument_group("keys")
    keys.add_argument(
        "--keys", type=Path, action="append", default=[], metavar="PATH", help="key file or folder of them"
    )
    keys.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="passphrase of key files (or LIMEN_PASSPHRASE)"
    )
    keys.add_argument("--roots", type=int, default=1, metavar="N", help="init: root keys to make (default 1)")
    keys.add_argument(
        "--root-key", type=Path, action="append", default=[], metavar="FILE", help="init: a root key (or .pub)"
    )
    keys.add_argument("--root-folder", type=Path, metavar="DIR", help="init: where root keys are made; keep it offline")
    keys.add_argument(
        "--threshold", type=int, metavar="N", help="init, add-key, rotate: signatures that the role needs"
    )
    keys.add_argument(
        "--remove", action="append", default=[], metavar="ID", help="rotate: key to revoke (its beginning)"
    )
    keys.add_argument("--discard", action="store_true", help="sign: forget the root that waits for signatures")


def _release(parser: argparse.ArgumentParser) -> None:
    release = parser.add_argument_group("release")
    release.add_argument("--line", help="publish: the model's line")
    release.add_argument("--version", default="", help="publish: for people (default: the counter)")
    release.add_argument("--seal", action="store_true", help="publish: encrypt for the devices that get it")
    release.add_argument(
        "--deltas", type=whole, default=8, metavar="N", help="publish: from how many older payloads (8)"
    )
    release.add_argument(
        "--signer",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="publish: who may have signed the bundle",
    )
    release.add_argument(
        "--max-latency", type=milliseconds, default=0.0, metavar="MS", help="publish: p90 it must keep on a device"
    )
    release.add_argument(
        "--max-memory", type=byte_count, default=0, metavar="B", help="publish: memory it must keep on a device"
    )
    release.add_argument("--hardware", action="append", default=[], metavar="ID", help="publish, assign: hardware id")
    release.add_argument(
        "--seal-key", metavar="KEY", help="assign, enroll: the device's X25519 public key (file or hex)"
    )
    release.add_argument("--not-before", default="", metavar="TIME", help="assign: activate from then on (ISO 8601)")
    release.add_argument("--deployment", default="", metavar="NAME", help="assign: name given back in reports")


def _image(parser: argparse.ArgumentParser) -> None:
    image = parser.add_argument_group("image", "publish: firmware for boards with MCUboot, beside the bundle")
    image.add_argument("--image", type=Path, metavar="FILE", help="linked firmware, flat or ELF")
    image.add_argument("--image-version", default="", metavar="V", help="as MCUboot counts: 1.2.3")
    image.add_argument("--image-key", type=Path, metavar="FILE", help="Ed25519 key (default private/keys/mcuboot.pem)")
    image.add_argument("--slot-size", type=byte_count, metavar="B", help="flash of the slot")
    image.add_argument("--segment", type=byte_count, default=4096, metavar="B", help="what is erased at once (4096)")
    image.add_argument("--image-header", type=byte_count, default=512, metavar="B", help="room for the header (512)")
    image.add_argument("--image-align", type=int, default=8, metavar="B", help="smallest write of the flash (8)")


def _place(parser: argparse.ArgumentParser) -> None:
    place = parser.add_argument_group("place")
    place.add_argument("--public", default="public", metavar="PLACE", help="init: folder, or bucket such as s3://name")
    place.add_argument("--days", action="append", default=[], metavar="ROLE=N", help="init: life of signatures")
    place.add_argument("--host", default="127.0.0.1", help="serve: address (default 127.0.0.1)")
    place.add_argument("--port", type=port, default=8080, help="serve: port (default 8080)")
    place.add_argument("--tls", type=Path, nargs=2, metavar=("CERT", "KEY"), help="serve: over TLS")
    place.add_argument("--reports", type=Path, metavar="DIR", help="serve: take reports of devices into this folder")
    place.add_argument("--mtls", action="store_true", help="serve: only for devices with a certificate of enroll")
    place.add_argument("--enroll", action="store_true", help="serve: give certificates to devices with a token")
    place.add_argument("--ca", type=Path, metavar="FILE", help="serve, enroll, revoke: key that signs certificates")
    place.add_argument("--csr", type=Path, metavar="FILE", help="enroll: the device's certificate request (PEM)")
    place.add_argument(
        "--server", action="append", default=[], metavar="NAME", help="enroll: a certificate for the server"
    )
    place.add_argument("-o", "--output", type=Path, metavar="FILE", help="export, enroll: the file to write")
    place.add_argument("--no-deltas", action="store_true", help="export: full payloads only")
    place.add_argument("--age", action="append", default=[], metavar="RECIPIENT", help="export: encrypt for age1...")
