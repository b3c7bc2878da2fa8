"""Walk a Functional or Sequential configuration and build the graph, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import onnx

from limen.errors import LimenError, ModelError
from limen.importers._keras.build import Builder, Shape, State, Value
from limen.importers._keras.calls import Key, decode_call, references, wanted
from limen.importers._keras.file import Source
from limen.importers._keras.layers import LAYERS
from limen.importers._keras.layers.ops import RULES as OPS
from limen.importers._keras.layers.ops import TENSORFLOW
from limen.importers._keras.layers.wrap import time_distributed
from limen.importers._keras.rule import Layer, class_and_config, values
from limen.importers._keras.weights import Named, Weights
from limen.registry import suggest

_MODELS = ("Functional", "Model", "Sequential")
_MAX_DEPTH = 32
_FLOATS = ("float16", "float64", "bfloat16")


@dataclass(frozen=True)
class Graph:
    """The result: an ONNX graph and the states it declares."""

    proto: onnx.ModelProto
    states: tuple[State, ...]


def convert(source: Source, dimensions: Mapping[str, int] | None = None, batch: int | None = None) -> Graph:
    """Build the ONNX graph of a whole model.

    Args:
        source: an opened file.
        dimensions: ``input:axis`` -> extent, for extents that the file leaves open.
        batch: extent of an open batch; None leaves it open.

    Raises:
        ModelError: the configuration or the weights are not valid.
        UnsupportedOp: a layer, or a case of one, has no rule; names it and the way out.
    """
    kind, config = class_and_config(source.config, "model")
    if kind not in _MODELS:
        raise ModelError(f"{kind}: a subclassed model has no graph in its file", "export it with torch or keras")
    build = Builder()
    model = Layer(str(_named(config, "model")), kind, config, source.weights, source.version)
    walker = Walker(build, source, dict(dimensions or {}), batch)
    outputs = walker.model(model, None, depth=0)
    unknown = sorted(set(walker.dimensions) - walker.used)
    if unknown:
        raise ModelError(
            f"dimension {unknown[0]!r}: no input of the model leaves it open", suggest(unknown[0], walker.open)
        )
    return Graph(build.finish(model.name, outputs), tuple(build.states))


def _named(config: Any, default: str) -> str:
    return str(config.get("name", default)) if isinstance(config, Mapping) else default


@dataclass(frozen=True)
class Call:
    """One call of a layer: its number among the layer's calls, and the description of its arguments."""

    layer: Layer
    name: str
    index: int
    nodes: Any


@dataclass
class Walker:
    """State of one conversion: the builder, the file, and which inputs were declared."""

    build: Builder
    source: Source
    dimensions: dict[str, int]
    batch: int | None

    def __post_init__(self) -> None:
        self.used: set[str] = set()
        self.open: list[str] = []

    def model(self, model: Layer, given: Sequence[Value] | None, depth: int) -> list[tuple[str, Value]]:
        """The named outputs of a model, from given inputs or from new graph inputs."""
        if depth > _MAX_DEPTH:
            raise ModelError(f"{model.name}: models are nested too deeply")
        if not isinstance(model.config.get("layers"), list):
            raise ModelError(f"{model.name}: a model without a list of layers")
        walk = self._sequential if model.kind == "Sequential" else self._functional
        return walk(model, given, depth)

    def apply(self, layer: Layer, depth: int) -> Sequence[Value]:
        """The results of one call of a layer."""
        if layer.kind in _MODELS:
            given = [*values(layer.arguments), *values(layer.keywords)]
            return [value for _, value in self.model(layer, given, depth + 1)]
        before, self.build.layer = self.build.layer, layer.name
        try:
            return self._rule(layer, depth)
        except LimenError:
            raise
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, ZeroDivisionError) as error:
            what = f"{type(error).__name__}: {error}"
            raise ModelError(f"{layer.name}: the configuration of {layer.kind} is not valid ({what})") from error
        finally:
            self.build.layer = before

    def _rule(self, layer: Layer, depth: int) -> Sequence[Value]:
        if layer.kind == "TimeDistributed":
            return time_distributed(lambda build, inner: self.apply(inner, depth))(self.build, layer)
        if layer.kind in ("TFOpLambda", "SlicingOpLambda"):
            function = str(layer.config.get("function", "")).removeprefix("tf.").removeprefix("compat.v1.")
            if function not in TENSORFLOW:
                raise layer.refuse(function)
            return OPS[TENSORFLOW[function]](self.build, layer)
        if _is_operation(layer):
            if layer.kind not in OPS:
                raise layer.refuse("this operation")
            return OPS[layer.kind](self.build, layer)
        if layer.kind == "Lambda":
            raise layer.refuse("its Python code is not read")
        if layer.kind not in LAYERS:
            raise layer.refuse("this layer")
        return LAYERS[layer.kind](self.build, layer)

    def _input(self, name: str, config: Mapping[str, Any]) -> Value:
        shape = config.get("batch_shape") or config.get("batch_input_shape")
        if shape is None and config.get("shape") is not None:
            shape = [None, *config["shape"]]
        dtype = config.get("dtype", "float32")
        dtype = "float32" if not isinstance(dtype, str) or dtype in _FLOATS else dtype
        if not isinstance(shape, list) or len(shape) < 1 or dtype not in ("float32", "int32", "int64", "uint8", "bool"):
            raise ModelError(f"{name}: an input of shape {shape!r} and dtype {dtype!r} is not supported")
        return self.build.input(name, self._fixed(shape, name), dtype)

    def _fixed(self, shape: Sequence[Any], name: str) -> Shape:
        """The file's shape with open extents set as asked."""
        if not all(s is None or (isinstance(s, int) and 0 < s < 1 << 31) for s in shape):
            raise ModelError(f"{name}: shape {shape!r} is not valid")
        sizes: list[int | None] = []
        for axis, size in enumerate(shape):
            key = f"{name}:{axis}"
            if size is None:
                self.open.append(key)
                size = self.dimensions.get(key, self.batch if axis == 0 else None)
                self.used |= {key} & set(self.dimensions)
            sizes.append(size)
        return tuple(sizes)

    def _sequential(self, model: Layer, given: Sequence[Value] | None, depth: int) -> list[tuple[str, Value]]:
        specs = [class_and_config(spec, model.name) for spec in model.config["layers"]]
        if not specs:
            raise ModelError(f"{model.name}: a Sequential without layers")
        if given is not None and len(given) != 1:
            raise ModelError(f"{model.name}: a Sequential takes one input, found {len(given)}")
        value = given[0] if given else None
        stored = [(kind, _named(config, kind.lower())) for kind, config in specs if kind != "InputLayer"]
        weights = iter(self._weights(model, stored, depth))
        name = model.name
        for spec, (kind, config) in zip(model.config["layers"], specs, strict=True):
            own = _named(config, kind.lower())
            if kind == "InputLayer":
                value = self._input(own, config) if value is None else value
                continue
            if value is None:
                value = self._first_input(model, own, config)
            path = own if depth == 0 else f"{model.name}/{own}"
            layer = Layer(path, kind, config, next(weights), model.version, (value,), {}, str(spec.get("module") or ""))
            results = self.apply(layer, depth)
            value, name = results[0], own
            if len(results) != 1:
                raise ModelError(f"{path}: a layer of a Sequential gives one output, found {len(results)}")
        if value is None:
            raise ModelError(f"{model.name}: a Sequential without layers")
        return [(name, value)]

    def _first_input(self, model: Layer, first: str, config: Mapping[str, Any]) -> Value:
        """The input of a Sequential without InputLayer, from its first layer or from how it was built."""
        shape = config.get("batch_input_shape") or model.config.get("build_input_shape")
        shape = shape or self.source.config.get("build_config", {}).get("input_shape")
        if shape is None and isinstance(config.get("layers"), list) and config["layers"]:
            return self._input_of(config, first)
        if shape is None:
            raise ModelError(f"{model.name}: the file does not say the input's shape", "call the model once and save")
        name = "input_layer" if model.version >= 3 else f"{first}_input"
        return self._input(name, {"batch_shape": list(shape), "dtype": config.get("dtype", "float32")})

    def _input_of(self, config: Mapping[str, Any], name: str) -> Value:
        """The input of a nested model that comes first."""
        kind, inner = class_and_config(config["layers"][0], name)
        if kind != "InputLayer" and not inner.get("batch_input_shape"):
            raise ModelError(f"{name}: the file does not say the input's shape", "call the model once and save")
        return self._input(_named(inner, "input_layer"), inner)

    def _functional(self, model: Layer, given: Sequence[Value] | None, depth: int) -> list[tuple[str, Value]]:
        layers = self._layers(model, depth)
        ready = self._model_inputs(model, layers, given)
        pending: list[Call] = []
        for spec, (name, layer) in zip(model.config["layers"], layers.items(), strict=True):
            calls = spec.get("inbound_nodes") if layer.kind != "InputLayer" else None
            pending += [Call(layer, name, index, call) for index, call in enumerate(calls or [])]
        self._run(pending, ready, depth)
        outputs = references(model.config.get("output_layers"), f"{model.name}: output_layers")
        missing = [key for key in outputs if key not in ready]
        if missing or not outputs:
            raise ModelError(f"{model.name}: output {missing} is no result of a layer")
        return [(key[0], ready[key]) for key in outputs]

    def _layers(self, model: Layer, depth: int) -> dict[str, Layer]:
        """The model's layers by name, with their weights; bare operations take no part in the numbering of weights."""
        layers: dict[str, Layer] = {}
        for spec in model.config["layers"]:
            kind, config = class_and_config(spec, model.name)
            name = str(spec.get("name") or _named(config, ""))
            if not name or name in layers:
                raise ModelError(f"{model.name}: two layers are named {name!r}")
            path, module = name if depth == 0 else f"{model.name}/{name}", str(spec.get("module") or "")
            layers[name] = Layer(path, kind, config, model.weights, model.version, module=module)
        stored = [name for name, layer in layers.items() if not _is_operation(layer)]
        found = self._weights(model, [(layers[name].kind, name) for name in stored], depth)
        for name, weights in zip(stored, found, strict=True):
            layers[name] = replace(layers[name], weights=weights)
        return layers

    def _weights(self, model: Layer, layers: Sequence[tuple[str, str]], depth: int) -> list[Weights]:
        if depth == 0 and self.source.legacy:
            return [self.source.legacy.get(name, Named((), name)) for _, name in layers]
        return model.weights.layers(layers)

    def _model_inputs(
        self, model: Layer, layers: Mapping[str, Layer], given: Sequence[Value] | None
    ) -> dict[Key, Value]:
        keys = references(model.config.get("input_layers"), f"{model.name}: input_layers")
        if given is not None and len(given) != len(keys):
            raise ModelError(f"{model.name}: takes {len(keys)} inputs, found {len(given)}")
        ready: dict[Key, Value] = {}
        for index, key in enumerate(keys):
            if key[0] not in layers:
                raise ModelError(f"{model.name}: input {key[0]!r} is no layer")
            ready[key] = given[index] if given is not None else self._input(key[0], layers[key[0]].config)
        return ready

    def _run(self, pending: list[Call], ready: dict[Key, Value], depth: int) -> None:
        """Apply every call whose inputs are there, until none is left."""
        while pending:
            waiting = []
            for call in pending:
                if not set(wanted(call.nodes)) <= set(ready):
                    waiting.append(call)
                    continue
                arguments, keywords = decode_call(call.nodes, ready, call.layer.name)
                results = self.apply(replace(call.layer, arguments=arguments, keywords=keywords), depth)
                ready.update({(call.name, call.index, i): value for i, value in enumerate(results)})
            if len(waiting) == len(pending):
                missing = sorted({key[0] for key in wanted(waiting[0].nodes) if key not in ready})
                raise ModelError(f"{waiting[0].layer.name}: its input {', '.join(missing)} is never computed")
            pending = waiting


def _is_operation(layer: Layer) -> bool:
    """Whether it is a bare keras.ops call; legacy .h5 files of Keras 3 do not say the module."""
    if layer.module:
        return ".ops" in layer.module or layer.module.startswith("ops")
    named = "trainable" in layer.config or "dtype" in layer.config
    return layer.version >= 3 and not named and layer.kind not in (*_MODELS, "InputLayer")
