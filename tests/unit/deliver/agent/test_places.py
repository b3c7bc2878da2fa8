"""A folder and a pack give what a server gives, under the same limits."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from limen.deliver.agent.places import Folder, Pack, Place, checked, first_that, open_place
from limen.deliver.agent.web import Net, Web
from limen.errors import Refused, Unreachable

DATA = os.urandom(600_000)


class Buffer:
    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)

    @property
    def size(self) -> int:
        return len(self.data)

    def append(self, data: bytes) -> None:
        self.data += data

    def restart(self) -> None:
        self.data.clear()


@pytest.fixture(params=["folder", "pack", "url", "age"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "f.full").write_bytes(DATA)
    pack = tmp_path / "stick.limenpack"
    with zipfile.ZipFile(pack, "w", zipfile.ZIP_STORED) as file:
        file.writestr("image/f.full", DATA)
    if request.param == "age":
        import pyrage

        identity = pyrage.x25519.Identity.generate()
        pack.write_bytes(pyrage.encrypt(pack.read_bytes(), [identity.to_public()]))
        (tmp_path / "key").write_text(f"# made for a test\n{identity}\n")
    where = {"folder": str(tmp_path), "url": f"file://{tmp_path}"}.get(request.param, str(pack))
    return open_place(where, Net(), tmp_path / "key")


def test_a_file_is_read_within_its_limit(place: Place) -> None:
    assert place.read("image/f.full", 10) == DATA[:11]
    assert place.read("image/f.full", len(DATA)) == DATA
    assert place.read("image/none", 10) is None


@pytest.mark.parametrize("start", [0, 1, 599_999])
def test_a_file_is_brought_on_from_where_it_was(place: Place, start: int) -> None:
    sink = Buffer(DATA[:start])
    place.fetch("image/f.full", len(DATA), sink)
    assert sink.data == DATA


def test_another_length_and_a_missing_file_are_told(place: Place) -> None:
    with pytest.raises(Unreachable, match="instead of"):
        place.fetch("image/f.full", len(DATA) - 1, Buffer())
    with pytest.raises(Unreachable):
        place.fetch("image/none", 1, Buffer())


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../b", "", "a\0b", "a\\..\\b"])
def test_no_name_leaves_its_place(place: Place, name: str) -> None:
    with pytest.raises(Unreachable):
        place.read(name, 10)
    with pytest.raises(Unreachable):
        checked(name)


def test_a_stick_that_is_not_there_and_a_pack_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        Folder(tmp_path / "none").read("f", 1)
    (tmp_path / "p").write_bytes(b"PK\x03\x04 and nothing")
    with pytest.raises(Unreachable):
        Pack(tmp_path / "p")
    with zipfile.ZipFile(tmp_path / "small", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb", bytes(1 << 24))
    with pytest.raises(Unreachable, match="compressed"):
        Pack(tmp_path / "small").read("bomb", 10)


def test_a_pack_with_flipped_bytes_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "p"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        file.writestr("f", b"x" * 5000)
    whole = path.read_bytes()
    for at in range(0, len(whole), 37):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << (at % 8)
        path.write_bytes(flipped)
        try:
            found = Pack(path).read("f", 5000)
            assert found in (None, b"x" * 5000)
        except Unreachable:
            continue


def test_a_url_is_a_server() -> None:
    assert isinstance(open_place("http://127.0.0.1:1/base/", Net()), Web)


def test_the_next_mirror_is_asked_and_a_refusal_is_told_first() -> None:
    def ask(place: Place) -> str:
        if place.name == "a":
            raise Unreachable("a: away")
        if place.name == "b":
            raise Refused("rollback", "b: old")
        return place.name

    a, b, c = (Folder(Path(name)) for name in "abc")
    assert first_that([a, b, c], ask) == "c"
    with pytest.raises(Refused):
        first_that([b, a], ask)
    with pytest.raises(Unreachable, match="no place"):
        first_that([], ask)
