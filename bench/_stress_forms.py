"""Function-preserving distortions of ONNX files whose batch normalisation is folded: the same outputs, harder to round.

range       channels between two layers times 10 ** (-1.2 .. 1.2), taken back by the layers that read them
outlier     three such channels times 60; of a transformer, three channels of each layer normalisation
bias        channels shifted by several times their extent: taken back where the next layer reads them, or by the other
            branch of a sum; of a transformer, keys (a softmax does not see them) and values
depthwise   channels before and behind depthwise convolutions divided by up to 30, where a clamp at 6 never acts
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

Array = np.ndarray
DECADES, OUTLIERS, TIMES, SHIFT, DEEPEST = 1.2, 3, 60.0, 6.0, 1.5
PASSING = ("Relu", "Clip", "Add", "GlobalAveragePool", "Flatten")


@dataclass
class Graph:
    """A file and ways to change its layers."""

    model: onnx.ModelProto
    seed: int
    seen: Array
    peaks: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.nodes = list(self.model.graph.node)
        self.constants = {i.name: i for i in self.model.graph.initializer}
        self.makers = {name: node for node in self.nodes for name in node.output}
        self.readers: dict[str, list[onnx.NodeProto]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.input):
                self.readers.setdefault(name, []).append(node)

    def of(self, *kinds: str) -> list[onnx.NodeProto]:
        return [node for node in self.nodes if node.op_type in kinds]

    def value(self, name: str) -> Array:
        return numpy_helper.to_array(self.constants[name]).copy()

    def put(self, name: str, value: Array) -> None:
        self.constants[name].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name))

    def observe(self) -> None:
        """Largest absolute value of each channel of what the layers make, on the pictures seen."""
        names = [node.output[0] for node in self.of("Conv")]
        whole = onnx.ModelProto()
        whole.CopyFrom(self.model)
        whole.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
        options = ort.SessionOptions()
        options.log_severity_level, options.intra_op_num_threads = 4, 1
        session = ort.InferenceSession(whole.SerializeToString(), options, providers=["CPUExecutionProvider"])
        for picture in self.seen:
            values = session.run(names, {whole.graph.input[0].name: picture[None]})
            for value, name in zip(values, names, strict=True):
                peak = np.abs(value).max(axis=(0, 2, 3))
                self.peaks[name] = np.maximum(peak, self.peaks[name]) if name in self.peaks else peak

    def scale_made(self, node: onnx.NodeProto, s: Array) -> None:
        weights = self.value(node.input[1])
        self.put(node.input[1], weights * s.reshape(-1, *[1] * (weights.ndim - 1)))
        if len(node.input) > 2:
            self.put(node.input[2], self.value(node.input[2]) * s)

    def scale_read(self, node: onnx.NodeProto, s: Array) -> None:
        weights = self.value(node.input[1])
        axis = 0 if grouped(node) else 1
        shape = [1] * weights.ndim
        shape[axis] = -1
        self.put(node.input[1], weights * s.reshape(shape))


def grouped(node: onnx.NodeProto) -> bool:
    return node.op_type == "Conv" and any(a.name == "group" and a.i > 1 for a in node.attribute)


def sets(graph: Graph, clipped: bool) -> list[tuple[list[onnx.NodeProto], list[onnx.NodeProto]]]:
    """Layers that write and layers that read each set of channels that can only be scaled together."""
    found, done = [], set()
    for conv in graph.of("Conv"):
        name = conv.output[0]
        if name in done:
            continue
        writers, readers, values, waiting, good = [], [], {name}, [name], True
        while waiting:
            current = waiting.pop()
            maker = graph.makers.get(current)
            around = []
            if maker is None or maker.op_type not in ("Conv", *PASSING):
                good = False
            elif maker.op_type == "Conv":
                writers.append(maker)
            else:
                around += [n for n in maker.input if n and n not in graph.constants]
                good &= maker.op_type != "Clip" or clipped
            for reader in graph.readers.get(current, []):
                if reader.op_type in ("Conv", "Gemm") and reader.input[0] == current:
                    readers.append(reader)
                elif reader.op_type in PASSING:
                    around += list(reader.output)
                    good &= reader.op_type != "Clip" or clipped
                else:
                    good = False
            good &= bool(graph.readers.get(current))
            waiting += [n for n in around if n not in values]
            values.update(around)
        done |= values
        if good and clipped == any(graph.makers[v].op_type == "Clip" for v in values):
            found.append((writers, readers))
    return found


def scaled(graph: Graph, factors: Callable[[list[onnx.NodeProto], int], Array], clipped: bool = False) -> None:
    for writers, readers in sets(graph, clipped):
        s = factors(writers, graph.value(writers[0].input[1]).shape[0])
        for node in writers:
            graph.scale_made(node, s)
        for node in readers:
            graph.scale_read(node, 1.0 / s)


def spread_factors(graph: Graph, count: int) -> Array:
    return 10.0 ** graph.rng.uniform(-DECADES, DECADES, count)


def outlier_factors(graph: Graph, count: int) -> Array:
    s = np.ones(count)
    s[graph.rng.choice(count, OUTLIERS, replace=False)] = TIMES
    return s


def ranges(graph: Graph) -> None:
    scaled(graph, lambda _, count: spread_factors(graph, count))
    for qkv, out in attentions(graph):
        width = qkv.weights.shape[1] // 3
        q, v = spread_factors(graph, width), spread_factors(graph, width)
        qkv.scale(np.concatenate([q, 1.0 / q, v]))
        graph.put(out.name, graph.value(out.name) / v[:, None])


def outliers(graph: Graph) -> None:
    scaled(graph, lambda _, count: outlier_factors(graph, count))
    for node in graph.of("LayerNormalization"):
        if all(r.op_type == "MatMul" for r in graph.readers[node.output[0]]):
            s = outlier_factors(graph, graph.value(node.input[1]).shape[0])
            for name in node.input[1:3]:
                graph.put(name, graph.value(name) * s)
            for reader in graph.readers[node.output[0]]:
                graph.put(reader.input[1], graph.value(reader.input[1]) / s[:, None])


def biases(graph: Graph) -> None:
    graph.observe()
    for node in graph.of("Add"):
        made = [graph.makers.get(n) for n in node.input]
        if all(m is not None and m.op_type == "Conv" and len(graph.readers[m.output[0]]) == 1 for m in made):
            shift = shifts(graph, made[0].output[0])
            for maker, sign in zip(made, (1.0, -1.0), strict=True):
                graph.put(maker.input[2], graph.value(maker.input[2]) + sign * shift)
    for node in graph.of("Conv"):
        readers = graph.readers[node.output[0]]
        if len(readers) == 1 and readers[0].op_type == "Conv" and graph.value(readers[0].input[1]).shape[2:] == (1, 1):
            shift, reader = shifts(graph, node.output[0]), readers[0]
            weights = graph.value(reader.input[1])[:, :, 0, 0].astype(np.float64)
            graph.put(node.input[2], graph.value(node.input[2]) + shift)
            graph.put(reader.input[2], graph.value(reader.input[2]) - weights @ shift)
    for qkv, out in attentions(graph):
        width = qkv.weights.shape[1] // 3
        shift = np.concatenate([np.zeros(width), graph.rng.choice([-SHIFT, SHIFT], 2 * width)])
        graph.put(qkv.bias, graph.value(qkv.bias) + shift)
        add = graph.readers[out.output][0]
        bias = next(n for n in add.input if n in graph.constants)
        graph.put(bias, graph.value(bias) - shift[2 * width :] @ graph.value(out.name).astype(np.float64))


def shifts(graph: Graph, name: str) -> Array:
    return SHIFT * graph.peaks[name].max() * graph.rng.uniform(-1.0, 1.0, len(graph.peaks[name]))


def depthwise(graph: Graph) -> None:
    graph.observe()

    def factors(writers: list[onnx.NodeProto], count: int) -> Array:
        s = 10.0 ** -graph.rng.uniform(0.0, DEEPEST, count)
        peak = np.max([graph.peaks[w.output[0]] for w in writers], axis=0)
        return np.where(peak < 4.0, s, 1.0)

    scaled(graph, factors, clipped=True)


@dataclass
class Projection:
    """A MatMul by constant weights and the Add of its bias."""

    graph: Graph
    name: str
    bias: str
    output: str

    @property
    def weights(self) -> Array:
        return self.graph.value(self.name)

    def scale(self, s: Array) -> None:
        self.graph.put(self.name, self.weights * s)
        self.graph.put(self.bias, self.graph.value(self.bias) * s)


def attentions(graph: Graph) -> list[tuple[Projection, Projection]]:
    """The projection to queries, keys and values, and the one behind, of each attention."""
    made = []
    for node in graph.of("MatMul"):
        if node.input[1] in graph.constants:
            add = graph.readers[node.output[0]][0]
            bias = next(n for n in add.input if n in graph.constants)
            made.append(Projection(graph, node.input[1], bias, node.output[0]))
    wide = [a.weights.shape[1] == 3 * a.weights.shape[0] == 3 * b.weights.shape[0] for a, b in pairwise(made)]
    return [pair for pair, found in zip(pairwise(made), wide, strict=True) if found]


def everything(graph: Graph) -> None:
    for distort in (biases, depthwise, ranges, outliers):
        distort(graph)


DISTORTIONS: dict[str, Callable[[Graph], None]] = {
    "none": lambda graph: None,
    "range": ranges,
    "outlier": outliers,
    "bias": biases,
    "depthwise": depthwise,
    "all": everything,
}


def distorted(data: bytes, kind: str, seen: Array, seed: int = 0) -> bytes:
    """The file with a distortion; pictures ``seen`` tell channels' extents."""
    graph = Graph(onnx.load_from_string(data), seed, seen)
    DISTORTIONS[kind](graph)
    return bytes(graph.model.SerializeToString())
