"""Who may sign what: a repository is made, keys are added and revoked, roots are signed by several hands.

A role is named ``targets``, ``snapshot``, ``timestamp`` or ``root`` (of the image repository), by its line, or with
``director/`` in front. A changed root is staged (``private/staged``) until enough keys of the old and of the new root
have signed it and the keys of the roles that it changes are at hand; then it is published together with what those
roles sign again, so that the public files are consistent at every time.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from securesystemslib.signer import Key
from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import DelegatedRole, Delegations, Metadata, Root, Targets
from tuf.api.serialization import DeserializationError

from limen.deliver import formats
from limen.deliver.repository import metadata as md
from limen.deliver.repository.keys import Ring
from limen.deliver.repository.workspace import Workspace
from limen.errors import BadInput, UsageError

REPOSITORIES = ("image", "director")


@dataclass(frozen=True)
class Progress:
    """How far a change has come.

    Args:
        role: whose keys change.
        published: it is in force.
        root_version: of the root that is in force or waits.
        waits_for: role -> key ids of which more must sign.
    """

    role: str
    published: bool
    root_version: int = 0
    waits_for: Mapping[str, tuple[str, ...]] | None = None


def split(role: str) -> tuple[str, str]:
    """``director/targets`` -> (director, targets); the image repository needs no prefix.

    Raises:
        UsageError: there is no such role.
    """
    repository, slash, name = role.rpartition("/")
    repository = repository if slash else "image"
    if repository not in REPOSITORIES or (repository == "director" and name not in md.TOP):
        raise UsageError(f"role {role!r} is not known", "root, targets, snapshot, timestamp, LINE, or director/ROLE")
    return repository, name if name in md.TOP else formats.check_line(name)


def place_of(repository: str) -> md.Place:
    """Where the roots of a repository are."""
    return md.IMAGE if repository == "image" else md.Place("director", "director")


def start(ws: Workspace, repository: str, root: Metadata[Root], ring: Ring, now: datetime) -> Progress:
    """Stage the first root of a repository, and publish it if enough keys are at hand."""
    _stage(ws, repository, root)
    return sign_root(ws, repository, ring, now)


def change(
    ws: Workspace,
    role: str,
    ring: Ring,
    now: datetime,
    add: Sequence[Key] = (),
    remove: Sequence[str] = (),
    threshold: int | None = None,
) -> Progress:
    """Give a role keys, take keys from it, set its threshold.

    Args:
        role: see the module.
        remove: key ids, or unique beginnings of them.

    Raises:
        UsageError: there is no such role or key, too few keys would be left, or a key is not at hand.
    """
    repository, name = split(role)
    if name not in md.TOP:
        return _change_line(ws, name, ring, now, add, remove, threshold)
    require_settled(ws, role)
    root = md.load_root(ws.public, place_of(repository))
    _edit(root.signed, name, add, remove, threshold)
    md.renew(root, ws.lifetimes.of("root"), now)
    _stage(ws, repository, root)
    return replace(sign_root(ws, repository, ring, now), role=role)


def require_settled(ws: Workspace, role: str) -> None:
    """Refuse to change a root while another change of it waits.

    Raises:
        UsageError: one waits.
    """
    repository, name = split(role)
    if name in md.TOP and _staged(ws, repository) is not None:
        raise UsageError(f"{repository}: a root waits for signatures", "limen repo sign DIR, or sign DIR --discard")


def sign_root(ws: Workspace, repository: str, ring: Ring, now: datetime) -> Progress:
    """Add the signatures of the keys at hand to the root that waits; publish it when nothing is missing.

    Raises:
        UsageError: no root waits, or the keys of roles that must sign again are not at hand.
    """
    root = _staged(ws, repository)
    if root is None:
        raise UsageError(f"{repository}: no root waits for signatures")
    place = place_of(repository)
    before = _previous(ws, place, root)
    judges = [r.signed for r in (before, root) if r is not None]
    wanted = {key for judge in judges for key in judge.roles["root"].keyids}
    for key in sorted((wanted & set(ring)) - set(root.signatures)):
        root.sign(ring[key], append=True)
    _stage(ws, repository, root)
    waits = _waits_for(root, judges)
    if waits:
        return Progress("root", False, root.signed.version, waits)
    _publish_root(ws, place, root, before, ring, now)
    discard(ws, repository)
    return Progress("root", True, root.signed.version)


def discard(ws: Workspace, repository: str) -> None:
    """Forget the root that waits for signatures."""
    (ws.private / f"staged/{repository}.json").unlink(missing_ok=True)


def staged_version(ws: Workspace, repository: str) -> int | None:
    """Version of the root that waits for signatures."""
    root = _staged(ws, repository)
    return None if root is None else root.signed.version


def add_line(current: md.Current, line: str, keys: Sequence[Key], threshold: int) -> Targets:
    """The top-level targets with one more line delegated to these keys; not signed yet.

    Raises:
        UsageError: the threshold cannot be reached.
    """
    formats.check_line(line)
    top = copy.deepcopy(current.top)
    if top.delegations is None:
        top.delegations = Delegations({}, {})
    assert top.delegations.roles is not None
    top.delegations.roles[line] = DelegatedRole(line, [], 1, terminating=True, paths=[f"{line}/*/*"])
    _edit(top, line, keys, (), threshold)
    return top


def key_ids(ws: Workspace, role: str) -> tuple[str, ...]:
    """Ids of the keys that a role has.

    Raises:
        UsageError: there is no such role.
    """
    repository, name = split(role)
    root = md.load_root(ws.public, place_of(repository))
    if name in md.TOP:
        return tuple(root.signed.roles[name].keyids)
    current = md.load(ws.public, md.IMAGE, root)
    if name not in lines(current):
        raise UsageError(f"line {name!r} is not known", f"limen repo add-key DIR {name}")
    return tuple(current.top.get_delegated_role(name).keyids)


def assigned(ws: Workspace, device: str) -> dict[str, int]:
    """line -> counter of what a device gets."""
    place = md.director(device)
    current = md.load(ws.public, place, md.load_root(ws.public, place))
    return {path.split("/")[0]: int(path.split("/")[1]) for path in sorted(current.top.targets)}


def lines(current: md.Current) -> tuple[str, ...]:
    """Names of the delegated lines."""
    delegations = current.top.delegations
    return () if delegations is None or delegations.roles is None else tuple(delegations.roles)


def _change_line(
    ws: Workspace,
    line: str,
    ring: Ring,
    now: datetime,
    add: Sequence[Key],
    remove: Sequence[str],
    threshold: int | None,
) -> Progress:
    current = md.load(ws.public, md.IMAGE, md.load_root(ws.public, md.IMAGE))
    if line in lines(current):
        top = copy.deepcopy(current.top)
        _edit(top, line, add, remove, threshold)
    else:
        top = add_line(current, line, add, threshold or 1)
    top_metadata = Metadata(top, current.targets["targets"].signatures)
    changed = {"targets": top_metadata, line: current.targets.get(line, Metadata(Targets()))}
    ws.publish(md.release(current, changed, ring, ws.lifetimes, now))
    return Progress(line, True)


def _edit(signed: Root | Targets, role: str, add: Sequence[Key], remove: Sequence[str], threshold: int | None) -> None:
    terms = signed.get_delegated_role(role)
    for beginning in remove:
        found = [key for key in terms.keyids if key.startswith(beginning)] if beginning else []
        if len(found) != 1:
            raise UsageError(f"{role}: {len(found)} of its keys begin with {beginning!r}", _key_list(terms.keyids))
        signed.revoke_key(found[0], role)
    for key in add:
        signed.add_key(key, role)
    if threshold is not None:
        terms.threshold = threshold
    md.check_threshold(role, len(terms.keyids), terms.threshold)


def _key_list(keys: Sequence[str]) -> str:
    return "it has " + ", ".join(key[:12] for key in keys)


def _staged(ws: Workspace, repository: str) -> Metadata[Root] | None:
    data = ws.kept(f"staged/{repository}.json")
    if data is None:
        return None
    try:
        return Metadata[Root].from_bytes(data)
    except DeserializationError as error:
        raise BadInput(f"staged root of {repository}: cannot be read: {error}") from error


def _stage(ws: Workspace, repository: str, root: Metadata[Root]) -> None:
    ws.keep(f"staged/{repository}.json", md.encode(root))


def _previous(ws: Workspace, place: md.Place, root: Metadata[Root]) -> Metadata[Root] | None:
    """The root that this one follows; the one published, even where a cut left this one published as well."""
    if root.signed.version == 1:
        return None
    return md.read(ws.public, f"{place.roots}/{root.signed.version - 1}.root.json", Root)


def _waits_for(root: Metadata[Root], judges: Sequence[Root]) -> dict[str, tuple[str, ...]]:
    waits = {}
    for judge in judges:
        try:
            judge.verify_delegate("root", root.signed_bytes, root.signatures)
        except UnsignedMetadataError:
            missing = tuple(key for key in judge.roles["root"].keyids if key not in root.signatures)
            waits[f"root version {judge.version}"] = missing
    return waits


def _publish_root(
    ws: Workspace, place: md.Place, root: Metadata[Root], before: Metadata[Root] | None, ring: Ring, now: datetime
) -> None:
    files: md.Files = {}
    for each in _places(ws, place):
        current = md.load(ws.public, each, root, before)
        files.update(_signed_again(ws, current, before, ring, now))
    ws.publish({f"{place.roots}/{root.signed.version}.root.json": md.encode(root), **files})


def _places(ws: Workspace, place: md.Place) -> list[md.Place]:
    if place == md.IMAGE:
        return [md.IMAGE]
    return [md.director(name) for name in sorted(ws.public.folders("director"))]


def _signed_again(
    ws: Workspace, current: md.Current, before: Metadata[Root] | None, ring: Ring, now: datetime
) -> md.Files:
    """What the roles whose terms changed have to sign anew."""
    if before is None or not current.targets:
        return _first(ws, current, ring, now) if current.place == md.IMAGE else {}
    old, new = before.signed, current.root.signed
    moved = {role for role in md.TOP if set(old.roles[role].keyids) != set(new.roles[role].keyids)
             or old.roles[role].threshold != new.roles[role].threshold}  # fmt: skip
    if "targets" in moved:
        return md.release(current, {"targets": current.targets["targets"]}, ring, ws.lifetimes, now)
    if "snapshot" in moved:
        return md.release(current, {}, ring, ws.lifetimes, now)
    return md.stamp(current, None, ring, ws.lifetimes, now) if "timestamp" in moved else {}


def _first(ws: Workspace, current: md.Current, ring: Ring, now: datetime) -> md.Files:
    return md.release(current, {"targets": Metadata(Targets())}, ring, ws.lifetimes, now)
