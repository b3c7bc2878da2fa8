"""Each class of attack on one TUF repository is refused by its name, and what was trusted before stays.

The attacker serves consistent files, signed with the keys that it holds (tests/attacks.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import DelegatedRole, Delegations, MetaFile, TargetFile

from attacks import DAY, DIRECTOR, IMAGE, STRANGER, WALL, Device, Edit, World, issued, world
from limen.deliver.agent.clock import Clock
from limen.deliver.agent.records import Memory
from limen.deliver.agent.trust import IMAGE as IMAGE_LAYOUT
from limen.deliver.agent.trust import LIMITS, REASONS, Layout, Steps, Want, run
from limen.deliver.agent.trust_tuf import Known, enrolled, refresh
from limen.errors import Refused

FOLDERS = (IMAGE, DIRECTOR)
ROLES = ("timestamp", "snapshot", "targets", "kws")


def refusal(device: Device, at: World, wall: float = WALL) -> str:
    """Why a check refuses as a whole, or does not offer kws."""
    try:
        found = device.check(at, wall).refused["kws"]
    except Refused as error:
        found = error
    assert found.reason in REASONS
    return found.reason


def counters(device: Device, at: World, wall: float = WALL) -> dict[str, int]:
    plan = device.check(at, wall)
    assert plan.refused == {}
    return {offer.line: offer.counter for offer in plan.offers}


def updated() -> tuple[Device, World]:
    """A device that trusts a sound repository."""
    at = world()
    device = Device(at.files)
    device.check(at)
    return device, at


def roles_of(folder: str) -> tuple[str, ...]:
    return ROLES if folder == IMAGE else ROLES[:-1]


def test_a_sound_repository_offers_what_is_assigned_and_deltas_from_what_is_here() -> None:
    device, at = updated()
    first = json.loads(at.old["director/dev-1/1.targets.json"])["signed"]["targets"]["kws/1/full"]["custom"]["limen"]
    device.bases = {"kws": {first["payload_sha256"], "0" * 64}}
    plan = device.check(at)
    assert {(o.line, o.counter, len(o.deltas)) for o in plan.offers} == {("kws", 2, 1), ("vad", 2, 0)}
    (offer,) = (o for o in plan.offers if o.line == "kws")
    assert offer.deltas[0].length < offer.full.length
    assert {offer.full.file, offer.deltas[0].file} <= set(at.files)
    assert offer.release.payload_sha256 == offer.assignment.payload_sha256


def test_nothing_is_fetched_or_kept_twice() -> None:
    device, at = updated()
    device.keeps.clear()
    wanted: list[str] = []

    class Counting(World):
        def fetch(self, want: Want) -> bytes | None:
            wanted.append(want.name)
            return super().fetch(want)

    device.check(Counting(at.files, at.ring, at.old))
    assert sorted(wanted) == sorted(
        [f"{DIRECTOR}/timestamp.json", f"{IMAGE}/timestamp.json", "director/2.root.json", f"{IMAGE}/2.root.json"]
    )
    assert device.keeps == []


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("role", ROLES)
def test_arbitrary_software_is_refused_without_the_keys_of_the_role(folder: str, role: str) -> None:
    """The attacker holds every key but the one of the role that it changes."""
    if role not in roles_of(folder):
        role = "targets"
    device, at = updated()
    at.forge(folder, {role: lambda signed: None}, held=[r for r in ROLES if r != role])
    assert refusal(device, at) == "signature"


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_key_of_another_role_signs_nothing(folder: str) -> None:
    device, at = updated()
    timestamp = at.load(f"{folder}/timestamp.json")
    timestamp.signed.version += 1
    timestamp.signatures.clear()
    timestamp.sign(at.keys(folder, "snapshot")[0])
    at.files[f"{folder}/timestamp.json"] = timestamp.to_bytes()
    assert refusal(device, at) == "signature"


def test_one_signature_does_not_make_two() -> None:
    """Threshold 2 of 2 for the timestamp; one signs, also twice, also under the other's name."""
    device, at = updated()
    second = CryptoSigner.generate_ed25519()
    root = at.root(IMAGE)
    owner = at.keys(IMAGE, "root")
    root.signed.add_key(second.public_key, "timestamp")
    root.signed.roles["timestamp"].threshold = 2
    root.signed.version += 1
    root.signatures.clear()
    root.sign(owner[0])
    at.files[f"{IMAGE}/{root.signed.version}.root.json"] = root.to_bytes()
    at.ring = {**at.ring, second.public_key.keyid: second}
    at.forge(IMAGE, {"timestamp": lambda signed: None})
    assert counters(device, at) == {"kws": 2, "vad": 2}
    at.forge(IMAGE, {"timestamp": lambda signed: None})
    both = json.loads(at.files[f"{IMAGE}/timestamp.json"])
    true = next(s for s in both["signatures"] if s["keyid"] != second.public_key.keyid)
    for signatures, reason in (
        ([true], "signature"),
        ([true, true], "malformed"),
        ([true, {**true, "keyid": second.public_key.keyid}], "signature"),
    ):
        at.files[f"{IMAGE}/timestamp.json"] = json.dumps({**both, "signatures": signatures}).encode()
        assert refusal(device, at) == reason


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_root_needs_the_keys_of_the_root_before_and_its_own(folder: str) -> None:
    for signers in ([STRANGER], None):
        device, at = updated()
        at.rotate(folder, "root", signers=signers or at.keys(folder, "root"))
        assert refusal(device, at) == "signature"
    device, at = updated()
    at.rotate(folder, "root")
    assert counters(device, at) == {"kws": 2, "vad": 2}


def test_a_root_that_skips_a_version_is_refused() -> None:
    device, at = updated()
    at.rotate(IMAGE, "timestamp")
    at.files[f"{IMAGE}/2.root.json"], three = at.files[f"{IMAGE}/2.root.json"], at.load(f"{IMAGE}/2.root.json")
    three.signed.version = 3
    three.signatures.clear()
    three.sign(at.keys(IMAGE, "root")[0])
    at.files[f"{IMAGE}/2.root.json"] = three.to_bytes()
    assert refusal(device, at) == "mismatch"


@pytest.mark.parametrize("folder", FOLDERS)
def test_files_of_an_earlier_time_are_refused(folder: str) -> None:
    device, at = updated()
    at.files |= {name: data for name, data in at.old.items() if name.startswith(folder)}
    assert refusal(device, at) == "rollback"


def _older_snapshot(signed: object) -> None:
    signed.snapshot_meta.version -= 1  # type: ignore[attr-defined]


def _older_targets(signed: object) -> None:
    signed.meta["targets.json"].version -= 1  # type: ignore[attr-defined]


def _no_kws(signed: object) -> None:
    del signed.meta["kws.json"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("edits", "reason"),
    [
        ({"timestamp": _older_snapshot}, "rollback"),
        ({"snapshot": _older_targets}, "rollback"),
        ({"snapshot": _no_kws}, "rollback"),
    ],
)
def test_online_keys_alone_cannot_bring_older_versions_back(edits: dict[str, Edit], reason: str) -> None:
    device, at = updated()
    at.forge(IMAGE, edits, held=["timestamp", "snapshot"])
    assert refusal(device, at) == reason


@pytest.mark.parametrize(("days", "folder"), [(8, IMAGE), (8, DIRECTOR)])
def test_a_frozen_repository_is_noticed_when_its_timestamp_expires(days: int, folder: str) -> None:
    device, at = updated()
    other = DIRECTOR if folder == IMAGE else IMAGE
    at.forge(other, {"timestamp": _later(400)})
    assert counters(device, at, WALL + 6 * DAY) == {"kws": 2, "vad": 2}
    assert refusal(device, at, WALL + days * DAY) == "expired"


def _later(days: float) -> Edit:
    from datetime import timedelta

    def edit(signed: object) -> None:
        signed.expires += timedelta(days=days)  # type: ignore[attr-defined]

    return edit


@pytest.mark.parametrize(
    ("fresh", "days"), [({"timestamp"}, 31), ({"timestamp", "snapshot"}, 181), ({"timestamp", "snapshot", "kws"}, 181)]
)
def test_each_role_expires_by_itself(fresh: set[str], days: int) -> None:
    device, at = updated()
    at.forge(DIRECTOR, {role: _later(900) for role in ("timestamp", "snapshot", "targets")})
    at.forge(IMAGE, {role: _later(900) for role in fresh})
    assert refusal(device, at, WALL + days * DAY) == "expired"


def test_an_expired_root_is_refused_and_a_newer_one_helps() -> None:
    device, at = updated()
    for folder in FOLDERS:
        at.forge(folder, {role: _later(900) for role in (*roles_of(folder), *(["vad"] if folder == IMAGE else []))})
    assert refusal(device, at, WALL + 366 * DAY) == "expired"
    for folder in FOLDERS:
        root = at.root(folder)
        at.rotate(folder, "timestamp")
        newer = at.root(folder)
        _later(900)(newer.signed)
        newer.signatures.clear()
        newer.sign(at.ring[root.signed.roles["root"].keyids[0]])
        at.files[f"{IMAGE if folder == IMAGE else 'director'}/2.root.json"] = newer.to_bytes()
        at.forge(folder, {"timestamp": lambda signed: None})
    assert counters(device, at, WALL + 366 * DAY) == {"kws": 2, "vad": 2}


def test_a_newer_expired_timestamp_is_not_remembered() -> None:
    device, at = updated()
    before = device.remembers()
    at.forge(IMAGE, {"timestamp": _later(-400)}, bump=1000)
    assert refusal(device, at) == "expired"
    assert device.remembers()["image"] == before["image"]


@pytest.mark.parametrize("role", ["timestamp", "snapshot"])
def test_a_fast_forward_is_undone_by_a_new_root_and_by_nothing_else(role: str) -> None:
    """Stolen online keys raise versions without end; the owner takes the keys away and starts again."""
    device, at = updated()
    sound = at.copy()
    at.forge(IMAGE, {role: lambda signed: None}, bump=10**6)
    device.check(at)
    assert device.memory["image"].timestamp > 10**6
    sound.forge(IMAGE, {"timestamp": lambda signed: None})
    assert refusal(device, sound) == "rollback"
    sound.rotate(IMAGE, "timestamp", "snapshot")
    sound.forge(IMAGE, {"snapshot": lambda signed: None})
    assert counters(device, sound) == {"kws": 2, "vad": 2}
    assert device.memory["image"].timestamp < 10**6


def test_a_fast_forward_of_targets_is_undone_by_new_snapshot_keys() -> None:
    device, at = updated()
    sound = at.copy()
    at.forge(IMAGE, {"targets": lambda signed: None}, bump=10**6)
    device.check(at)
    sound.rotate(IMAGE, "timestamp")
    sound.forge(IMAGE, {"snapshot": lambda signed: None})
    assert refusal(device, sound) == "rollback"
    sound.rotate(IMAGE, "timestamp", "snapshot")
    sound.forge(IMAGE, {"snapshot": lambda signed: None})
    assert counters(device, sound) == {"kws": 2, "vad": 2}


def test_a_stolen_timestamp_key_cannot_stop_the_clock_for_ever() -> None:
    """It signs a time to come: refused as the device's clock looks behind; kept nowhere."""
    device, at = updated()
    sound = at.copy()
    at.forge(IMAGE, {"timestamp": issued(WALL + 3650 * DAY)})
    assert refusal(device, at) == "clock"
    assert counters(device, sound) == {"kws": 2, "vad": 2}


@pytest.mark.parametrize("role", ["snapshot", "targets", "kws"])
def test_files_of_different_times_do_not_mix(role: str) -> None:
    """A file that its own keys signed, but not the one that is named."""
    device, at = Device(world().files), world()
    name = at.current(IMAGE, role)
    other = at.load(name)
    _later(1)(other.signed)
    at.files[name] = at.sign(other, IMAGE, role, None)
    assert refusal(device, at) == "mismatch"


@pytest.mark.parametrize("role", ["snapshot", "targets", "kws"])
def test_a_version_that_is_not_the_one_named_is_refused(role: str) -> None:
    """Without hashes in snapshot and timestamp (TUF allows that) the version still must fit."""
    device, at = Device(world().files), world()
    name = at.current(IMAGE, role)
    other = at.load(name)
    other.signed.version += 1
    at.files[name] = at.sign(other, IMAGE, role, None)

    def unhashed(signed: object) -> None:
        for meta in getattr(signed, "meta", {}).values():
            meta.hashes = meta.length = None

    at.forge(IMAGE, {"snapshot": unhashed} if role != "snapshot" else {}, bump=0)
    if role == "snapshot":
        timestamp = at.load(f"{IMAGE}/timestamp.json")
        timestamp.signed.snapshot_meta = MetaFile(timestamp.signed.snapshot_meta.version)
        at.files[f"{IMAGE}/timestamp.json"] = at.sign(timestamp, IMAGE, "timestamp", None)
    assert refusal(device, at) == "mismatch"


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("director/2.root.json", LIMITS.root),
        (f"{DIRECTOR}/timestamp.json", LIMITS.timestamp),
        (f"{IMAGE}/2.root.json", LIMITS.root),
        (f"{IMAGE}/timestamp.json", LIMITS.timestamp),
    ],
)
def test_endless_data_is_refused_at_the_limit(name: str, limit: int) -> None:
    device, at = updated()
    asked: list[int] = []

    class Endless(World):
        def fetch(self, want: Want) -> bytes | None:
            if want.name != name:
                return super().fetch(want)
            asked.append(want.limit)
            return b" " * (want.limit + 1)

    assert refusal(device, Endless(at.files, at.ring, at.old)) == "endless"
    assert asked == [limit]


def test_named_lengths_limit_what_is_asked_for_and_never_beyond_the_limits() -> None:
    at = world()
    asked: dict[str, int] = {}

    class Asked(World):
        def fetch(self, want: Want) -> bytes | None:
            asked[want.name] = want.limit
            return super().fetch(want)

    Device(at.files).check(Asked(at.files, at.ring, at.old))
    assert asked[at.current(IMAGE, "snapshot")] == len(at.files[at.current(IMAGE, "snapshot")])
    at.forge(IMAGE, {"timestamp": lambda signed: setattr(signed.snapshot_meta, "length", 10**12)})
    assert refusal(Device(at.files), Asked(at.files, at.ring, at.old)) == "mismatch"
    assert max(asked.values()) <= LIMITS.targets


def test_an_update_that_is_fed_too_slowly_is_refused() -> None:
    clock = Clock(time.time(), time.monotonic() - 2 * LIMITS.seconds)
    clock = Clock(clock.wall - 2 * LIMITS.seconds, clock.monotonic)

    def steps() -> Iterator[Want]:
        yield Want("timestamp.json", 1)

    with pytest.raises(Refused) as caught:
        run(steps(), lambda want: b"", lambda keep: None, clock)  # type: ignore[arg-type]
    assert caught.value.reason == "slow"


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets", "kws"])
def test_what_is_withheld_is_missing(role: str) -> None:
    device, at = Device(world().files), world()
    del at.files[at.current(IMAGE, role)]
    assert refusal(device, at) == "missing"


NOT_METADATA = {
    "nothing": b"",
    "no JSON": b"\x00\xff",
    "a number": b"1",
    "no metadata": b'{"signed": {}, "signatures": []}',
    "nested without end": b'{"signed":' + b"[" * 15000,
    "a huge number": b'{"signed": {"version": ' + b"9" * 5000 + b"}}",
    "nothing that ends": b'{"signed": NaN, "signatures": [',
}


@pytest.mark.parametrize("data", NOT_METADATA.values(), ids=NOT_METADATA.keys())
@pytest.mark.parametrize("name", [f"{IMAGE}/timestamp.json", "director/2.root.json"])
def test_what_is_no_metadata_is_malformed(name: str, data: bytes) -> None:
    device, at = updated()
    at.files[name] = data
    assert refusal(device, at) == "malformed"


def test_metadata_of_another_type_and_versions_beyond_reason_are_malformed() -> None:
    device, at = updated()
    at.files[f"{IMAGE}/timestamp.json"] = at.files[at.current(IMAGE, "snapshot")]
    assert refusal(device, at) == "malformed"
    for edit in ({"timestamp": lambda signed: setattr(signed, "version", 1 << 60)}, {"timestamp": issued(1 << 60)}):
        device, at = updated()
        at.forge(IMAGE, edit)
        assert refusal(device, at) == "malformed"


def test_what_was_verified_before_a_refusal_is_kept() -> None:
    device, at = updated()
    before = device.memory["image"].timestamp
    at.rotate(IMAGE, "snapshot")
    at.forge(IMAGE, {"snapshot": lambda signed: None}, held=["timestamp"])
    assert refusal(device, at) == "signature"
    assert device.memory["image"].timestamp == before + 1
    assert json.loads(device.memory["image"].root)["signed"]["version"] == 2


def test_256_roots_are_followed_in_one_go() -> None:
    device, at = updated()
    root = at.root(IMAGE)
    owner = at.keys(IMAGE, "root")[0]
    for version in range(2, 257):
        root.signed.version = version
        root.signatures.clear()
        root.sign(owner)
        at.files[f"{IMAGE}/{version}.root.json"] = root.to_bytes()
    assert counters(device, at) == {"kws": 2, "vad": 2}
    assert json.loads(device.memory["image"].root)["signed"]["version"] == 256


def test_a_root_that_is_not_signed_enrols_nobody() -> None:
    data = json.loads(world().files[f"{IMAGE}/1.root.json"])
    for wrong in ({**data, "signatures": []}, {"signed": data["signed"]}, data["signed"]):
        with pytest.raises(Refused):
            enrolled(json.dumps(wrong).encode())
    with pytest.raises(Refused):
        enrolled(b"")


def test_a_role_is_checked_in_the_eyes_of_each_delegator() -> None:
    """Two roles delegate to a third with different keys: only one of them signed it."""
    at = world()
    mine, theirs = CryptoSigner.generate_ed25519(), CryptoSigner.generate_ed25519()

    def delegate(key: CryptoSigner) -> Edit:
        def edit(signed: object) -> None:
            role = DelegatedRole("shared", [], 1, terminating=False, paths=["*/*/*"])
            signed.delegations = Delegations({}, {"shared": role})  # type: ignore[attr-defined]
            signed.add_key(key.public_key, "shared")  # type: ignore[attr-defined]

        return edit

    at.ring = {**at.ring, **{s.public_key.keyid: s for s in (mine, theirs)}}
    at.forge(IMAGE, {"kws": delegate(mine), "vad": delegate(theirs)})
    shared = at.load(at.current(IMAGE, "vad"))
    shared.signed.delegations = None
    shared.signed.version = 1
    shared.signed.targets = {f"{n}/9/x": TargetFile.from_data(f"{n}/9/x", b"x", ["sha256"]) for n in ("kws", "vad")}
    shared.signatures.clear()
    shared.sign(mine)
    data = shared.to_bytes()
    at.files[f"{IMAGE}/1.shared.json"] = data
    at.forge(IMAGE, {"snapshot": lambda s: s.meta.__setitem__("shared.json", MetaFile.from_data(1, data, ["sha256"]))})
    memory = enrolled(at.files[f"{IMAGE}/1.root.json"])

    def both(layout: Layout) -> Steps[tuple[bool, str]]:
        repository = yield from refresh(layout, Known(memory), Clock(WALL, 0))
        found = yield from repository.find("kws/9/x")
        try:
            yield from repository.find("vad/9/x")
        except Refused as error:
            return found is not None, error.reason
        return found is not None, ""

    assert run(both(IMAGE_LAYOUT), at.fetch, lambda keep: None) == (True, "signature")


def test_memory_starts_with_a_root_and_nothing_else() -> None:
    data = world().files[f"{IMAGE}/1.root.json"]
    assert enrolled(data) == Memory(root=data)
