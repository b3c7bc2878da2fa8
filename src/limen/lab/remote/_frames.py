"""Frames between this computer and a served model; ``serve.c`` says what they hold."""

from __future__ import annotations

import itertools
import struct
import zlib
from typing import NamedTuple, Protocol

from limen.errors import NotMeasurable

MAGIC = b"lm"
LONGEST = 1 << 30
_HEAD = struct.Struct("<BBI")
_FLUSH = 1 << 16
_QUIET = 0.1
_numbers = itertools.cycle(range(1, 256))


class Silence(NotMeasurable):
    """Nothing came in time."""


class Frame(NamedTuple):
    """One message: its type, a letter; its content; and the number that its answer repeats."""

    type: str
    content: bytes = b""
    number: int = 0


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
        """Exactly ``size`` bytes.

        Raises:
            Silence: they do not come in time.
            NotMeasurable: the device is gone.
        """
        ...

    def close(self) -> None: ...


def encode(frame: Frame) -> bytes:
    """The bytes of a frame."""
    body = _HEAD.pack(ord(frame.type), frame.number, len(frame.content)) + frame.content
    return MAGIC + body + struct.pack("<I", zlib.crc32(body))


def receive(link: Link, seconds: float) -> Frame | None:
    """The next frame; None where its sum is wrong. What comes before it, such as a board's greeting, is passed over.

    Raises:
        Silence: nothing of the kind comes in time.
    """
    last = b""
    while last != MAGIC:
        last = (last + link.read(1, seconds))[-2:]
    head = link.read(_HEAD.size, seconds)
    kind, number, size = _HEAD.unpack(head)
    if size > LONGEST:
        return None
    content = link.read(size, seconds)
    (told,) = struct.unpack("<I", link.read(4, seconds))
    if told != zlib.crc32(head + content):
        return None
    return Frame(chr(kind), content, number)


def ask(link: Link, frame: Frame, answer: str, seconds: float, longest: int = _FLUSH, tries: int = 3) -> bytes:
    """Send a frame, and the content of its answer; what arrives damaged, here or there, is asked for again.

    Args:
        frame: it gets a number of its own, so that a late answer to another one is passed over.
        answer: the type of the answer.
        seconds: to wait for each part of it.
        longest: bytes of the longest frame that the device takes: so many zeros end a frame of which it waits for the
            rest.
        tries: how often to send.

    Raises:
        NotMeasurable: no whole answer; tells the device's words.
    """
    sent = frame._replace(number=next(_numbers))
    words, silent = "its answers are damaged", True
    for again in range(tries):
        if again:
            link.write(bytes(longest))
            _pass_over(link)
        link.write(encode(sent))
        try:
            got = _answer(link, sent.number, seconds)
        except Silence as problem:
            words = problem.message.removeprefix(f"{link.name}: ")
            continue
        silent = False
        if got is not None and got.type == answer:
            return got.content
        if got is not None:
            words = got.content.decode("ascii", "replace") if got.type == "E" else f"answers {got.type!r}"
    way = "is the served model running there?" if silent else "check the line and its speed"
    raise NotMeasurable(f"{link.name}: {words}, {tries} times", way)


def _answer(link: Link, number: int, seconds: float) -> Frame | None:
    """The next frame with this number, or complaint, or damage."""
    while True:
        got = receive(link, seconds)
        if got is None or got.type == "E" or got.number == number:
            return got


def _pass_over(link: Link) -> None:
    """Read until the device is quiet."""
    try:
        while True:
            link.read(1, _QUIET)
    except Silence:
        return
