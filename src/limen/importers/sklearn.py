"""scikit-learn estimators and pipelines: ``from_sklearn``, and pickled files where they are trusted.

skl2onnx converts; linear models, scalers and small networks then become standard operators, trees and kernel machines
stay operators that onnxruntime knows. A classifier gives its probabilities (or scores) and its label.
"""

from __future__ import annotations

import importlib.util
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from limen.errors import LimenError, MissingExtra, ModelError, Unsupported, UnsupportedOp
from limen.importers import Importer, ImportOptions
from limen.importers._ml_ops import without_ml_ops
from limen.importers._sklearn_boosting import convert_classifier, convert_regressor
from limen.importers._verification import verify
from limen.model import Model, from_proto, shape_of, static_shapes
from limen.model.graph import Array

_OPSETS = {"": 18, "ai.onnx.ml": 3}
_SAMPLES = 16
_TRUST = (
    "a pickle can run any code: pass --trust-pickle if you made the file, or convert it where it was trained: "
    "limen.importers.sklearn.from_sklearn(estimator, n_features)"
)


def from_sklearn(estimator: Any, example: Any, options: ImportOptions | None = None) -> Model:
    """Import a fitted estimator or pipeline; the input is ``x``, float32 [batch, features].

    Args:
        estimator: fitted.
        example: number of features, or samples [n, features] that also serve to verify.
        options: batch.

    Returns:
        A Model with the outputs ``probabilities`` (or ``scores``) and ``label`` for classifiers, ``prediction`` for
        regressors, ``features`` for transformers. Class names are in its metadata as ``labels``.

    Raises:
        MissingExtra: scikit-learn or skl2onnx is not installed.
        UnsupportedOp: skl2onnx cannot convert the estimator.
        VerificationError: the result differs from what scikit-learn computes.
    """
    for name in ("sklearn", "skl2onnx"):
        if importlib.util.find_spec(name) is None:
            raise MissingExtra({"sklearn": "scikit-learn"}.get(name, name), "sklearn")
    options = options or ImportOptions()
    samples = _samples(estimator, example)
    proto = _renamed(_converted(estimator, samples.shape[1]), estimator)
    model = without_ml_ops(from_proto(proto, type(estimator).__name__), options.batch)
    model = static_shapes(model, options.dimensions, options.batch)
    metadata = {"source": f"scikit-learn {_version()}", **_labels(estimator)}
    model = replace(model, metadata=metadata)
    feeds = [{"x": np.repeat(row[np.newaxis], options.batch, 0)} for row in samples[:_SAMPLES]]
    return verify(model, metadata["source"], _runner(model, estimator), feeds).on(model)


def _version() -> str:
    import sklearn

    return str(sklearn.__version__)


def _samples(estimator: Any, example: Any) -> Array:
    """Samples to verify with: the given ones, or seeded ones around what the first scaler saw."""
    if not isinstance(example, int | np.integer):
        given = np.asarray(example, np.float32)
        if given.ndim != 2 or not given.size:
            raise ModelError(f"the example must be samples of shape [n, features], found {list(given.shape)}")
        return given
    generator = np.random.default_rng(0)
    samples: Array = generator.normal(size=(_SAMPLES, int(example)))
    first = estimator
    while getattr(first, "steps", None):
        first = first.steps[0][1]
    scale, mean = getattr(first, "scale_", None), getattr(first, "mean_", None)
    if scale is not None and mean is not None and np.shape(scale) == (example,):
        samples = samples * scale + mean
    elif getattr(first, "data_min_", None) is not None:
        samples = first.data_min_ + generator.random(samples.shape) * first.data_range_
    return samples.astype(np.float32)


def _final(estimator: Any) -> Any:
    while getattr(estimator, "steps", None):
        estimator = estimator.steps[-1][1]
    return estimator


def _converted(estimator: Any, features: int) -> onnx.ModelProto:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    boosting = {
        HistGradientBoostingClassifier: convert_classifier,
        HistGradientBoostingRegressor: convert_regressor,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            proto: onnx.ModelProto = convert_sklearn(
                estimator,
                initial_types=[("x", FloatTensorType([None, features]))],
                options=_options(estimator),
                target_opset=_OPSETS,
                custom_conversion_functions=boosting,
                custom_shape_calculators={kind: _calculator(kind) for kind in boosting},
            )
            return proto
        except LimenError:
            raise
        except Exception as error:
            lines = str(error).splitlines()
            why = f"skl2onnx: {lines[0][:200] if lines else type(error).__name__}"
            raise UnsupportedOp(type(estimator).__name__, "this estimator", "the scikit-learn importer", why) from error


def _calculator(kind: type) -> Any:
    from skl2onnx.common._registration import get_shape_calculator

    return get_shape_calculator(f"Sklearn{kind.__name__}")


def _options(estimator: Any) -> dict[int, dict[str, bool]]:
    """No dictionaries as outputs; class numbers instead of class names."""
    final = _final(estimator)
    if not hasattr(final, "classes_"):
        return {}
    named = np.asarray(final.classes_).dtype.kind not in "iu"
    chosen = {"zipmap": False} if hasattr(final, "predict_proba") else {}
    return {id(final): {**chosen, **({"nocl": True} if named else {})}}


def _labels(estimator: Any) -> dict[str, str]:
    classes = getattr(_final(estimator), "classes_", None)
    return {} if classes is None else {"labels": json.dumps([str(c) for c in np.asarray(classes).reshape(-1)])}


def _renamed(proto: onnx.ModelProto, estimator: Any) -> onnx.ModelProto:
    """Outputs under limen's names, the one with values before the label."""
    final = _final(estimator)
    scores = "probabilities" if hasattr(final, "predict_proba") else "scores"
    plain = "prediction" if hasattr(final, "predict") else "features"
    table = {"probabilities": scores, "output_probability": scores, "variable": plain, "output_label": "label"}
    table = {o.name: table.get(o.name, o.name) for o in proto.graph.output}
    _without_zipmaps(proto)
    inner = {name for node in proto.graph.node for name in node.output} - set(table)
    moved = {name: f"{name}/inner" for name in inner & set(table.values())} | table
    for node in proto.graph.node:
        node.input[:] = [moved.get(name, name) for name in node.input]
        node.output[:] = [moved.get(name, name) for name in node.output]
    proto.graph.name = type(final).__name__
    outputs = sorted(proto.graph.output, key=lambda o: table[o.name] == "label")
    for output in outputs:
        output.name = table[output.name]
    ordered = [onnx.ValueInfoProto.FromString(o.SerializeToString()) for o in outputs]
    del proto.graph.output[:]
    proto.graph.output.extend(ordered)
    return proto


def _without_zipmaps(proto: onnx.ModelProto) -> None:
    """Scores as a tensor instead of a dictionary per sample."""
    for node in proto.graph.node:
        if node.op_type == "ZipMap":
            node.op_type, node.domain = "Identity", ""
            del node.attribute[:]
    for output in proto.graph.output:
        if output.type.HasField("sequence_type"):
            output.type.CopyFrom(onnx.helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, [None, None]))


def _runner(model: Model, estimator: Any) -> Callable[[Mapping[str, Array]], Sequence[Array | None]]:
    """scikit-learn's side, in the order and the shapes of the Model's outputs; None for what it does not offer."""
    shapes = {str(v.name): shape_of(v) or () for v in model.ir.graph.outputs}
    methods = {
        "probabilities": ("predict_proba",),
        "scores": ("decision_function", "transform"),
        "label": ("predict",),
        "prediction": ("predict",),
        "features": ("transform",),
    }

    def run(feed: Mapping[str, Array]) -> Sequence[Array | None]:
        found: list[Array | None] = []
        for name, shape in shapes.items():
            method = next((m for m in methods.get(name, ()) if hasattr(estimator, m)), None)
            result = None if method is None else getattr(estimator, method)(feed["x"].astype(np.float64))
            found.append(None if result is None else _fitted(_numbered(result, name, estimator), shape))
        return found

    return run


def _numbered(result: Any, name: str, estimator: Any) -> Array:
    """Class names as their numbers."""
    array = np.asarray(result.toarray() if hasattr(result, "toarray") else result)
    if name == "label" and array.dtype.kind not in "iuf":
        classes = list(_final(estimator).classes_)
        return np.asarray([classes.index(c) for c in array], np.int64)
    return array


def _fitted(array: Array, shape: tuple[int, ...]) -> Array:
    """In the Model's shape: a column for one value per sample, both signs for a binary score."""
    if array.ndim == 1 and np.prod(shape) == 2 * array.size:
        array = np.stack([-array, array], 1)
    return array.reshape(shape) if array.size == np.prod(shape) else array


def read(path: Path, options: ImportOptions) -> Model:
    """Read a pickled estimator, only where pickles are trusted.

    Raises:
        Unsupported: pickles are not trusted.
        ModelError: the file cannot be unpickled, or holds no fitted estimator that knows its features.
    """
    if path.suffix.lower() == ".skops":
        return _imported(_from_skops(path), path, options)
    if not options.trust_pickle:
        raise Unsupported(f"{path}: pickled estimators are not read", _TRUST)
    try:
        import joblib
    except ImportError as error:
        raise MissingExtra("scikit-learn", "sklearn") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            estimator = joblib.load(path)
        except Exception as error:
            raise ModelError(f"{path}: cannot be unpickled: {type(error).__name__}: {error}") from error
    return _imported(estimator, path, options)


def _from_skops(path: Path) -> Any:
    """An estimator of a skops file, which names the types it holds; only scikit-learn's and numpy's are taken.

    Raises:
        MissingExtra: skops is not installed.
        Unsupported: the file holds other types.
    """
    try:
        from skops import io
    except ImportError as error:
        raise MissingExtra("skops", hint="pip install skops") from error
    try:
        unknown = io.get_untrusted_types(file=path)
        if unknown:
            raise Unsupported(f"{path}: holds types that are not trusted: {', '.join(unknown)}", _TRUST)
        return io.load(path, trusted=[])
    except LimenError:
        raise
    except Exception as error:
        raise ModelError(f"{path}: skops cannot read it: {type(error).__name__}: {error}") from error


def _imported(estimator: Any, path: Path, options: ImportOptions) -> Model:
    if not (hasattr(estimator, "predict") or hasattr(estimator, "transform")):
        raise ModelError(f"{path}: holds a {type(estimator).__name__}, not a scikit-learn estimator")
    features = getattr(estimator, "n_features_in_", None)
    if features is None:
        raise ModelError(f"{path}: the estimator is not fitted, or does not say how many features it takes")
    return from_sklearn(estimator, int(features), options)


def _sniff(head: bytes) -> bool:
    return head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")


IMPORTER = Importer(name="sklearn", suffixes=(".joblib", ".pkl", ".pickle", ".skops"), sniff=_sniff, load=read)
