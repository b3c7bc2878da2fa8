"""``limen run`` and ``limen verify``: files in, files out; device half only."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from limen.bundle import Bundle, PublicKey, load_public
from limen.bundle.file import write_atomically
from limen.engines._engine import Array
from limen.engines.golden import Verified, replay, replay_all, require
from limen.engines.session import Session
from limen.errors import DataError, UsageError

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
    path: str | Path,
    engine: str | None = None,
    threads: int = 1,
    exact: bool = False,
    keys: tuple[PublicKey, ...] | None = None,
    check: bool = True,
) -> Session:
    """Open a bundle, check it, and make it ready to run.

    Args:
        path: the .limen file.
        engine: name; None for the bundle's first that is installed.
        threads: for the engine.
        exact: the engine's reference kernels.
        keys: who may have signed it; None accepts any.
        check: replay the golden vectors of the engine first.

    Raises:
        BundleError: not a bundle.
        VerificationError: bytes, signature or golden vectors do not match.
        MissingExtra: the engine is not installed.
    """
    bundle = Bundle.open(path, keys)
    session = Session(bundle, engine, threads, exact)
    if check and not exact:
        entries = [e for e in bundle.manifest.golden if e.engine == session.engine]
        require(tuple(replay(bundle, e, session) for e in entries))
    return session


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
    """
    if threads < 1:
        raise UsageError(f"--threads {threads}: must be 1 or more")
    keys = None if key is None else (load_public(key),)
    with load(path, engine, threads, exact, keys) as session:
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
    feeds = {session.inputs[0]: data.inputs["x"]} if set(data.inputs) == {"x"} else dict(data.inputs)
    if "x" in feeds and "x" not in session.inputs and len(session.inputs) > 1:
        raise DataError("data: key 'x' names no input", f"the model's inputs are: {', '.join(session.inputs)}")
    return session.run(feeds), len(data)


def _npz(arrays: Mapping[str, Array]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{name: np.asarray(a) for name, a in arrays.items()})
    return buffer.getvalue()


def verify_file(path: str | Path, key: str | Path | None = None, engine: str | None = None) -> Verified:
    """Check hashes, signature and golden vectors.

    Raises:
        VerificationError: any of them does not match.
    """
    keys = None if key is None else (load_public(key),)
    return verify(Bundle.open(path, keys), pinned=key is not None, engine=engine)


def verify(bundle: Bundle, pinned: bool = False, engine: str | None = None) -> Verified:
    """Replay the golden vectors of an opened bundle, whose hashes and signatures are checked already.

    Raises:
        VerificationError: a replay does not match.
    """
    replays, absent = replay_all(bundle, engine)
    require(replays)
    signer = bundle.signer
    return Verified(
        "none" if signer is None else "valid",
        bundle.core_digest,
        None if signer is None else signer.key_id,
        pinned,
        replays,
        absent,
    )
