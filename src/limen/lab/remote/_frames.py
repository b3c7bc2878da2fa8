"""Frames between this computer and a served model; ``serve.c`` says what they hold."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple, Protocol

from limen.errors import NotMeasurable

MAGIC = b"lm"
LONGEST = 1 << 30
_HEAD = struct.Struct("<BxI")


class Frame(NamedTuple):
    """One message: its type, a letter, and its content."""

    type: str
    content: bytes


class Link(Protocol):
    """A stream of bytes to a device.

    Attributes:
        name: for messages.
    """

    name: str

    def write(self, data: bytes) -> None:
        """Raises NotMeasurable when the device is gone."""
        ...

    def read(self, size: int, seconds: float) -> bytes:
        """Exactly ``size`` bytes. Raises NotMeasurable when they do not come in time."""
        ...

    def close(self) -> None: ...


def encode(frame: Frame) -> bytes:
    """The bytes of a frame."""
    body = _HEAD.pack(ord(frame.type), len(frame.content)) + frame.content
    return MAGIC + body + struct.pack("<I", zlib.crc32(body))


def receive(link: Link, seconds: float) -> Frame | None:
    """The next frame; None where its sum is wrong. What comes before it, such as a board's greeting, is passed over.

    Raises:
        NotMeasurable: nothing of the kind comes in time.
    """
    last = b""
    while last != MAGIC:
        last = (last + link.read(1, seconds))[-2:]
    head = link.read(_HEAD.size, seconds)
    kind, size = _HEAD.unpack(head)
    if size > LONGEST:
        return None
    content = link.read(size, seconds)
    (told,) = struct.unpack("<I", link.read(4, seconds))
    if told != zlib.crc32(head + content):
        return None
    return Frame(chr(kind), content)


def ask(link: Link, frame: Frame, answer: str, seconds: float, tries: int = 3) -> bytes:
    """Send a frame, and the content of its answer; what arrives damaged, here or there, is asked for again.

    Args:
        answer: the type of the answer.
        seconds: to wait for each part of it.
        tries: how often to send.

    Raises:
        NotMeasurable: no whole answer; tells the device's words.
    """
    words = "its answers are damaged"
    for _ in range(tries):
        link.write(encode(frame))
        got = receive(link, seconds)
        if got is not None and got.type == answer:
            return got.content
        if got is not None:
            words = got.content.decode("ascii", "replace") if got.type == "E" else f"answers {got.type!r}"
    raise NotMeasurable(f"{link.name}: {words}, {tries} times", "check the line and its speed; try again")
