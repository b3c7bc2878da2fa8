"""A release comes onto the device by the smallest delta that fits, else whole; sealed stays sealed, for one device."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agent_devices import folder_of, new_device, offer, opened, source
from gain_models import gain_bundle, save_gain
from limen.deliver import seal
from limen.deliver.agent import durable, slots
from limen.deliver.agent.keys import FileKeys, new_secret
from limen.deliver.agent.obtain import Unsound, obtain
from limen.deliver.agent.places import Folder, part_names
from limen.deliver.agent.records import LineState, Slot
from limen.deliver.agent.store import KEYS, SLOT_KEY, Store
from limen.deliver.agent.trust import Offer
from limen.deliver.reading import Held
from limen.errors import LimenError, StoreError, Unreachable, VerificationError
from small_repository import Repository, new_repository


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Two lines of the same three bundles: ``open`` and ``closed``, which is sealed."""
    folder = tmp_path_factory.mktemp("repository")
    made = new_repository(folder / "fleet", "open", "closed")
    for gain in (1.0, 2.0, 3.0):
        bundle = save_gain(folder / f"{gain}.limen", gain)
        made.publish(bundle, "open")
        made.publish(bundle, "closed", seal=True)
    return made


@dataclasses.dataclass
class Device:
    store: Store
    keys: FileKeys
    repository: Repository
    said: list[str] = dataclasses.field(default_factory=list)

    def assign(self, line: str, counter: int) -> None:
        self.repository.assign(seal_key=self.keys.public().hex(), **{line: counter})

    def get(
        self, line: str, counter: int, have: tuple[Slot, ...] = (), change: Callable[[Offer], Offer] = lambda o: o
    ) -> Slot:
        self.assign(line, counter)
        found = change(offer(self.repository, line, counter, have))
        return obtain(self.store, [Folder(self.repository.public)], found, have, self.keys, self.said.append)

    def hold(self, line: str, *held: Slot) -> None:
        current, previous = (*held, None)[:2]
        self.store.change(lines={line: LineState(current=current, previous=previous)})


@pytest.fixture
def device(repository: Repository, tmp_path: Path) -> Device:
    store, keys = new_device(tmp_path / "store")
    return Device(store, keys, repository)


@pytest.mark.parametrize("line", ["open", "closed"])
def test_the_first_release_comes_whole_and_the_next_ones_as_deltas(device: Device, line: str) -> None:
    first = device.get(line, 1)
    second = device.get(line, 2, (first,))
    third = device.get(line, 3, (second, first))
    for gain, slot in ((1.0, first), (2.0, second), (3.0, third)):
        assert opened(device.store, slot, device.keys) == gain_bundle(gain).to_bytes()
        assert slots.open_bundle(device.store, slot, device.keys).core_digest == slot.core_digest
        assert device.store.has(slot.blob)
        assert slot.sealed == (line == "closed")
    assert [said.split(",")[0].split(": ")[1] for said in device.said] == ["full file", "delta from 1", "delta from 2"]


def test_a_sealed_release_is_nowhere_on_the_disk_in_plain(device: Device) -> None:
    slot = device.get("closed", 1)
    plain = opened(device.store, slot, device.keys)
    needles = [plain[at : at + 32] for at in range(4096, len(plain) - 32, 4096) if plain[at : at + 32].strip(b"\0")]
    assert len(needles) > 10
    stored = b"".join(f.read_bytes() for f in folder_of(device.store).rglob("*") if f.is_file())
    assert not any(needle in stored for needle in needles)


def test_every_device_seals_with_a_key_of_its_own(repository: Repository, tmp_path: Path) -> None:
    blobs = []
    for name in ("a", "b"):
        store, keys = new_device(tmp_path / name)
        blobs.append(Device(store, keys, repository).get("closed", 1).blob)
    assert blobs[0] != blobs[1]


def test_one_devices_key_opens_nothing_of_anothers(device: Device) -> None:
    slot = device.get("closed", 1)
    other = FileKeys(new_secret())
    with pytest.raises(VerificationError, match="another device"):
        slots.payload(device.store, slot, other)
    with pytest.raises(VerificationError, match="another device"):
        obtain(
            device.store,
            [Folder(device.repository.public)],
            offer(device.repository, "closed", 1),
            (),
            other,
            device.said.append,
        )


def test_a_wrapped_key_opens_for_no_other_device_line_or_release(device: Device) -> None:
    device.assign("closed", 1)
    device.assign("closed", 2)
    second = offer(device.repository, "closed", 2)
    for change in (
        {"device": "dev-2"},
        {"line": "open"},
        {"counter": 1},
        {"wrap": second.assignment.wrap[:-8] + "AAAAAAA="},
    ):
        said = msgspec.structs.replace(second.assignment, **change)
        with pytest.raises(VerificationError):
            obtain(
                device.store,
                [Folder(device.repository.public)],
                dataclasses.replace(second, assignment=said),
                (),
                device.keys,
                device.said.append,
            )


def test_another_releases_file_under_this_ones_name_is_refused(device: Device) -> None:
    """Swapped on the server, with all that the metadata say of it."""
    first = device.get("closed", 1)

    def swap(right: Offer) -> Offer:
        full = source(_target(device.repository, "closed/1/full"), "closed/1/full")
        return dataclasses.replace(right, full=dataclasses.replace(full, path=right.full.path, release=right.release))

    with pytest.raises(VerificationError):
        device.get("closed", 2, (first,), lambda o: dataclasses.replace(swap(o), deltas=()))


def test_an_erased_key_makes_an_old_slot_unreadable(device: Device) -> None:
    first = device.get("closed", 1)
    second = device.get("closed", 2, (first,))
    copy = slots.Blob(device.store.disk, first.blob)
    kept = Held(copy.read_at(0, copy.size))
    device.hold("closed", second)
    device.store.sweep()
    assert device.store.secret(SLOT_KEY + first.blob) is None
    assert not (folder_of(device.store) / KEYS / (SLOT_KEY + first.blob)).exists()
    assert opened(device.store, second, device.keys)
    with pytest.raises(VerificationError):
        seal.Opened(kept, bytes(32), slots.rest_context(first.payload_sha256)).read_at(0, 1)
    with pytest.raises(VerificationError):
        slots.payload(device.store, first, device.keys)


@pytest.mark.parametrize("line", ["open", "closed"])
@pytest.mark.parametrize("harm", ["flip", "cut", "gone", "other base"])
def test_a_delta_that_is_of_no_use_is_replaced_by_the_full_file(
    device: Device, line: str, harm: str, tmp_path: Path
) -> None:
    first = device.get(line, 1)

    def change(found: Offer) -> Offer:
        (right,) = found.deltas
        data = bytearray(device.repository.file(right.file))
        if harm == "flip":
            data[len(data) // 2] ^= 4
        elif harm == "cut":
            data = data[: len(data) // 2]
        elif harm == "other base":
            base = dataclasses.replace(right, release=msgspec.structs.replace(right.release, base=right.release.base))
            return dataclasses.replace(found, deltas=(base,))
        return dataclasses.replace(found, deltas=(_published(device.repository, right, bytes(data), harm == "gone"),))

    if harm == "other base":
        # The device's slot is not what it says: the delta applies to something else.
        wrong = device.store.put(b"x" * first.payload_size)
        first = msgspec.structs.replace(first, blob=wrong, sealed=False)
    slot = device.get(line, 2, (first,), change)
    assert opened(device.store, slot, device.keys) == gain_bundle(2.0).to_bytes()
    assert any("of no use" in said for said in device.said)


def test_bytes_that_changed_on_a_mirror_are_taken_from_the_next_one(device: Device, tmp_path: Path) -> None:
    device.assign("open", 1)
    found = offer(device.repository, "open", 1)
    bad = tmp_path / "mirror" / found.full.file
    bad.parent.mkdir(parents=True)
    bad.write_bytes(bytes(found.full.length))
    places = [Folder(tmp_path / "mirror"), Folder(tmp_path / "none"), Folder(device.repository.public)]
    slot = obtain(device.store, places, found, (), device.keys, device.said.append)
    assert opened(device.store, slot, device.keys) == gain_bundle(1.0).to_bytes()
    with pytest.raises(VerificationError):
        obtain(*new_device(tmp_path / "s2")[:1], places[:1], found, (), device.keys, device.said.append)


def test_what_is_signed_and_is_not_what_it_says_is_final(device: Device) -> None:
    def other_digest(found: Offer) -> Offer:
        release = msgspec.structs.replace(found.release, core_digest="0" * 64)
        return dataclasses.replace(found, full=dataclasses.replace(found.full, release=release))

    def other_size(found: Offer) -> Offer:
        release = msgspec.structs.replace(found.release, payload_size=5)
        return dataclasses.replace(found, full=dataclasses.replace(found.full, release=release))

    for change in (other_digest, other_size):
        with pytest.raises(Unsound):
            device.get("open", 1, (), change)


def test_a_process_that_was_killed_goes_on_where_it_was(device: Device) -> None:
    device.assign("open", 1)
    found = offer(device.repository, "open", 1)
    (name,) = part_names(found)
    half = device.repository.file(found.full.file)[: found.full.length // 2]
    device.store.part(name).append(half)
    reads: list[int] = []

    class Counting(Folder):
        def fetch(self, name: str, length: int, sink: object) -> None:
            reads.append(sink.size)  # type: ignore[attr-defined]
            super().fetch(name, length, sink)  # type: ignore[arg-type]

    slot = obtain(device.store, [Counting(device.repository.public)], found, (), device.keys, device.said.append)
    assert reads == [len(half)]
    assert opened(device.store, slot, device.keys) == gain_bundle(1.0).to_bytes()


def test_without_room_nothing_is_begun_and_with_room_again_it_is(device: Device) -> None:
    device.assign("open", 1)
    found = offer(device.repository, "open", 1)
    real, free = device.store.disk, [found.release.payload_size]

    class Small(durable.Folder):
        def free(self) -> int:
            return free[0]

    device.store.disk = Small(folder_of(device.store))
    with pytest.raises(durable.Full):
        obtain(device.store, [Folder(device.repository.public)], found, (), device.keys, device.said.append)
    assert real.names("blobs") == ()
    free[0] = 1 << 30
    assert obtain(device.store, [Folder(device.repository.public)], found, (), device.keys, device.said.append)


@pytest.mark.parametrize("line", ["open", "closed"])
def test_a_disk_that_is_full_at_any_write_leaves_what_was_there(device: Device, line: str) -> None:
    first = device.get(line, 1)
    device.hold(line, first)
    device.store.sweep()
    device.assign(line, 2)
    found = offer(device.repository, line, 2, (first,))
    place, folder = [Folder(device.repository.public)], folder_of(device.store)
    done = False
    for budget in range(200):
        device.store.disk = Filling(folder, budget)
        try:
            slot = obtain(device.store, place, found, (first,), device.keys, device.said.append)
            done = True
        except durable.Full:
            assert opened(device.store, first, device.keys) == gain_bundle(1.0).to_bytes()
            continue
        break
    assert done
    assert budget >= 3
    assert opened(device.store, slot, device.keys) == gain_bundle(2.0).to_bytes()


class Filling(durable.Folder):
    """A disk that is full after so many writes."""

    def __init__(self, path: Path, budget: int) -> None:
        super().__init__(path)
        self.budget = budget

    def _put(self, name: str, data: bytes, how: int) -> None:
        if self.budget <= 0:
            raise durable.Full(f"{name}: no space left")
        self.budget -= 1
        super()._put(name, data, how)


def test_a_disk_that_cannot_be_written_is_told(device: Device) -> None:
    class ReadOnly(durable.Folder):
        def _put(self, name: str, data: bytes, how: int) -> None:
            raise StoreError(f"{name}: read-only file system")

    device.assign("open", 1)
    found = offer(device.repository, "open", 1)
    device.store.disk = ReadOnly(folder_of(device.store))
    with pytest.raises(StoreError):
        obtain(device.store, [Folder(device.repository.public)], found, (), device.keys, device.said.append)


def test_nowhere_to_get_it_from_is_told(device: Device, tmp_path: Path) -> None:
    device.assign("open", 1)
    found = offer(device.repository, "open", 1)
    with pytest.raises(Unreachable):
        obtain(device.store, [Folder(tmp_path / "none")], found, (), device.keys, device.said.append)


def _target(repository: Repository, path: str) -> object:
    from limen.deliver.repository import metadata as md

    public = repository.ws.public
    return md.load(public, md.IMAGE, md.load_root(public, md.IMAGE)).targets["closed"].signed.targets[path]


def _published(repository: Repository, right: object, data: bytes, gone: bool) -> object:
    """A delta of other bytes, with the length and hash that they have."""
    import hashlib

    name = f"image/targets/harm-{hashlib.sha256(data).hexdigest()[:8]}"
    if not gone:
        (repository.public / name).write_bytes(data)
    return dataclasses.replace(
        right,  # type: ignore[type-var]
        file=name,
        length=len(data),
        sha256=hashlib.sha256(data if not gone else b"never").hexdigest(),
    )


def test_every_error_is_ours() -> None:
    assert issubclass(Unsound, LimenError)
