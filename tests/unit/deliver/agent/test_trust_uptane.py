"""Uptane's attacks: what each repository, both, or another device's metadata can make a device do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tuf.api.metadata import TargetFile

from attacks import DIRECTOR, IMAGE, ME, OTHER, STRANGER, Device, World, world
from limen.deliver.agent.trust import Identity
from limen.errors import Refused

PATH = "kws/2/full"
Signed = Any


def device(at: World, **more: Any) -> Device:
    return Device(at.files, **more)


def outcome(on: Device, at: World) -> dict[str, str]:
    """line -> the counter that is offered, or why none is."""
    plan = on.check(at)
    return {o.line: str(o.counter) for o in plan.offers} | {line: e.reason for line, e in plan.refused.items()}


def in_custom(path: str, **values: Any) -> Callable[[Signed], None]:
    """Change limen's custom field of a target."""

    def edit(signed: Signed) -> None:
        signed.targets[path].unrecognized_fields["custom"]["limen"].update(values)

    return edit


def as_path(path: str, **values: Any) -> Callable[[Signed], None]:
    """Give the target another path (and custom field)."""

    def edit(signed: Signed) -> None:
        target = signed.targets.pop(PATH)
        target.path = path
        target.unrecognized_fields["custom"]["limen"].update(values)
        signed.targets[path] = target

    return edit


def other_file(signed: Signed) -> None:
    """Another file than the one that was there, with the same custom field."""
    custom = dict(signed.targets[PATH].unrecognized_fields)
    signed.targets[PATH] = TargetFile.from_data(PATH, b"other software", ["sha256"])
    signed.targets[PATH].unrecognized_fields = custom


def one_more(signed: Signed) -> None:
    other = TargetFile.from_dict(signed.targets[PATH].to_dict(), "kws/1/full")
    signed.targets["kws/1/full"] = other


def no_custom(signed: Signed) -> None:
    signed.targets[PATH].unrecognized_fields.clear()


LIES_OF_THE_DIRECTOR = {
    "software of its own": (other_file, "disagree"),
    "a release that does not exist": (as_path("kws/9/full", counter=9), "missing"),
    "a path that is not the counter's": (as_path("kws/1/full"), "disagree"),
    "a release of another line": (as_path("kws/2/full", line="vad"), "disagree"),
    "a delta as a release": (as_path("kws/2/from-0123456789abcdef"), "disagree"),
    "another payload": (in_custom(PATH, payload_sha256="0" * 64), "disagree"),
    "another core": (in_custom(PATH, core_digest="0" * 64), "disagree"),
    "a key for what is not sealed": (in_custom(PATH, wrap="A" * 107 + "="), "disagree"),
    "another device's": (in_custom(PATH, device="dev-2"), "device"),
    "another hardware's": (in_custom(PATH, hardware="rpi5"), "device"),
    "two releases of a line": (one_more, "malformed"),
    "no assignment": (no_custom, "malformed"),
    "an unknown field": (in_custom(PATH, more=1), "malformed"),
    "a counter that is none": (in_custom(PATH, counter=-1), "malformed"),
}


@pytest.mark.parametrize(("lie", "reason"), LIES_OF_THE_DIRECTOR.values(), ids=LIES_OF_THE_DIRECTOR.keys())
def test_the_director_alone_cannot_make_software_genuine(lie: Callable[[Signed], None], reason: str) -> None:
    """All its keys are stolen; the other line is not affected."""
    at = world()
    at.forge(DIRECTOR, {"targets": lie})
    assert outcome(device(at), at) == {"kws": reason, "vad": "2"}


def test_the_director_alone_cannot_go_below_what_ran_here() -> None:
    at = world()
    at.files |= {name: at.old[name] for name in at.old if name.startswith(DIRECTOR)}
    assert outcome(device(at), at) == {"kws": "1", "vad": "1"}
    assert outcome(device(at, floors={"kws": 2}), at) == {"kws": "rollback", "vad": "1"}


def test_the_image_repository_alone_gives_nobody_anything() -> None:
    """Its online keys and a line's key are stolen: a new release is published; nobody is assigned it."""
    at = world()

    def more(signed: Signed) -> None:
        target = TargetFile.from_data("kws/3/full", b"other software", ["sha256"])
        target.unrecognized_fields = dict(signed.targets[PATH].unrecognized_fields)
        signed.targets["kws/3/full"] = target

    at.forge(IMAGE, {"kws": more})
    assert outcome(device(at), at) == {"kws": "2", "vad": "2"}


LIES_OF_THE_IMAGE_REPOSITORY = {
    "other software under the same name": (other_file, "disagree"),
    "another payload": (in_custom(PATH, payload_sha256="1" * 64), "disagree"),
    "another core": (in_custom(PATH, core_digest="1" * 64), "disagree"),
    "another counter": (in_custom(PATH, counter=3), "disagree"),
    "a delta": (in_custom(PATH, kind="delta"), "disagree"),
    "sealed": (in_custom(PATH, sealed=True), "disagree"),
    "for other hardware": (in_custom(PATH, hardware=["mcu"]), "device"),
    "no release": (no_custom, "malformed"),
    "another schema": (in_custom(PATH, schema=2), "malformed"),
    "nothing": (lambda signed: signed.targets.pop(PATH), "missing"),
}


@pytest.mark.parametrize(
    ("lie", "reason"), LIES_OF_THE_IMAGE_REPOSITORY.values(), ids=LIES_OF_THE_IMAGE_REPOSITORY.keys()
)
def test_the_image_repository_alone_cannot_change_what_is_assigned(lie: Callable[[Signed], None], reason: str) -> None:
    at = world()
    at.forge(IMAGE, {"kws": lie})
    assert outcome(device(at), at) == {"kws": reason, "vad": "2"}


def test_a_line_cannot_sign_for_another_line() -> None:
    """The key of vad is stolen, with the online keys: kws is not its to sign."""
    at = world()

    def takes_over(signed: Signed) -> None:
        signed.targets[PATH] = TargetFile.from_data(PATH, b"other software", ["sha256"])

    at.forge(IMAGE, {"vad": takes_over}, held=["vad", "snapshot", "timestamp"])
    assert outcome(device(at), at) == {"kws": "2", "vad": "2"}


def test_both_together_are_bound_by_what_ran_here_and_by_the_hardware() -> None:
    """Every key but the roots' is stolen: other software can be given, but not below the counter that ran."""
    at = world()
    at.forge(IMAGE, {"kws": other_file})
    at.forge(DIRECTOR, {"targets": other_file})
    assert outcome(device(at), at)["kws"] == "2"
    assert outcome(device(at, floors={"kws": 3}), at)["kws"] == "rollback"
    at.forge(IMAGE, {"kws": in_custom(PATH, hardware=["mcu"])})
    assert outcome(device(at), at)["kws"] == "device"


def test_after_new_keys_nothing_that_was_stolen_counts() -> None:
    at = world()
    on = device(at)
    on.check(at)
    stolen = at.copy()
    for folder in (IMAGE, DIRECTOR):
        at.rotate(folder, "targets", "snapshot", "timestamp")
        at.forge(folder, {"targets": lambda signed: None})
    assert outcome(on, at) == {"kws": "2", "vad": "2"}
    stolen.forge(DIRECTOR, {"targets": other_file})
    at.files |= {name: data for name, data in stolen.files.items() if name.startswith(f"{DIRECTOR}/")}
    with pytest.raises(Refused) as caught:
        on.check(at)
    assert caught.value.reason == "signature"


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_another_devices_metadata_is_refused_and_not_remembered(role: str) -> None:
    """Signed by the right keys; newer by far."""
    at = world()
    on = device(at)
    on.check(at)
    before = on.remembers()
    at.forge("director/dev-2", {"targets": lambda signed: None}, bump=100)
    theirs, mine = at.current("director/dev-2", role), at.current(DIRECTOR, role)
    if role == "timestamp":
        at.files |= {n.replace("dev-2", "dev-1"): d for n, d in at.files.items() if n.startswith("director/dev-2/")}
        with pytest.raises(Refused) as caught:
            on.check(at)
        assert on.remembers() == before
    else:
        other = at.load(theirs)
        at.forge(DIRECTOR, {"targets": lambda signed: None}, bump=1)
        mine = at.current(DIRECTOR, role)
        other.signed.version = at.load(mine).signed.version
        at.files[mine] = at.sign(other, DIRECTOR, role, None)
        _names(at, role, mine)
        with pytest.raises(Refused) as caught:
            on.check(at)
    assert caught.value.reason == "device"


def _names(at: World, role: str, name: str) -> None:
    """Sign what names the file again, hash and all."""
    from tuf.api.metadata import MetaFile

    meta = MetaFile.from_data(at.load(name).signed.version, at.files[name], ["sha256"])
    if role == "targets":
        at.forge(DIRECTOR, {"snapshot": lambda signed: signed.meta.__setitem__("targets.json", meta)})
    else:
        at.forge(DIRECTOR, {"timestamp": lambda signed: setattr(signed, "snapshot_meta", meta)})


def test_the_same_metadata_serves_only_the_device_and_the_hardware_it_is_for() -> None:
    at = world()
    assert outcome(device(at, identity=ME), at) == outcome(device(at, identity=OTHER), at) == {"kws": "2", "vad": "2"}
    assert outcome(device(at, identity=Identity("dev-1", "rpi5")), at) == {"kws": "device", "vad": "device"}
    with pytest.raises(Refused) as caught:
        device(at, identity=Identity("dev-3", "rpi4")).check(at)
    assert caught.value.reason == "missing"


@pytest.mark.parametrize("name", ["image/metadata/3.kws.json"])
def test_a_partial_bundle_holds_back_only_what_is_missing(name: str) -> None:
    at = world()
    del at.files[name]
    assert outcome(device(at), at) == {"kws": "missing", "vad": "2"}


def test_replayed_director_metadata_is_refused() -> None:
    at = world()
    on = device(at)
    on.check(at)
    at.files |= {name: data for name, data in at.old.items() if name.startswith(DIRECTOR)}
    with pytest.raises(Refused) as caught:
        on.check(at)
    assert caught.value.reason == "rollback"


def test_metadata_of_one_repository_is_no_metadata_of_the_other() -> None:
    at = world()
    at.files[f"{DIRECTOR}/timestamp.json"] = at.files[f"{IMAGE}/timestamp.json"]
    with pytest.raises(Refused) as caught:
        device(at).check(at)
    assert caught.value.reason == "signature"


def test_deltas_that_do_not_fit_are_not_offered_and_do_no_harm() -> None:
    """The line's key is stolen: a delta of another payload, of another base, sealed otherwise, larger than the file."""
    at = world()
    (path,) = (p for p in at.load(at.current(IMAGE, "kws")).signed.targets if p.startswith("kws/2/from-"))
    base = at.load(at.current(IMAGE, "kws")).signed.targets[path].unrecognized_fields["custom"]["limen"]["base"]
    bases = {"kws": {base["payload_sha256"]}}
    sound = device(at, bases=bases).check(at)
    assert [len(offer.deltas) for offer in sound.offers] == [1, 0]
    lies = [
        in_custom(path, payload_sha256="2" * 64),
        in_custom(path, base={**base, "payload_sha256": "3" * 64}),
        in_custom(path, base=None),
        in_custom(path, kind="full"),
        in_custom(path, sealed=True),
        in_custom(path, nonsense=True),
        lambda signed: setattr(signed.targets[path], "length", 10**9),
        lambda signed: signed.targets.pop(path),
    ]
    for lie in lies:
        forged = at.copy()
        forged.forge(IMAGE, {"kws": lie})
        plan = device(forged, bases=bases).check(forged)
        assert [(o.line, o.counter, len(o.deltas)) for o in plan.offers] == [("kws", 2, 0), ("vad", 2, 0)]


def test_a_stranger_who_holds_no_key_can_only_withhold() -> None:
    """Every file is forged, one at a time: the device is offered what is genuine, or nothing."""
    for folder in (IMAGE, DIRECTOR):
        for name in [n for n in world().files if n.startswith(f"{folder}/") and n.endswith(".json")]:
            at = world()
            changed = at.load(name)
            changed.signed.unrecognized_fields["forged"] = True
            changed.signatures.clear()
            changed.sign(STRANGER)
            at.files[name] = changed.to_bytes()
            on = Device(world().files)
            assert _withheld(on, at) <= {"2", "signature", "mismatch", "endless"}
            assert all("forged" not in str(data) for keep in on.keeps for data in keep.files.values())


def _withheld(on: Device, at: World) -> set[str]:
    try:
        return set(outcome(on, at).values())
    except Refused as error:
        return {error.reason}
