"""What a layer rule gets and gives: a Layer with its configuration and weights, and the Values of the call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from limen.errors import ModelError, UnsupportedOp
from limen.importers._keras.build import Array, Builder, Value
from limen.importers._keras.weights import Weights

WAY_OUT = "install keras and let it export the model: pip install keras, or build without this layer"


@dataclass(frozen=True)
class Layer:
    """One layer, and how it is called.

    Args:
        name: path of names from the model down, for node names and messages.
        kind: class name, such as ``Conv2D``.
        config: its configuration as Keras wrote it.
        weights: its variables.
        version: Keras major version of the file.
        arguments: positional arguments of the call: Values, constants, lists of them.
        keywords: keyword arguments of the call.
        module: the Python module of the class where the file says so.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    weights: Weights
    version: int
    arguments: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)
    module: str = ""

    def get(self, key: str, default: Any) -> Any:
        """A configuration value; null counts as absent."""
        value = self.config.get(key)
        return default if value is None else value

    def take(self, *roles: str) -> tuple[Array, ...]:
        """The layer's own variables; see ``Weights.take``."""
        return self.weights.take(roles)

    def refuse(self, case: str) -> UnsupportedOp:
        """An error that names the layer and the case."""
        return UnsupportedOp(self.name, f"{self.kind}: {case}", "the keras importer", WAY_OUT)

    def inside(self, spec: Any, attribute: str, *names: str) -> Layer:
        """A layer that this one holds in an attribute.

        Args:
            spec: ``{"class_name": ..., "config": {...}}``.
            attribute: the Python attribute that holds it.
            names: what a legacy file calls it; the inner layer's own name is always tried.
        """
        kind, config = class_and_config(spec, self.name)
        own = str(config.get("name", attribute))
        weights = self.weights.child(attribute, own, *names)
        return replace(
            self,
            name=f"{self.name}/{own}",
            kind=kind,
            config=config,
            weights=weights,
            module=str(spec.get("module") or ""),
        )


Rule = Callable[[Builder, Layer], Sequence[Value]]
Rules = Mapping[str, Rule]


def class_and_config(spec: Any, where: str) -> tuple[str, Mapping[str, Any]]:
    """The two parts of a serialised layer.

    Raises:
        ModelError: it is not one.
    """
    if not isinstance(spec, Mapping) or not isinstance(spec.get("class_name"), str):
        raise ModelError(f"{where}: a layer without class_name")
    config = spec.get("config")
    config = {"layers": config} if isinstance(config, list) else config  # a Sequential of Keras 1 and 2.0
    if not isinstance(config, Mapping):
        raise ModelError(f"{where}: layer {spec['class_name']} without config")
    return spec["class_name"].split(">")[-1], config


def values(arguments: Any) -> list[Value]:
    """Every Value among nested arguments, in order."""
    if isinstance(arguments, Value):
        return [arguments]
    if isinstance(arguments, Mapping):
        return [v for item in arguments.values() for v in values(item)]
    if isinstance(arguments, list | tuple):
        return [v for item in arguments for v in values(item)]
    return []


def single(rule: Callable[[Builder, Layer, Value], Value]) -> Rule:
    """A rule for layers with one input and one output.

    Raises:
        ModelError: the call has another number of inputs.
    """

    def apply(build: Builder, layer: Layer) -> Sequence[Value]:
        given = values(layer.arguments) or values(layer.keywords)
        if len(given) != 1:
            raise ModelError(f"{layer.name}: {layer.kind} takes one input, found {len(given)}")
        return [rule(build, layer, given[0])]

    return apply


def pair(value: Any, rank: int, what: str) -> tuple[int, ...]:
    """One integer >= 1 per spatial axis, from an integer or a list.

    Raises:
        ModelError: it is something else.
    """
    items = list(value) if isinstance(value, list | tuple) else [value] * rank
    if len(items) != rank or not all(isinstance(i, int) and not isinstance(i, bool) and i >= 1 for i in items):
        raise ModelError(f"{what}: expected {rank} positive integers, found {value!r}")
    return tuple(items)


def channels_last(layer: Layer) -> None:
    """Refuse layers that keep channels first.

    Raises:
        UnsupportedOp: the layer is set to ``channels_first`` (Keras 1: ``th``).
    """
    if layer.get("data_format", layer.get("dim_ordering", "channels_last")) in ("channels_first", "th"):
        raise layer.refuse("data_format channels_first")


def expect(array: Array, shape: Sequence[int], layer: Layer, role: str) -> Array:
    """The array if it has the shape.

    Raises:
        ModelError: it has another one.
    """
    if array.shape != tuple(shape):
        raise ModelError(f"{layer.name}: {role} has shape {list(array.shape)}, expected {list(shape)}")
    return array
