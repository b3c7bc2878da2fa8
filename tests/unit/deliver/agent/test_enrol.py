"""A device is made once, is known by its own keys, and is known no more when it was revoked."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from agent_devices import DEVICE, HARDWARE
from agent_server import Running, serving
from limen.deliver import formats
from limen.deliver.agent import enrol, reports
from limen.deliver.agent import settings as st
from limen.deliver.agent import store as stores
from limen.deliver.agent.keys import FileKeys, new_secret
from limen.deliver.agent.places import Folder, Place, open_place
from limen.deliver.agent.records import LineState, Slot, State
from limen.deliver.agent.settings import Settings
from limen.deliver.agent.store import Store
from limen.deliver.repository import authority
from limen.deliver.repository.metadata import now_utc
from limen.errors import Refused, StoreError, Unreachable, UsageError, VerificationError
from small_repository import Repository, new_repository

SETTINGS = Settings(DEVICE, HARDWARE)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    made = new_repository(tmp_path_factory.mktemp("repository") / "fleet")
    made.assign()
    return made


@pytest.fixture(scope="module")
def server(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(repository, tmp_path_factory.mktemp("server"), tls=True) as running:
        yield running


def made(repository: Repository, path: Path, settings: Settings = SETTINGS, ca: Path | None = None) -> Store:
    roots = enrol.read_roots(Folder(repository.public))
    return enrol.make(path, settings, roots, None if ca is None else ca.read_bytes())


def token(repository: Repository) -> str:
    return authority.new_token(repository.ws, DEVICE, HARDWARE, now_utc())


def places(store: Store, server: Running) -> list[Place]:
    return [open_place(server.url, st.net(store, st.load(store)))]


@pytest.fixture
def device(repository: Repository, server: Running, tmp_path: Path) -> Iterator[Store]:
    """Enrolled, with a certificate."""
    with made(repository, tmp_path / "store", ca=server.ca) as store:
        until = enrol.ask(store, SETTINGS, places(store, server), token(repository))
        assert until > datetime.now(UTC) + timedelta(days=80)
        yield store


def test_a_device_enrols_by_a_token_and_reports_by_its_certificate(
    repository: Repository, server: Running, device: Store
) -> None:
    known = authority.enrolled(repository.ws, DEVICE)
    assert known is not None
    assert known.seal_key == st.open_keys(device, SETTINGS).public().hex()
    report = reports.make(device.state, SETTINGS, {}, "all is well")
    assert reports.send(device, SETTINGS, places(device, server), report) == 204
    kept = formats.parse((server.reports / f"{DEVICE}.json").read_bytes(), formats.DeviceReport, "report")
    assert kept == report


def test_metadata_and_targets_come_over_mutual_tls_only_to_who_enrolled(
    repository: Repository, server: Running, device: Store, tmp_path: Path
) -> None:
    (place,) = places(device, server)
    assert place.read("image/metadata/timestamp.json", 1 << 20) == repository.file("image/metadata/timestamp.json")
    with made(repository, tmp_path / "stranger", ca=server.ca) as stranger:
        (other,) = places(stranger, server)
        assert other.read("image/metadata/timestamp.json", 1 << 20) is None  # 403
    with made(repository, tmp_path / "trusting") as careless, pytest.raises(Unreachable):
        places(careless, server)[0].read("image/metadata/timestamp.json", 1 << 20)  # an unknown authority


def test_a_certificate_is_renewed_when_little_of_its_life_is_left(
    repository: Repository, server: Running, device: Store
) -> None:
    before = device.secret(st.CLIENT_CERTIFICATE)
    assert not enrol.is_to_be_renewed(device)
    assert enrol.is_to_be_renewed(device, datetime.now(UTC) + timedelta(days=61))
    enrol.ask(device, SETTINGS, places(device, server))
    assert device.secret(st.CLIENT_CERTIFICATE) != before
    report = reports.make(device.state, SETTINGS, {}, "")
    assert reports.send(device, SETTINGS, places(device, server), report) == 204


def test_a_revoked_device_is_let_in_no_more(repository: Repository, server: Running, device: Store) -> None:
    asked = places(device, server)
    authority.revoke(repository.ws, DEVICE, now_utc())
    assert asked[0].read("image/metadata/timestamp.json", 1 << 20) is None
    with pytest.raises(VerificationError):
        enrol.ask(device, SETTINGS, asked)
    assert reports.send(device, SETTINGS, asked, reports.make(device.state, SETTINGS, {}, "")) == 403
    enrol.ask(device, SETTINGS, asked, token(repository))  # and is taken back
    assert places(device, server)[0].read("image/metadata/timestamp.json", 1 << 20) is not None


def test_a_token_is_good_once_and_for_one_device(repository: Repository, server: Running, tmp_path: Path) -> None:
    once = token(repository)
    with made(repository, tmp_path / "a", ca=server.ca) as store:
        enrol.ask(store, SETTINGS, places(store, server), once)
        with pytest.raises(VerificationError, match="401"):
            enrol.ask(store, SETTINGS, places(store, server), once)
    other = Settings("dev-2", HARDWARE)
    with made(repository, tmp_path / "b", other, server.ca) as store, pytest.raises(VerificationError, match="401"):
        enrol.ask(store, other, places(store, server), token(repository))


def test_secrets_are_for_the_owner_only(device: Store) -> None:
    assert device.path is not None
    files = [f for f in device.path.rglob("*") if f.is_file()]
    assert len(files) > 5
    assert all(stat.S_IMODE(f.stat().st_mode) & 0o077 == 0 for f in files)
    assert all(stat.S_IMODE(f.stat().st_mode) & 0o077 == 0 for f in device.path.iterdir() if f.is_dir())


def test_enrolling_twice_keeps_the_keys_and_a_device_is_not_made_twice(repository: Repository, tmp_path: Path) -> None:
    with made(repository, tmp_path / "store") as store:
        before = st.open_keys(store, SETTINGS).public()
        enrol.complete(store, msgspec.structs.replace(SETTINGS, threads=2))
        assert st.open_keys(store, SETTINGS).public() == before
        assert st.load(store).threads == 2
    with pytest.raises(StoreError):
        made(repository, tmp_path / "store")


def test_a_key_file_elsewhere_is_made_read_and_must_be_private(repository: Repository, tmp_path: Path) -> None:
    file = tmp_path / "token"
    settings = msgspec.structs.replace(SETTINGS, key_file=str(file))
    with made(repository, tmp_path / "store", settings) as store:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert store.secret(st.DEVICE_KEY) is None
        assert isinstance(st.open_keys(store, settings), FileKeys)
        file.chmod(0o640)
        with pytest.raises(StoreError, match="others"):
            st.open_keys(store, settings)
        file.unlink()
        with pytest.raises(StoreError):
            st.open_keys(store, settings)


class Token:
    """Stands for a TPM: the secret is not in the store."""

    secret = new_secret()


def token_keys(settings: Settings) -> FileKeys:
    assert settings.device == DEVICE
    return FileKeys(Token.secret)


def test_a_hook_holds_the_key_instead_of_a_file(repository: Repository, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(SETTINGS, keys=f"{__name__}:token_keys")
    with made(repository, tmp_path / "store", settings) as store:
        assert store.secret(st.DEVICE_KEY) is None
        assert st.open_keys(store, settings).public() == FileKeys(Token.secret).public()
    wrong = msgspec.structs.replace(SETTINGS, keys="no_such_module:f")
    with pytest.raises(UsageError):
        st.open_keys(store, wrong)


def test_roots_that_are_none_make_no_device(repository: Repository, tmp_path: Path) -> None:
    good = enrol.read_roots(Folder(repository.public))
    for roots in ((b"{}", good[1]), (good[0], good[1].replace(b"root", b"rood")), (good[0], b"")):
        with pytest.raises(Refused):
            enrol.make(tmp_path / "store", SETTINGS, roots)
    assert not (tmp_path / "store" / "state.a").exists()
    with pytest.raises(Unreachable):
        enrol.read_roots(Folder(tmp_path))


def test_without_a_server_nobody_is_asked(repository: Repository, tmp_path: Path) -> None:
    with made(repository, tmp_path / "store") as store:
        with pytest.raises(UsageError):
            enrol.ask(store, SETTINGS, [Folder(repository.public)], "token")
        report = reports.make(store.state, SETTINGS, {}, "")
        assert reports.send(store, SETTINGS, [Folder(repository.public)], report) is None


def test_settings_out_of_bounds_are_refused() -> None:
    for change in ({"device": "a b"}, {"strikes": 0}, {"threads": 0}, {"windows": ("2-4",)}, {"gate_seconds": -1.0}):
        with pytest.raises(UsageError):
            st.check(msgspec.structs.replace(SETTINGS, **change))


@pytest.mark.parametrize("text", ["02:00-04:30", "sat,sun 22:00-06:00", "mon 00:00-24:00"])
def test_windows_are_read(text: str) -> None:
    found = st.read_window(text)
    assert 0 <= found.start < 1440
    assert found.days == {"0": tuple(range(7)), "s": (5, 6), "m": (0,)}[text[0]]


@pytest.mark.parametrize("text", ["", "2:00-3:00", "02:00", "foo 02:00-03:00", "25:00-26:00", "02:61-03:00"])
def test_windows_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        st.read_window(text)


def test_a_report_tells_what_is_on_its_way_and_what_failed(tmp_path: Path) -> None:
    slot = Slot(1, "1" * 64, 10, "2" * 64, "3" * 64, deployment="wave-1")
    phases = {
        "idle": (LineState(current=slot), 1),
        "staged": (LineState(current=slot, staged=msgspec.structs.replace(slot, counter=2)), 2),
        "failed": (LineState(current=slot, banned={"2": "crashes"}), 2),
    }
    for phase, (line, assigned) in phases.items():
        report = reports.make(State(lines={"kws": line}), SETTINGS, {"kws": assigned}, "x" * 1000)
        assert report.lines["kws"].phase == phase
        assert report.lines["kws"].counter == 1
        assert len(report.problem) == 256
    many = LineState(current=slot, banned={str(n): "bad " * 500 for n in range(2, 200)})
    assert len(msgspec.json.encode(reports.make(State(lines={"kws": many}), SETTINGS, {}, ""))) < 1 << 14


def test_a_store_that_lost_its_settings_says_so(tmp_path: Path) -> None:
    with stores.create(tmp_path / "store", State()) as store, pytest.raises(StoreError, match="enroll"):
        st.load(store)
