"""The flag that packs weights, of every verb that makes C."""

from __future__ import annotations

import argparse

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
