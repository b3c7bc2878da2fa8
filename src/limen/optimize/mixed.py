"""Recipe ``mixed``: a Model whose large multiplications run in integers, with everything between them in float.

Which layers pay is a matter of reuse: turning values into codes costs a pass over them, so a layer must multiply each
value it moves often enough. For each layer the input range is chosen by the error at the outputs, one layer at a time
(the errors add), and so is the order in which inputs are worth 16 bits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from limen.errors import Unsupported
from limen.model import Model, to_bytes
from limen.model.edit import producer
from limen.model.evaluate import with_outputs
from limen.model.graph import Array
from limen.model.passes.simplify import simplify
from limen.optimize.emit_float16 import emit_float16
from limen.optimize.islands import RANGES, SPLIT, Island, parted, variants
from limen.optimize.linears import Linear, linears
from limen.optimize.observe import Feeds, session
from limen.optimize.weight_forms import emit_islands

REUSE = 40.0
ROWS = 16
SHARE = 0.001
JUDGED = 8


@dataclass(frozen=True, eq=False)
class Study:
    """What is known of the layers that pay.

    Args:
        model: the float Model, simplified.
        best: layer name -> island with the 8-bit input of least error at the outputs.
        split: layer name -> island with an input of 16 bits.
        noise: layer name -> error over signal at the outputs of either.
    """

    model: Model
    best: Mapping[str, Island]
    split: Mapping[str, Island]
    noise: Mapping[str, tuple[float, float]]

    @property
    def order(self) -> tuple[str, ...]:
        """Layers by how much error 16 bits take away per multiplication that they add."""
        gain = {n: (a - b) / self.best[n].layer.macs for n, (a, b) in self.noise.items()}
        return tuple(sorted((n for n in gain if gain[n] > 0), key=lambda n: -gain[n] * self._weight(n)))

    def _weight(self, name: str) -> float:
        """Noise that is lost in the noise of the others is not worth a product."""
        total = sum(a for a, _ in self.noise.values())
        return min(1.0, self.noise[name][0] / (NEGLIGIBLE * total))

    def emit(self, splits: int = 0) -> Model:
        """The Model with the first ``splits`` layers of ``order`` reading 16 bits."""
        chosen = set(self.order[:splits])
        islands = [self.split[n] if n in chosen else self.best[n] for n in self.best]
        return emit_float16(emit_islands(self.model, islands))

    @property
    def log(self) -> tuple[str, ...]:
        """One line a layer."""
        return tuple(
            f"{n}: {island.log}, {_db(self.noise[n][0]):.1f} dB at the outputs, in 16 bits {_db(self.noise[n][1]):.1f}"
            for n, island in self.best.items()
        )


NEGLIGIBLE = 0.05
SATURATED = 1.5


def pays(layer: Linear, total: int) -> bool:
    """Whether a layer multiplies its values often enough to be worth codes, and counts at all."""
    reuse = layer.depth * layer.outputs / (layer.depth + layer.outputs)
    rows = layer.macs // (layer.depth * layer.outputs)
    return layer.pointwise and reuse >= REUSE and rows >= ROWS and layer.macs >= SHARE * total


def study(model: Model, feeds: Feeds) -> Study:
    """Make and measure islands for the layers that pay.

    Args:
        model: float, static shapes.
        feeds: calibration samples, no labels: input name -> array.

    Raises:
        Unsupported: no layer pays.
    """
    model = simplify(model)
    found = linears(model)
    total = sum(layer.macs for layer in found)
    layers = [layer for layer in found if pays(layer, total)]
    if not layers:
        raise Unsupported(f"{model.name}: no layer multiplies its values often enough for integer islands")
    made = variants(model, layers, feeds)
    judge = _Judge(model, parted(feeds)[1][:JUDGED])
    best, split, noise = {}, {}, {}
    for layer in layers:
        name, kinds = layer.name, made[layer.name]
        errors = {kind: judge.noise(replace(kinds[kind], unsigned=True)) for kind in (*RANGES, SPLIT)}
        kind = min(RANGES, key=lambda k: errors[k])
        best[name] = judge.faster_if_exact(kinds[kind], errors[kind])
        split[name] = judge.faster_if_exact(kinds[SPLIT], errors[SPLIT])
        noise[name] = errors[kind], errors[SPLIT]
    return Study(model, best, split, noise)


def mixed_model(model: Model, splits: int, feeds: Feeds) -> Model:
    """The recipe ``mixed_wi8_ai8_s<splits>`` applied."""
    return study(model, feeds).emit(splits)


class _Judge:
    """Noise over signal at the outputs, before a final softmax or sigmoid."""

    def __init__(self, model: Model, feeds: Feeds) -> None:
        names = []
        for output in model.ir.graph.outputs:
            node = producer(output, "Softmax", "LogSoftmax", "Sigmoid")
            names.append(str((node.inputs[0] if node else output).name))  # type: ignore[union-attr]
        self.model, self.feeds = with_outputs(model, names), feeds
        self.wanted = self._run(self.model)
        self.signal = sum(float(np.square(w, dtype=np.float64).sum()) for w in self.wanted)

    def _run(self, model: Model) -> list[Array]:
        running = session(model)
        return [np.asarray(v) for feed in self.feeds for v in running.run(None, dict(feed))]

    def noise(self, island: Island) -> float:
        """What one layer's island does."""
        got = self._run(emit_islands(self.model, [island]))
        pairs = zip(self.wanted, got, strict=True)
        error = sum(float(np.square(a.astype(np.float64) - b).sum()) for a, b in pairs)
        return error / self.signal if self.signal else 0.0

    def faster_if_exact(self, island: Island, exact: float) -> Island:
        """int8 weights, unless this host's kernels saturate on them so that it shows."""
        return island if self.noise(island) <= SATURATED * exact else replace(island, unsigned=True)


def _db(noise: float) -> float:
    return -10.0 * math.log10(noise) if noise > 0 else math.inf


def stored_bytes(model: Model) -> bytes:
    """The file, without the shapes between input and output that an engine finds by itself."""
    copy = model.ir.clone()
    for node in copy.graph:
        for value in node.outputs:
            if not value.is_graph_output():
                value.shape, value.type = None, None
    return to_bytes(model.with_ir(copy))
