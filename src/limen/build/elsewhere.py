"""``limen bench`` and ``limen run`` with ``--on``: the model runs on a real device, figures and answers come here."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from limen import devices
from limen.build.judge import open_any, session_specs
from limen.build.results import Benched
from limen.build.samples import random_data
from limen.bundle import ArtifactEntry, Bundle, load_public
from limen.engines import Session
from limen.engines.runner import Ran, load, run_session
from limen.errors import BadInput, NotMeasurable, UsageError
from limen.importers import ImportOptions
from limen.lab.remote import Elsewhere, RemoteModel, Ssh, connect
from limen.program import Array, binary
from limen.targets.c import generate

_SERVED = (None, "native")
_COPY_SECONDS = 300.0


def bench_there(
    path: str | Path,
    on: str,
    engine: str | None = None,
    threads: int = 1,
    seconds: float = 1.0,
    options: ImportOptions | None = None,
    device: str | None = None,
) -> Benched:
    """Latency on a device: of the code that limen makes for it, or of an engine with the limen that is installed there.

    Args:
        engine: None or ``native`` needs nothing there; another one needs limen there.

    Raises:
        UsageError: several threads of generated code; an engine over a serial line.
        NotMeasurable: the device is not reached, or has no limen.
    """
    if engine not in _SERVED:
        return _bench_engine(Path(path), on, str(engine), threads, seconds)
    if threads != 1:
        raise UsageError(f"threads {threads}: generated code runs on one", "leave out --threads")
    bundle = open_any(path, options, "reference")
    with _session(bundle, on, device) as (session, model, place):
        feeds = random_data(session_specs(session), 1).inputs
        session.run(feeds)
        taken = model.times(model.last, seconds)
    p50, p90, p99 = (float(v) for v in np.percentile(taken, [50, 90, 99]))
    return Benched("native", p50, p90, p99, len(taken), place.busy, 1)


def run_there(
    path: str | Path,
    source: str | Path,
    on: str,
    output: str | Path | None = None,
    key: str | Path | None = None,
    device: str | None = None,
) -> Ran:
    """Run a bundle's model on a device: steps and files are handled here, inference there.

    Raises:
        NotMeasurable: the device is not reached.
        and what ``load`` raises.
    """
    keys = None if key is None else (load_public(key),)
    with load(path, "reference", keys=keys) as checked:
        bundle = checked.bundle
    with _session(bundle, on, device) as (session, _, _):
        return replace(run_session(session, source, output), engine="native")


class _Kept:
    """A served model as an engine's runner; it remembers what it was fed last."""

    def __init__(self, model: RemoteModel) -> None:
        self._model = model
        self.reset, self.close, self.times = model.reset, model.close, model.times
        self.last: dict[str, Array] = {}

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        self.last = dict(feeds)
        return self._model.run(feeds)


@contextmanager
def _session(bundle: Bundle, on: str, device: str | None) -> Iterator[tuple[Session, _Kept, Elsewhere]]:
    """A session whose inference is there."""
    place = connect(on, None if device is None else devices.get(device))
    kept: list[_Kept] = []

    def opener(data: bytes, entry: ArtifactEntry) -> _Kept:
        program = binary.from_bytes(data)
        kept.append(_Kept(place.serve(generate(program, place.device))))
        return kept[0]

    with Session(bundle, "reference", opener=opener) as session:
        yield session, kept[0], place


def _bench_engine(path: Path, on: str, engine: str, threads: int, seconds: float) -> Benched:
    """The same command on the device."""
    there = Ssh.parse(on)
    if not path.is_file():
        raise BadInput(f"{path}: does not exist")
    options = shlex.join(["--engine", engine, "--threads", str(threads), "--seconds", f"{seconds:g}", "--json"])
    script = (
        "command -v limen >/dev/null || { echo 'no limen there: pip install limen' >&2; exit 127; }; "
        f'd=$(mktemp -d) && trap \'rm -rf "$d"\' EXIT && cat > "$d/model{path.suffix}" && '
        f'limen bench "$d/model{path.suffix}" {options}'
    )
    said = there.execute(script, path.read_bytes(), _COPY_SECONDS + seconds)
    try:
        found = json.loads(said.decode().strip().split("\n")[-1])
        return Benched(**{name: found[name] for name in Benched.__dataclass_fields__})
    except (ValueError, KeyError, TypeError):
        raise NotMeasurable(f"{on}: its limen answers {said[-200:]!r}", "is it the same version?") from None
