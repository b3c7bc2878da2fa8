"""The store on a real folder: one writer, whole blobs, secrets that go, records that cannot be misread."""

from __future__ import annotations

import hashlib
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.deliver.agent.durable import Folder, Full, replace
from limen.deliver.agent.records import (
    FORMAT,
    HEADER,
    MAGIC,
    LineState,
    Memory,
    Slot,
    State,
    decode,
    encode,
    referenced,
)
from limen.deliver.agent.store import BLOBS, COPIES, KEYS, SLOT_KEY, Store, create, look, open_store
from limen.errors import StoreError, VerificationError

DATA = bytes(range(256)) * 20


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with create(tmp_path / "device", State()) as made:
        yield made


def slot(blob: str, counter: int = 1) -> Slot:
    return Slot(counter, blob, 10, blob, blob)


def serves(*blobs: str) -> dict[str, LineState]:
    return {f"line{i}": LineState(current=slot(blob)) for i, blob in enumerate(blobs)}


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """As on a full disk: writing beyond fails with EFBIG."""
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_what_is_committed_is_there_after_opening_again(store: Store) -> None:
    digest = store.put(DATA)
    store.change(lines=serves(digest), notes={"etag": "x"})
    store.close()
    with open_store(store.path) as again:  # type: ignore[arg-type]
        assert again.state == store.state
        assert again.state.serial == 2
        assert again.get(digest) == DATA == again.file(digest).read_bytes()
        assert b"".join(again.pieces(digest)) == DATA
        assert again.size(digest) == len(DATA)


def test_a_change_that_changes_nothing_is_not_written(store: Store) -> None:
    serial = store.state.serial
    store.change(lines={}, notes={})
    assert store.state.serial == serial


def test_only_one_agent_writes_and_others_may_look(store: Store) -> None:
    with pytest.raises(StoreError, match="another agent holds it"):
        open_store(store.path)  # type: ignore[arg-type]
    code = "from limen.deliver.agent.store import open_store; from pathlib import Path; import sys"
    code += "; open_store(Path(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", code, str(store.path)], capture_output=True, text=True, check=False)
    assert "another agent holds it" in done.stderr
    assert look(store.path).state == store.state  # type: ignore[arg-type]
    store.close()
    open_store(store.path).close()  # type: ignore[arg-type]


def test_a_store_is_made_once(store: Store, tmp_path: Path) -> None:
    store.close()
    with pytest.raises(StoreError, match="holds a record already"):
        create(tmp_path / "device", State())
    with pytest.raises(StoreError, match="is not there"):
        open_store(tmp_path / "other")
    with pytest.raises(StoreError, match="cannot be made"):
        create(Path("/dev/null/device"), State())


def test_a_blob_that_is_not_whole_is_not_there(store: Store) -> None:
    digest = store.put(DATA)
    store.file(digest).write_bytes(DATA[:-1])
    assert (store.has(digest), store.get(digest)) == (False, None)
    assert store.put(DATA) == digest
    assert store.has(digest)
    with pytest.raises(StoreError, match="is not a sha256"):
        store.get("../state.a")


def test_a_part_grows_over_processes_and_is_checked_at_its_end(store: Store) -> None:
    digest = hashlib.sha256(DATA).hexdigest()
    store.part("kws-2").append(DATA[:1000])
    part = store.part("kws-2")
    assert part.size == 1000
    part.append(DATA[1000:])
    assert b"".join(part.pieces()) == DATA
    part.finish(digest)
    assert (store.get(digest), store.part("kws-2").size) == (DATA, 0)
    other = store.part("kws-3")
    other.append(DATA[1:])
    with pytest.raises(VerificationError):
        other.finish(digest)
    assert other.size == 0
    with pytest.raises(StoreError, match="use letters"):
        store.part("../kws")


def test_a_sweep_keeps_what_the_record_names(store: Store) -> None:
    kept, metadata, gone = store.put(b"kept"), store.put(b"metadata"), store.put(b"gone")
    for blob in (kept, gone):
        store.keep_secret(f"{SLOT_KEY}{blob}", b"k" * 32)
    store.keep_secret("device", b"d" * 32)
    for name in ("coming", "left"):
        store.part(name).append(b"x")
    store.change(lines=serves(kept), image=Memory(files={"timestamp": metadata}))
    assert referenced(store.state) == {kept, metadata}
    swept = store.sweep(parts=frozenset({"coming"}))
    assert set(swept) == {f"{BLOBS}/{gone}", f"{KEYS}/{SLOT_KEY}{gone}", f"{BLOBS}/left.part"}
    assert store.has(kept)
    assert store.secret("device") == b"d" * 32
    assert store.secret(f"{SLOT_KEY}{kept}") == b"k" * 32
    store.drop(kept)
    assert store.has(kept)
    assert store.sweep(parts=frozenset({"coming"})) == ()


def test_a_secret_is_overwritten_where_it_is_before_it_goes(store: Store) -> None:
    store.keep_secret("k", b"secret key")
    path = store.path / KEYS / "k"  # type: ignore[operator]
    with path.open("rb") as still_open:
        store.erase_secret("k")
        assert still_open.read() == bytes(10)
    assert not path.exists()
    store.erase_secret("k")


def test_files_are_for_their_owner_only(store: Store) -> None:
    store.keep_secret("k", b"x")
    store.put(b"y")
    for path in store.path.rglob("*"):  # type: ignore[union-attr]
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.parametrize("size", [0, 1, 100, 300])
def test_a_disk_that_is_full_changes_nothing_and_is_told(store: Store, size: int) -> None:
    digest = store.put(b"old")
    store.change(lines=serves(digest))
    before = store.state
    with no_file_larger_than(size):
        with pytest.raises(Full):
            store.change(notes={"n": "x" * 400})
        with pytest.raises(Full):
            store.put(DATA)
    assert store.state == before
    assert {path.suffix for path in store.path.rglob("*") if path.is_file()} <= {"", ".a", ".b"}  # type: ignore[union-attr]
    store.close()
    with open_store(store.path) as again:  # type: ignore[arg-type]
        assert again.state == before
        again.change(notes={"n": "x" * 400})


def test_a_copy_that_is_lost_is_made_again_unless_the_disk_is_full(store: Store) -> None:
    store.change(notes={"n": "1"})
    store.close()
    folder = store.path
    assert folder is not None
    (folder / COPIES[1]).unlink()
    with no_file_larger_than(10), open_store(folder) as again:
        assert again.state == store.state
        assert not (folder / COPIES[1]).exists()
    open_store(folder).close()
    assert (folder / COPIES[0]).read_bytes() == (folder / COPIES[1]).read_bytes()


def test_a_value_that_cannot_be_read_back_is_not_written(store: Store) -> None:
    with pytest.raises(StoreError, match="cannot be read back"):
        store.change(notes={"n": "x" * 5000})
    assert decode((store.path / COPIES[0]).read_bytes()) == store.state  # type: ignore[operator]


def test_a_links_target_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"mine")
    (tmp_path / "name.tmp").symlink_to(tmp_path / "target")
    with pytest.raises(StoreError, match="cannot be written"):
        replace(Folder(tmp_path), "name", b"theirs")
    assert (tmp_path / "target").read_bytes() == b"mine"


def test_names_that_are_folders_or_absent_are_told(tmp_path: Path) -> None:
    disk = Folder(tmp_path)
    (tmp_path / "folder").mkdir()
    assert (disk.read("no"), disk.size("no"), disk.names("no")) == (None, None, ())
    with pytest.raises(StoreError, match="cannot be read"):
        disk.read("folder")
    with pytest.raises(StoreError, match="cannot be read"):
        disk.read_at("no", 0, 1)
    disk.remove("no")
    assert disk.free() > 0
    assert os.listdir(tmp_path) == ["folder"]


@given(at=st.integers(0, 10_000), flip=st.integers(1, 255), cut=st.booleans())
def test_a_record_with_any_byte_changed_or_cut_off_is_no_record(at: int, flip: int, cut: bool) -> None:
    data = encode(State(3, image=Memory(root=b"{}", timestamp=4), lines=serves("0" * 64)))
    at %= len(data)
    harmed = data[:at] if cut else data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]
    assert decode(harmed) is None
    assert decode(data + b"\0") is None


@given(data=st.binary(max_size=200))
def test_any_bytes_give_a_state_or_nothing(data: bytes) -> None:
    assert decode(data) is None
    whole = HEADER.pack(MAGIC, FORMAT, len(data), hashlib.sha256(data).digest()) + data
    assert decode(whole) in (None, State())
