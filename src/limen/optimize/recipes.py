"""Recipe names are a language; this is its decoder.

::

    float32                      nothing is quantised
    float16                      weights stored as float16, computed in float32
    dynamic_wi8_afp32            int8 weights, float activations quantised per run by the engine
    static_wi8_ai8               int8 weights per channel, int8 activations, int32 bias; ranges from calibration data
    static_wi8_ai16              int8 weights per channel, int16 activations, int64 bias
    static_wi8_ai8_pt            weights per tensor
    static_wi8_ai8_p99.99        ranges cover the central 99.99 % of the values instead of all
    static_wi8_ai8_mse           ranges of least mean squared error instead of all values
    static_wi8_ai8_mse_bc        biases take back the mean shift that rounding the weights makes
    static_wi8_ai8_mse_bc_cle    channels of a tensor are rescaled to use the same share of its range
    static_wi8_ai8_mse_bc_sbc    biases corrected layer by layer, on what the quantised layers before really give
    static_wi8_ai8_mse_bc_gptq   weights rounded layer by layer in second order, biases likewise
    static_wi8_ai8_mse_bc_sqnr30 the few nodes stay in float that every output needs for 30 dB of signal to noise

    mixed_wi8_ai8                multiplications that pay for it in int8 with real results, the rest in float16 weights
    mixed_wi8_ai8_s2             the same; the two inputs that cost most fidelity are read in 16 bits

    pruned50                     channels and attention heads are removed until half of the multiplications are left
    pruned50x8                   the same; what is left of a layer is a multiple of 8, as vector units like it
    sparse70                     70 % of the weights of dense layers are zero
    sparse2of4                   two of four neighbours are zero
    palette4                     the weights of a dense layer take 16 values, times a scale for each output
    rank50                       layers become two of lower rank: half of all ranks is left
    pruned50x8_palette4_int8     any recipe after these, in the order pruned, rank, sparse or palette

The words combine, in the order bc, cle, sbc, gptq, full, sqnr; full tries second-order rounding on large Programs too.
cle, sbc and gptq are guarded: each is kept only if the error at the outputs, on samples held out, falls.

cle and gptq set weights anew: they do not follow sparse or palette. Zeros and palettes take less where weights are
packed (target c: ``--pack``) or files compressed, and are storage only elsewhere: no kernel is faster by them.

The contract's ``--quantize`` values are shorthands: int8, int8-best, int16x8, float16, none, dynamic, mixed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Literal

from limen.errors import UsageError
from limen.optimize.ranges import Method
from limen.optimize.schemes import Scheme
from limen.registry import suggest

Kind = Literal["float32", "float16", "dynamic", "static", "mixed"]
SHORTHANDS = {
    "int8": "static_wi8_ai8_mse_bc",
    "int8-best": "static_wi8_ai8_mse_bc_cle_sbc_gptq_full",
    "int16x8": "static_wi8_ai16_bc",
    "float16": "float16",
    "none": "float32",
    "dynamic": "dynamic_wi8_afp32",
    "mixed": "mixed_wi8_ai8",
    "int8-mixed": "static_wi8_ai8_mse_bc_sqnr30",
}
Kinds = Literal["pruned", "rank", "sparse", "sparse2of4", "palette"]
ORDER: tuple[tuple[Kinds, ...], ...] = (("pruned",), ("rank",), ("sparse", "sparse2of4", "palette"))
_CHANGES: tuple[tuple[Kinds, re.Pattern[str]], ...] = (
    ("pruned", re.compile(r"pruned([1-9]\d?)(?:x([1-9]\d?))?$")),
    ("rank", re.compile(r"rank([1-9]\d?)$")),
    ("sparse2of4", re.compile(r"sparse2of4$")),
    ("sparse", re.compile(r"sparse([1-9]\d?)$")),
    ("palette", re.compile(r"palette([2-6])$")),
)
_MIXED = re.compile(r"mixed_wi8_ai8(?:_s(\d+))?$")
SEARCHED = (
    "none",
    "float16",
    "dynamic",
    "int8",
    "int8-best",
    "int16x8",
    "int8-mixed",
    "mixed",
    "mixed_wi8_ai8_s2",
    "mixed_wi8_ai8_s4",
    "pruned25x8",
    "pruned50x8",
    "pruned25x8_int8",
    "pruned50x8_int8",
)
"""What the budget search tries, in this order; each is judged on every engine that can run it."""
_STATIC = re.compile(
    r"static_wi8_ai(8|16)(_pt)?(?:_p(\d+(?:\.\d+)?)|(_mse))?(_bc)?(_cle)?(_sbc)?(_gptq)?(_full)?(?:_sqnr(\d+))?$"
)


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to the float Model before its tensors are quantised.

    Args:
        word: as the recipe has it.
        kind: what changes.
        amount: percent of multiplications or weights that go, or of ranks that stay; bits of a palette.
        lanes: what pruning leaves of a layer is a multiple of this.
    """

    word: str
    kind: Kinds
    amount: int = 0
    lanes: int = 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """A decoded name.

    Args:
        name: canonical.
        kind: what happens to the tensors.
        scheme: element types of a static recipe.
        ranges: how intervals follow from the values seen.
        percentile: share of the values that ranges cover, in percent; 100 is min-max.
        correct_bias: take back the mean shift of weight rounding.
        equalize: try cross-layer equalisation.
        sequential_bias: try bias correction layer by layer.
        second_order: try second-order rounding layer by layer.
        full: try second-order rounding on Programs of any size.
        splits: of a mixed recipe, how many inputs are read in 16 bits.
        min_sqnr: signal to noise in dB that every output keeps by nodes in float; 0 for none.
        changes: to the float Model, before all this.
    """

    name: str
    kind: Kind
    scheme: Scheme = field(default_factory=Scheme)
    ranges: Method = "minmax"
    percentile: float = 100.0
    correct_bias: bool = False
    equalize: bool = False
    sequential_bias: bool = False
    second_order: bool = False
    full: bool = False
    splits: int = 0
    min_sqnr: float = 0.0
    changes: tuple[Change, ...] = ()

    @property
    def guarded(self) -> bool:
        """Whether there are passes to try and judge."""
        return self.equalize or self.sequential_bias or self.second_order

    @property
    def needs_data(self) -> bool:
        return self.kind in ("static", "mixed") or bool(self.changes)

    @property
    def pruned(self) -> bool:
        """Whether whole channels go."""
        return any(change.kind == "pruned" for change in self.changes)

    @property
    def unchanged(self) -> Recipe:
        """What follows the changes of the float Model."""
        return replace(self, name=self.name.split("_", len(self.changes))[-1], changes=())


def decode(name: str) -> Recipe:
    """Name or shorthand -> Recipe.

    Raises:
        UsageError: the name is not of the language.
    """
    word, _, rest = name.partition("_")
    change = _change(word)
    if change is not None:
        return _preceded(name, change, decode(rest or "none"))
    name = SHORTHANDS.get(name, name)
    if name == "float32":
        return Recipe(name, "float32")
    if name == "float16":
        return Recipe(name, "float16")
    if name == "dynamic_wi8_afp32":
        return Recipe(name, "dynamic")
    mixed = _MIXED.match(name)
    if mixed is not None:
        return Recipe(name, "mixed", splits=int(mixed[1] or 0))
    match = _STATIC.match(name)
    if match is None:
        known = [*SHORTHANDS, *SHORTHANDS.values(), "pruned50", "sparse70", "sparse2of4", "palette4", "rank50"]
        raise UsageError(f"recipe {name!r} is not known", suggest(name, known))
    percentile = float(match[3]) if match[3] else 100.0
    if not 50.0 < percentile <= 100.0:
        raise UsageError(f"recipe {name!r}: percentile {percentile:g} is not in (50, 100]")
    scheme = Scheme("int8" if match[1] == "8" else "int16", "int8", per_channel=match[2] is None)
    ranges: Method = "mse" if match[4] else "percentile" if percentile < 100.0 else "minmax"
    corrected, equalized, sequential, second, full = (match[i] is not None for i in range(5, 10))
    recipe = Recipe(name, "static", scheme, ranges, percentile, corrected, equalized, sequential, second, full)
    return replace(recipe, min_sqnr=float(match[10])) if match[10] else recipe


def _change(word: str) -> Change | None:
    for kind, pattern in _CHANGES:
        match = pattern.match(word)
        if match is not None:
            numbers = [int(n) for n in match.groups() if n]
            return Change(word, kind, *numbers)
    return None


def _preceded(name: str, change: Change, rest: Recipe) -> Recipe:
    """A recipe after a change.

    Raises:
        UsageError: the changes come in another order, or the recipe would undo them.
    """
    place = {kind: i for i, kinds in enumerate(ORDER) for kind in kinds}
    if rest.changes and place[rest.changes[0].kind] <= place[change.kind]:
        order = ", ".join(" or ".join(kinds) for kinds in ORDER)
        raise UsageError(f"recipe {name!r}: {change.word} before {rest.changes[0].word}", f"the order is {order}")
    if place[change.kind] == len(ORDER) - 1 and (rest.equalize or rest.second_order):
        raise UsageError(f"recipe {name!r}: cle and gptq undo what {change.word} does", "use int8")
    if change.kind == "palette" and rest.kind == "static" and not rest.scheme.per_channel:
        raise UsageError(f"recipe {name!r}: a palette has a scale for each output", "leave out pt")
    return replace(rest, name=f"{change.word}_{rest.name}", changes=(change, *rest.changes))
