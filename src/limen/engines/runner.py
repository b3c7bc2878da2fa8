"""``limen run`` and ``limen verify``: files in, files out; device half only."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from limen import host
from limen.bundle import Bundle, PublicKey, load_public
from limen.bundle.file import write_atomically
from limen.engines._engine import ENGINES, Array
from limen.engines.golden import Verified, replay_all, replay_session, require
from limen.engines.session import Session
from limen.errors import DataError

_ARRAYS = (".npz", ".csv")


@dataclass(frozen=True)
class Ran:
    """``limen run``."""

    engine: str
    n: int
    outputs: Mapping[str, list[int]]
    answer: Mapping[str, Any] | None = None
    written: str | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def text(self) -> str:
        lines = [f"{self.n} run(s) on {self.engine}"]
        if self.answer is not None:
            lines.append(f"{self.answer['label']}  {self.answer['probability']:.4f}")
        lines += [f"{name}: {shape}" for name, shape in self.outputs.items()]
        if self.written:
            lines.append(self.written)
        return "\n".join(lines)


def load(
    path: str | Path | bytes,
    engine: str | None = None,
    threads: int = 1,
    exact: bool = False,
    keys: Sequence[PublicKey] | None = None,
    check: bool = True,
    cache: str | Path | None = None,
) -> Session:
    """Open a bundle, check it, and make it ready to run.

    Args:
        path: the .limen file, or its bytes.
        engine: name; None for the bundle's first that is installed.
        threads: for the engine.
        exact: kernels that are exact to the bit.
        keys: who may have signed it; None accepts any.
        check: replay the golden vectors first.
        cache: a folder that remembers which bundle was replayed on which engine and processor; a replay that
            succeeded there is not repeated. Hashes and signatures are checked every time.

    Raises:
        BundleError: not a bundle.
        VerificationError: bytes, signature or golden vectors do not match.
        MissingExtra: the engine is not installed.
        Unsupported: the engine has no exact kernels.
    """
    session = Session(Bundle.open(path, keys), engine, threads, exact)
    try:
        if check:
            _replay_once(session, None if cache is None else Path(cache))
    except BaseException:
        session.close()
        raise
    return session


def _replay_once(session: Session, cache: Path | None) -> None:
    mark = None if cache is None else cache / _circumstances(session)
    if mark is not None and mark.exists():
        return
    require(replay_session(session))
    if mark is not None:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()


def _circumstances(session: Session) -> str:
    """A file name that changes whenever a replay could turn out otherwise."""
    machine = host.read_host()
    facts = (
        session.bundle.core_digest,
        session.engine,
        str(ENGINES.get(session.engine).version()),
        f"{session.exact} {session.threads} {np.__version__}",
        f"{machine.machine} {machine.processor} {machine.features} {machine.system}",
    )
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def run_file(
    path: str | Path,
    source: str | Path,
    output: str | Path | None = None,
    engine: str | None = None,
    exact: bool = False,
    threads: int = 1,
    key: str | Path | None = None,
) -> Ran:
    """Run a bundle on a file of inputs; write the outputs as .npz by the source model's names.

    Raises:
        DataError: the inputs do not fit.
        UsageError: threads below 1.
        and what ``load`` raises.
    """
    keys = None if key is None else (load_public(key),)
    with load(path, engine, threads, exact, keys) as session:
        return run_session(session, source, output)


def run_session(session: Session, source: str | Path, output: str | Path | None = None) -> Ran:
    """``run_file`` with a session that is open."""
    source = Path(source)
    if source.suffix.lower() in _ARRAYS:
        outputs, count = _run_arrays(session, source)
        answer = None
    else:
        if not source.is_file():
            raise DataError(f"{source}: does not exist")
        found = session.predict(source)
        outputs, count = dict(found.outputs), 1
        answer = {"index": found.index, "label": found.label, "probability": found.probability}
    if output is not None:
        write_atomically(Path(output), _npz(outputs))
    shapes = {name: list(value.shape) for name, value in outputs.items()}
    return Ran(session.engine, count, shapes, answer, None if output is None else str(output))


def _run_arrays(session: Session, source: Path) -> tuple[dict[str, Array], int]:
    from limen.data import load_data

    data = load_data(source)
    return session.run(data.bind(session.bundle.manifest.inputs)), len(data)


def _npz(arrays: Mapping[str, Array]) -> bytes:
    """An .npz; unlike ``numpy.savez`` it takes any name, also ``file``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)
    return buffer.getvalue()


def verify_file(path: str | Path, key: str | Path | None = None, engine: str | None = None) -> Verified:
    """Check hashes, signature and golden vectors.

    Raises:
        VerificationError: any of them does not match.
    """
    keys = None if key is None else (load_public(key),)
    return verify(Bundle.open(path, keys), pinned=key is not None, engine=engine)


def verify(bundle: Bundle, pinned: bool = False, engine: str | None = None) -> Verified:
    """Replay the golden vectors of an opened bundle, whose hashes and signatures are checked already; read its steps.

    Args:
        bundle: opened.
        pinned: the caller has checked the signer against keys it trusts.
        engine: replay on this one only.

    Raises:
        BundleError: the steps or labels cannot be read, or the engine asked for recorded nothing.
        VerificationError: a replay does not match.
    """
    bundle.describe()
    replays, absent = replay_all(bundle, engine)
    require(replays)
    signer = bundle.signer
    return Verified(
        "none" if signer is None else "valid",
        bundle.core_digest,
        None if signer is None else signer.key_id,
        pinned or bundle.pinned,
        replays,
        absent,
    )
