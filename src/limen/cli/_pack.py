"""The flags about memory of the verbs that make C: packed weights, and a second memory."""

from __future__ import annotations

import argparse

from limen.cli._units import byte_count

FORMS = "smallest, int4, int3, palette, huffman or sparse, for every layer that it makes smaller; none: never"


def add_pack_flag(parser: argparse.ArgumentParser, limited: bool = False) -> None:
    """``--pack FORM``.

    Args:
        limited: the verb keeps a flash limit, so that ``auto`` can mean it.
    """
    auto = "auto: packed where --flash is not kept otherwise; " if limited else ""
    file = "; target tflite: int4 or smallest" if limited else ""
    parser.add_argument(
        "--pack",
        metavar="FORM",
        default="auto" if limited else "none",
        help=f"target c: weights packed in flash; {auto}{FORMS}{file}",
    )


def add_memory_flags(parser: argparse.ArgumentParser) -> None:
    """``--ram B --slow-ram B`` of verbs that keep no other limits."""
    parser.add_argument(
        "--ram", type=byte_count, metavar="B", help="target c: most bytes of the arena; the rest is slow RAM"
    )
    parser.add_argument(
        "--slow-ram", type=byte_count, metavar="B", help="target c: slower memory that the device has beside its RAM"
    )
