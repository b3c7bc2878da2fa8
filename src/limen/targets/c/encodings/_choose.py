"""Which layers are packed, and in which form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from limen.devices import Device
from limen.errors import Unsupported, UsageError
from limen.program import Program
from limen.targets.c._kernel import Site
from limen.targets.c._order import order_nodes
from limen.targets.c._prepare import prepare
from limen.targets.c.encodings._kernels import candidate, forms_for

Pack = Literal["auto", "none", "smallest", "int4", "int3", "palette", "huffman", "sparse"]
PACKS: tuple[Pack, ...] = ("auto", "none", "smallest", "int4", "int3", "palette", "huffman", "sparse")

_PORTABLE = 2
"""Instructions per multiply-accumulate by which portable C is slower than the kernels it takes the place of, about."""


@dataclass(frozen=True)
class Choice:
    """One layer in one form.

    Args:
        layer: first output of its node.
        form: of its weights.
        plain, packed: bytes of its weights.
        cost: further instructions of one inference, about; for the order among layers only.
    """

    layer: str
    form: str
    plain: int
    packed: int
    cost: int

    @property
    def saved(self) -> int:
        return self.plain - self.packed


def choose(program: Program, device: Device, pack: str) -> tuple[Choice, ...]:
    """Every layer that a form makes smaller, the cheapest bytes first.

    Args:
        pack: a form; ``smallest`` for each layer's smallest; ``auto`` for the one whose bytes cost each layer least.

    Raises:
        UsageError: no such form.
        Unsupported: a form is asked for that makes no layer smaller.
    """
    if pack not in PACKS:
        raise UsageError(f"--pack {pack}: there is no such form", f"choose from {', '.join(PACKS)}")
    program = order_nodes(prepare(program.check()))
    found = []
    for node in program.nodes:
        site = Site("layer", node, program.operands(node), device=device)
        choice = _choice(site, pack)
        if choice is not None:
            found.append(choice)
    if not found and pack not in ("auto", "none"):
        raise Unsupported(
            f"{program.name}: --pack {pack} makes no layer's weights smaller",
            "quantise the weights to fewer bits or values first, or use --pack auto",
        )
    return tuple(sorted(found, key=lambda c: (c.cost / c.saved, c.layer)))


def _choice(site: Site, pack: str) -> Choice | None:
    numbers = candidate(site) if pack != "none" else None
    if numbers is None:
        return None
    plain, macs = int(numbers.weights.nbytes), site.op.cost(site.operands).macs
    found = [
        Choice(site.node.outputs[0], made.form, plain, made.nbytes, made.cost * plain + _PORTABLE * macs)
        for made in forms_for(site)
        if pack in ("auto", "smallest", made.form)
    ]
    rank = (lambda c: c.packed) if pack == "smallest" else (lambda c: c.cost / c.saved)
    return min(found, key=rank, default=None)


def forms_of(choices: Sequence[Choice]) -> dict[str, str]:
    """What ``generate`` takes."""
    return {c.layer: c.form for c in choices}


def asked_forms(program: Program, device: Device, pack: str) -> dict[str, str]:
    """What ``generate`` takes for a form that is asked for; nothing for ``auto`` and ``none``.

    Raises:
        UsageError, Unsupported: as ``choose``.
    """
    return {} if pack in ("auto", "none") else forms_of(choose(program, device, pack))


def enough(choices: Sequence[Choice], needed: int) -> tuple[Choice, ...]:
    """The first choices that save so many bytes, all of them where they do not."""
    saved, count = 0, 0
    while count < len(choices) and saved < needed:
        saved += choices[count].saved
        count += 1
    return tuple(choices[:count])
