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
    pruned50x8_int8              any recipe after that

The words combine, in the order bc, cle, sbc, gptq, full, sqnr; full tries second-order rounding on large Programs too.
cle, sbc and gptq are guarded: each is kept only if the error at the outputs, on samples held out, falls.

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
_PRUNED = re.compile(r"pruned([1-9]\d?)(?:x([1-9]\d?))?(?:_(.+))?$")
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
        pruned: percent of the multiplications that are removed first; 0 for none.
        lanes: what pruning leaves of a layer is a multiple of this.
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
    pruned: int = 0
    lanes: int = 1

    @property
    def guarded(self) -> bool:
        """Whether there are passes to try and judge."""
        return self.equalize or self.sequential_bias or self.second_order

    @property
    def needs_data(self) -> bool:
        return self.kind in ("static", "mixed") or self.pruned > 0

    @property
    def unpruned(self) -> Recipe:
        """What follows pruning."""
        return replace(self, name=self.name.split("_", 1)[1], pruned=0, lanes=1) if self.pruned else self


def decode(name: str) -> Recipe:
    """Name or shorthand -> Recipe.

    Raises:
        UsageError: the name is not of the language.
    """
    pruned = _PRUNED.match(name)
    if pruned is not None:
        rest = decode(pruned[3] or "none")
        if rest.pruned:
            raise UsageError(f"recipe {name!r}: prunes twice")
        lanes = f"x{pruned[2]}" if pruned[2] else ""
        full = f"pruned{pruned[1]}{lanes}_{rest.name}"
        return replace(rest, name=full, pruned=int(pruned[1]), lanes=int(pruned[2] or 1))
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
        known = [*SHORTHANDS, *SHORTHANDS.values(), "pruned50"]
        raise UsageError(f"recipe {name!r} is not known", suggest(name, known))
    percentile = float(match[3]) if match[3] else 100.0
    if not 50.0 < percentile <= 100.0:
        raise UsageError(f"recipe {name!r}: percentile {percentile:g} is not in (50, 100]")
    scheme = Scheme("int8" if match[1] == "8" else "int16", "int8", per_channel=match[2] is None)
    ranges: Method = "mse" if match[4] else "percentile" if percentile < 100.0 else "minmax"
    words = [match[i] is not None for i in range(5, 10)]
    recipe = Recipe(name, "static", scheme, ranges, percentile, *words)
    return replace(recipe, min_sqnr=float(match[10])) if match[10] else recipe
