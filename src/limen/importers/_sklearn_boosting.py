"""scikit-learn's histogram gradient boosting as one TreeEnsembleRegressor and standard operators.

A sample goes left where ``x <= threshold`` in float64. Inputs here are float32, so each threshold is rounded down to
float32: then every comparison comes out the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from limen.errors import UnsupportedOp

_ML = "ai.onnx.ml"


@dataclass
class Trees:
    """Attributes of a TreeEnsembleRegressor while it is put together."""

    nodes: dict[str, list[Any]] = field(default_factory=dict)
    leaves: dict[str, list[Any]] = field(default_factory=dict)

    def node(self, **values: Any) -> None:
        for name, value in values.items():
            self.nodes.setdefault(f"nodes_{name}", []).append(value)

    def leaf(self, **values: Any) -> None:
        for name, value in values.items():
            self.leaves.setdefault(f"target_{name}", []).append(value)


def rounded_down(value: float) -> float:
    """The largest float32 that is not above the value."""
    near = np.float32(value)
    return float(near if float(near) <= value else np.nextafter(near, np.float32(-np.inf)))


def ensemble(predictors: Sequence[Sequence[Any]], name: str) -> dict[str, Any]:
    """Attributes for all trees; ``predictors[iteration][target]`` as scikit-learn keeps them.

    Raises:
        UnsupportedOp: a tree splits on categories.
    """
    trees, tree = Trees(), 0
    for iteration in predictors:
        for target, predictor in enumerate(iteration):
            for index, node in enumerate(predictor.nodes):
                if node["is_categorical"]:
                    raise UnsupportedOp(name, "a split on categories", "the scikit-learn importer")
                _add(trees, tree, target, index, node)
            tree += 1
    return {**trees.nodes, **trees.leaves}


def _add(trees: Trees, tree: int, target: int, index: int, node: Any) -> None:
    leaf = bool(node["is_leaf"])
    trees.node(
        treeids=tree,
        nodeids=index,
        featureids=0 if leaf else int(node["feature_idx"]),
        modes="LEAF" if leaf else "BRANCH_LEQ",
        values=0.0 if leaf else rounded_down(float(node["num_threshold"])),
        truenodeids=0 if leaf else int(node["left"]),
        falsenodeids=0 if leaf else int(node["right"]),
        missing_value_tracks_true=0 if leaf else int(node["missing_go_to_left"]),
        hitrates=1.0,
    )
    if leaf:
        trees.leaf(treeids=tree, nodeids=index, ids=target, weights=float(node["value"]))


def _raw(scope: Any, operator: Any, container: Any) -> str:
    """Add the node that sums the trees; the name of its output [n, targets]."""
    estimator = operator.raw_operator
    base = np.asarray(estimator._baseline_prediction, np.float64).reshape(-1)
    attributes = ensemble(estimator._predictors, type(estimator).__name__)
    name = str(scope.get_unique_variable_name("raw"))
    container.add_node(
        "TreeEnsembleRegressor",
        operator.inputs[0].full_name,
        name,
        op_domain=_ML,
        op_version=1,
        name=scope.get_unique_operator_name("TreeEnsembleRegressor"),
        n_targets=len(base),
        base_values=[float(b) for b in base],
        aggregate_function="SUM",
        post_transform="NONE",
        **attributes,
    )
    return name


def _node(
    scope: Any, container: Any, op: str, inputs: Sequence[str], output: str, version: int, **settings: Any
) -> str:
    container.add_node(
        op, list(inputs), output, op_version=version, name=scope.get_unique_operator_name(op), **settings
    )
    return output


def convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    """Converter for HistGradientBoostingRegressor, as skl2onnx calls it."""
    raw, output = _raw(scope, operator, container), operator.outputs[0].full_name
    log_link = type(operator.raw_operator._loss.link).__name__ == "LogLink"
    _node(scope, container, "Exp" if log_link else "Identity", [raw], output, 13)


def convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    """Converter for HistGradientBoostingClassifier, as skl2onnx calls it."""
    raw = _raw(scope, operator, container)
    label, output = (variable.full_name for variable in operator.outputs)
    classes = operator.raw_operator.classes_
    if len(classes) > 2:
        _node(scope, container, "Softmax", [raw], output, 13, axis=1)
    else:
        names = [scope.get_unique_variable_name(n) for n in ("negative", "pair")]
        _node(scope, container, "Neg", [raw], names[0], 13)
        _node(scope, container, "Concat", [names[0], raw], names[1], 13, axis=1)
        _node(scope, container, "Sigmoid", [names[1]], output, 13)
    index = scope.get_unique_variable_name("index") if classes.dtype.kind in "iu" else label
    _node(scope, container, "ArgMax", [output], index, 13, axis=1, keepdims=0)
    if index != label:
        table = scope.get_unique_variable_name("classes")
        container.add_initializer(table, 7, [len(classes)], [int(c) for c in classes])
        _node(scope, container, "Gather", [table, index], label, 13, axis=0)
