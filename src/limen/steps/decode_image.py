"""Turn a picture file into pixels.

JPEG, PNG, BMP, GIF (first frame), WebP, PNM and whatever else Pillow reads. The orientation in the EXIF block is
applied, transparency is dropped, 16-bit grey keeps its upper 8 bits.
"""

from __future__ import annotations

import base64
import dataclasses
import io
import os
import warnings
from pathlib import Path
from typing import Literal

import numpy as np

from limen.errors import LimenError, MissingExtra
from limen.steps._base import Context, Step, Value
from limen.steps._geometry import View
from limen.steps._values import Array, picture
from limen.steps._vectors import Vector


@dataclasses.dataclass(frozen=True)
class DecodeImage(Step):
    """File content (bytes) or a path -> uint8 [height, width, 3 or 1].

    A picture that is an array already (a camera frame) passes through; it must be uint8 with 1 or 3 channels.

    Args:
        mode: ``rgb``, or ``grey`` by ITU-R 601: (19595 R + 38470 G + 7471 B + 32768) >> 16.
        limit: largest number of pixels accepted, width times height.
    """

    name = "decode_image"
    kind = "pre"

    mode: Literal["rgb", "grey"] = "rgb"
    limit: int = 100_000_000

    def check(self) -> None:
        if self.limit < 1:
            self.refuse("limit", "give a number of pixels from 1 on")

    def run(self, value: Value, context: Context) -> Array:
        if isinstance(value, str | os.PathLike):
            value = _read(self, Path(value))
        if isinstance(value, bytes | bytearray | memoryview):
            image = _decode(self, bytes(value))
        else:
            image = picture(self, value)
            if image.dtype != np.uint8 or image.shape[2] not in (1, 3):
                self.fail(f"the input is {image.dtype} {image.shape}", "give bytes, a path, or uint8 pixels")
        context.facts["view"] = View((image.shape[1], image.shape[0]))
        return _in_mode(image, self.mode)


def _read(step: DecodeImage, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as problem:
        step.fail(f"{path} cannot be read: {getattr(problem, 'strerror', None) or problem}", "check the path")


def _decode(step: DecodeImage, data: bytes) -> Array:
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise MissingExtra("Pillow", "image") from None
    if not data:
        step.fail("the file is empty", "give a picture file")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data)) as image:
                if image.width * image.height > step.limit:
                    step.fail(f"{image.width}x{image.height} pixels are too many", f"raise limit={step.limit}")
                upright = ImageOps.exif_transpose(image)
                if upright.mode.startswith("I"):
                    return _eight_bits(np.asarray(upright))
                return np.array(upright if upright.mode == "L" else upright.convert("RGB"), np.uint8).reshape(
                    upright.height, upright.width, -1
                )
        except Image.DecompressionBombError:
            step.fail("the picture claims too many pixels", "scale it down first")
        except LimenError:
            raise
        except Exception as problem:  # Pillow's readers raise whatever a broken file makes them trip over
            reason = "no known picture format" if isinstance(problem, Image.UnidentifiedImageError) else str(problem)
            step.fail(f"the file cannot be decoded: {reason}", "give a whole JPEG, PNG, BMP, GIF, WebP or PNM file")


def _eight_bits(wide: Array) -> Array:
    return (wide.astype(np.int64).clip(0, 65535) >> 8).astype(np.uint8)[:, :, None]


def _in_mode(image: Array, mode: str) -> Array:
    if mode == "rgb":
        return np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3)))
    if image.shape[2] == 1:
        return image
    weighted = image.astype(np.uint32) @ np.array([19595, 38470, 7471], np.uint32) + np.uint32(32768)
    return (weighted >> 16).astype(np.uint8)[:, :, None]


STEP = DecodeImage

_PPM = b"P6\n2 2\n255\n" + bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30])
_RGB = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [10, 20, 30]]], np.uint8)
_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGP4z8DA8J+BiYGBgYGBAQAWBgIBwU3KjwAAAABJRU5ErkJggg=="
)

VECTORS = (
    Vector(DecodeImage(), _PPM, _RGB),
    Vector(DecodeImage("grey"), _PPM, np.array([[[76], [150]], [[29], [18]]], np.uint8)),
    Vector(DecodeImage(), _PNG, _RGB[:1, :, :].repeat(2, axis=0)),
    Vector(DecodeImage("grey"), _RGB, np.array([[[76], [150]], [[29], [18]]], np.uint8)),
    Vector(DecodeImage(), b"P5\n1 2\n255\n\x07\xff", np.array([[[7, 7, 7]], [[255, 255, 255]]], np.uint8)),
)
