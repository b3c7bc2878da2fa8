"""Both repositories together (Uptane, full verification): what this device is to install, and may.

The director alone can choose among what is genuine; the image repository alone can make something genuine, and cannot
give it to anybody. Both must say the same of path, length, hashes, line, counter, payload and core.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tuf.api.metadata import TargetFile

from limen.deliver import formats
from limen.deliver.agent.clock import Clock
from limen.deliver.agent.trust import IMAGE, Identity, Known, Offer, Plan, Source, Steps, director
from limen.deliver.agent.trust_tuf import Repository, refresh
from limen.errors import BadInput, Refused

TARGETS = "image/targets"
CUSTOM = "custom"


def check(
    identity: Identity,
    image: Known,
    director_known: Known,
    floors: Mapping[str, int],
    bases: Mapping[str, Collection[str]],
    clock: Clock,
) -> Steps[Plan]:
    """Bring both repositories up to date and judge every assignment.

    Args:
        floors: line -> lowest counter that may be installed.
        bases: line -> sha256 of the payloads that are whole on this device: deltas from them are offered.

    Raises:
        Refused: one of the repositories is not trusted; nothing is offered then.
    """
    told = yield from refresh(director(identity.device), director_known, clock)
    genuine = yield from refresh(IMAGE, image, clock)
    by_line: dict[str, list[TargetFile]] = {}
    for path, target in sorted(told.targets.targets.items()):
        by_line.setdefault(path.split("/")[0], []).append(target)
    offers, refused = [], {}
    for line, targets in by_line.items():
        try:
            assignment = _assignment(identity, line, targets, floors.get(line, 0))
            offers.append((yield from _offer(genuine, assignment, targets[0], identity, bases.get(line, ()))))
        except Refused as error:
            refused[line] = error
    return Plan(tuple(offers), refused, genuine.now.timestamp())


def _assignment(identity: Identity, line: str, targets: list[TargetFile], floor: int) -> formats.Assignment:
    """What the director says, if it is meant for this device."""
    where = f"director: {targets[0].path[:160]}"
    if len(targets) > 1:
        raise Refused("malformed", f"{where}: is not the only release of its line")
    found = _record(targets[0], formats.Assignment, where)
    if found.device != identity.device or found.hardware != identity.hardware:
        raise Refused("device", f"{where}: is for {found.device}, a {found.hardware}")
    if targets[0].path != formats.full_path(found.line, found.counter) or found.line != line:
        raise Refused("disagree", f"{where}: assigns {found.line} {found.counter}")
    if found.counter < floor:
        raise Refused(
            "rollback", f"{where}: is older than {floor}, which ran here", "publish it again as a new release"
        )
    return found


def _offer(
    image: Repository, assignment: formats.Assignment, told: TargetFile, identity: Identity, bases: Collection[str]
) -> Steps[Offer]:
    path = told.path
    genuine = yield from image.find(path)
    if genuine is None:
        raise Refused("missing", f"image: {path}: there is no such release")
    if genuine.length != told.length or genuine.hashes != told.hashes:
        raise Refused("disagree", f"image: {path}: is another file than the director's")
    full = _source(image, genuine)
    _require_same(assignment, full.release, identity, path)
    deltas = []
    for base in sorted(bases):
        delta = yield from _delta(image, full, base)
        if delta is not None:
            deltas.append(delta)
    return Offer(assignment, full, tuple(sorted(deltas, key=lambda delta: delta.length)))


def _require_same(assignment: formats.Assignment, release: formats.Release, identity: Identity, path: str) -> None:
    names = ("line", "counter", "core_digest", "payload_sha256")
    wrong = [name for name in names if getattr(assignment, name) != getattr(release, name)]
    if release.kind != "full":
        wrong.append("kind")
    if release.sealed != bool(assignment.wrap):
        wrong.append("seal")
    if wrong:
        raise Refused("disagree", f"image: {path}: differs from the director in {', '.join(wrong)}")
    if release.hardware and identity.hardware not in release.hardware:
        raise Refused("device", f"image: {path}: is for {', '.join(release.hardware)[:160]}, not {identity.hardware}")


def _delta(image: Repository, full: Source, base: str) -> Steps[Source | None]:
    """The delta from a payload, if there is one of use. It needs no assignment: what it rebuilds is checked."""
    path = formats.delta_path(full.release.line, full.release.counter, base)
    try:
        found = yield from image.find(path)
        if found is None or found.length >= full.length:
            return None
        delta = _source(image, found)
    except Refused:
        return None
    same = ("line", "counter", "core_digest", "payload_sha256", "payload_size", "sealed")
    fits = all(getattr(delta.release, name) == getattr(full.release, name) for name in same)
    start = delta.release.base
    return delta if fits and delta.release.kind == "delta" and start and start.payload_sha256 == base else None


def _source(image: Repository, target: TargetFile) -> Source:
    where = f"image: {target.path}"
    digest = target.hashes.get("sha256", "")
    if not digest:
        raise Refused("malformed", f"{where}: has no sha256")
    if not 0 < target.length <= 2 * formats.MAX_PAYLOAD:
        raise Refused("malformed", f"{where}: {target.length} bytes cannot be")
    name = formats.file_name(target.path, digest) if image.root.consistent_snapshot else target.path
    release = _record(target, formats.Release, where)
    return Source(target.path, f"{TARGETS}/{name}", target.length, digest, release)


def _record(target: TargetFile, kind: type[formats.R], where: str) -> formats.R:
    try:
        return formats.from_custom(target.unrecognized_fields.get(CUSTOM), kind, where)
    except BadInput as error:
        raise Refused("malformed", error.message[:300]) from error
    except TypeError as error:
        raise Refused("malformed", f"{where}: custom field: {str(error)[:120]}") from error
