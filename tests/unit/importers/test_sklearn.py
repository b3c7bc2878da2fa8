"""scikit-learn estimators against their own predictions; pickles; and which operators are left."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import datasets
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, RobustScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from limen.errors import BadInput, Unsupported, UnsupportedOp
from limen.importers import ImportOptions, import_file
from limen.importers.sklearn import from_sklearn
from limen.lower import LOWERINGS, lower
from limen.lower.prepare import prepare
from limen.model import Model, evaluate

DATA = {
    "iris": datasets.load_iris(return_X_y=True),
    "cancer": datasets.load_breast_cancer(return_X_y=True),
    "digits": datasets.load_digits(return_X_y=True),
    "diabetes": datasets.load_diabetes(return_X_y=True),
}
CLASSIFIERS: dict[str, tuple[str, Any]] = {
    "logistic": ("iris", make_pipeline(StandardScaler(), LogisticRegression())),
    "logistic_binary": ("cancer", make_pipeline(StandardScaler(), LogisticRegression())),
    "logistic_digits": ("digits", make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=300))),
    "pca": ("digits", make_pipeline(StandardScaler(), PCA(20), LogisticRegression(max_iter=300))),
    "svd": ("iris", make_pipeline(TruncatedSVD(2), LogisticRegression())),
    "mlp": ("digits", make_pipeline(MinMaxScaler(), MLPClassifier((32, 16), max_iter=30, random_state=0))),
    "mlp_binary": ("cancer", make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=60, random_state=0))),
    "normalizer_l2": ("iris", make_pipeline(Normalizer(), LogisticRegression())),
    "normalizer_l1": ("iris", make_pipeline(Normalizer("l1"), LogisticRegression())),
    "normalizer_max": ("iris", make_pipeline(Normalizer("max"), LogisticRegression())),
    "select": ("iris", make_pipeline(SelectKBest(k=2), RobustScaler(), LogisticRegression())),
    "impute": ("iris", make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())),
    "discriminant": ("iris", LinearDiscriminantAnalysis()),
    "bayes": ("iris", GaussianNB()),
}
TREES: dict[str, tuple[str, Any]] = {
    "tree": ("iris", DecisionTreeClassifier(max_depth=4, random_state=0)),
    "forest": ("digits", RandomForestClassifier(12, random_state=0)),
    "boosting": ("iris", GradientBoostingClassifier(n_estimators=10, random_state=0)),
    "histogram": ("digits", HistGradientBoostingClassifier(max_iter=8, random_state=0)),
    "histogram_binary": ("cancer", HistGradientBoostingClassifier(max_iter=20, random_state=0)),
    "neighbours": ("iris", KNeighborsClassifier()),
    "kernel": ("iris", SVC()),
}
REGRESSORS: dict[str, Any] = {
    "linear": make_pipeline(StandardScaler(), LinearRegression()),
    "ridge": Ridge(),
    "mlp": make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(16,), max_iter=60, random_state=0)),
    "boosting": GradientBoostingRegressor(n_estimators=20, random_state=0),
    "histogram": HistGradientBoostingRegressor(max_iter=20, random_state=0),
    "histogram_poisson": HistGradientBoostingRegressor(loss="poisson", max_iter=20, random_state=0),
}


def fit(estimator: Any, x: Any, y: Any) -> Any:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few iterations are enough here
        return estimator.fit(x, y)


def rows(name: str, count: int = 60) -> np.ndarray:
    """Samples over the whole range of a data set, as float32."""
    x = DATA[name][0]
    return x[:: max(1, len(x) // count)][:count].astype(np.float32)


def outputs(model: Model, x: np.ndarray) -> dict[str, np.ndarray]:
    each = [evaluate(model, {"x": row[np.newaxis]}) for row in x]
    return {name: np.concatenate([e[name] for e in each]) for name in each[0]}


def operators(model: Model) -> set[str]:
    return {f"{node.domain}:{node.op_type}" for node in model.ir.graph if node.domain not in ("", "ai.onnx")}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_linear_classifier_becomes_a_program_with_the_same_probabilities(name: str) -> None:
    data, estimator = CLASSIFIERS[name]
    fit(estimator, *DATA[data])
    model = from_sklearn(estimator, DATA[data][0].shape[1])
    found, x = outputs(model, rows(data)), rows(data)
    assert list(found) == ["probabilities", "label"]
    assert np.abs(found["probabilities"] - estimator.predict_proba(x)).max() <= 1e-4
    assert np.array_equal(found["label"], estimator.predict(x))
    assert operators(model) == set()
    assert lower(prepare(model, LOWERINGS)).nodes


@pytest.mark.parametrize("name", TREES)
def test_trees_and_kernels_run_on_onnxruntime_and_are_refused_elsewhere_by_name(name: str) -> None:
    data, estimator = TREES[name]
    fit(estimator, *DATA[data])
    model = from_sklearn(estimator, DATA[data][0].shape[1])
    found, x = outputs(model, rows(data)), rows(data)
    if hasattr(estimator, "predict_proba"):
        assert np.abs(found["probabilities"] - estimator.predict_proba(x)).max() <= 1e-4
    assert np.array_equal(found["label"], estimator.predict(x))
    with pytest.raises(UnsupportedOp, match="is not supported by"):
        lower(prepare(model, LOWERINGS))


@pytest.mark.parametrize("name", REGRESSORS)
def test_a_regressor_predicts_the_same(name: str) -> None:
    estimator = fit(REGRESSORS[name], *DATA["diabetes"])
    model = from_sklearn(estimator, 10)
    wanted = estimator.predict(rows("diabetes"))
    found = outputs(model, rows("diabetes"))["prediction"]
    assert found.shape == (len(wanted), 1)
    assert np.abs(found[:, 0] - wanted).max() <= 1e-4 * np.abs(wanted).max()


@pytest.mark.parametrize("estimator", [LinearSVC(), RidgeClassifier()], ids=["svm", "ridge"])
def test_a_classifier_without_probabilities_gives_scores(estimator: Any) -> None:
    fit(estimator, *DATA["iris"])
    found = outputs(from_sklearn(estimator, 4), rows("iris"))
    assert np.abs(found["scores"] - estimator.decision_function(rows("iris"))).max() <= 1e-4
    assert np.array_equal(found["label"], estimator.predict(rows("iris")))


def test_class_names_become_numbers_and_metadata() -> None:
    x, y = DATA["iris"]
    names = np.asarray(["setosa", "versicolor", "virginica"])
    estimator = fit(LogisticRegression(max_iter=300), x, names[y])
    model = from_sklearn(estimator, x)
    found = outputs(model, rows("iris"))["label"]
    assert found.dtype == np.int64
    assert np.array_equal(names[found], estimator.predict(rows("iris")))
    assert model.metadata["labels"] == '["setosa", "versicolor", "virginica"]'


def test_class_numbers_with_gaps_are_kept() -> None:
    x, y = DATA["iris"]
    estimator = fit(LogisticRegression(max_iter=300), x, y * 3 + 4)
    assert np.array_equal(outputs(from_sklearn(estimator, x), rows("iris"))["label"], estimator.predict(rows("iris")))


def test_a_transformer_gives_features() -> None:
    estimator = fit(make_pipeline(StandardScaler(), PCA(2)), *DATA["iris"])
    found = outputs(from_sklearn(estimator, 4), rows("iris"))["features"]
    assert np.abs(found - estimator.transform(rows("iris"))).max() <= 1e-4


def test_a_clustering_gives_distances_and_label() -> None:
    estimator = KMeans(3, n_init=2, random_state=0).fit(DATA["iris"][0])
    found = outputs(from_sklearn(estimator, 4), rows("iris"))
    assert np.array_equal(found["label"], estimator.predict(rows("iris").astype(np.float64)))


def test_the_difference_is_kept() -> None:
    estimator = fit(LogisticRegression(max_iter=300), *DATA["iris"])
    model = from_sklearn(estimator, DATA["iris"][0])
    assert model.metadata["verified"].startswith("largest difference")
    assert float(model.metadata["verified_max_abs"]) <= 1e-6


def test_thresholds_on_the_border_of_float32_are_decided_as_scikit_learn_does() -> None:
    """Values one float64 step apart share a float32; a threshold between them must not move past it."""
    base = np.float64(np.float32(0.1))
    x = np.sort(np.concatenate([base + np.arange(200) * 1e-9, [0.5, 0.6]]))[:, np.newaxis]
    y = np.arange(len(x), dtype=np.float64)
    estimator = HistGradientBoostingRegressor(max_iter=30, min_samples_leaf=1).fit(x, y)
    found = outputs(from_sklearn(estimator, x.astype(np.float32)), x.astype(np.float32))["prediction"][:, 0]
    wanted = estimator.predict(x.astype(np.float32).astype(np.float64))
    assert np.abs(found - wanted).max() <= 1e-4 * np.abs(wanted).max()


@pytest.mark.parametrize("suffix", ["pkl", "joblib", "pickle"])
def test_a_pickle_is_refused_unless_trusted(suffix: str, tmp_path: Path) -> None:
    estimator = fit(LogisticRegression(max_iter=300), *DATA["iris"])
    path = tmp_path / f"model.{suffix}"
    path.write_bytes(pickle.dumps(estimator))
    with pytest.raises(Unsupported, match="can run any code"):
        import_file(path)
    model = import_file(path, ImportOptions(trust_pickle=True))
    assert isinstance(model, Model)
    assert np.array_equal(outputs(model, rows("iris"))["label"], estimator.predict(rows("iris")))


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_a_refused_pickle_runs_nothing(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Trap(tmp_path / "ran")))
    with pytest.raises(Unsupported):
        import_file(tmp_path / "model.pkl")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"\x80\x04", b"\x80\x04garbage", pickle.dumps({"a": 1}), pickle.dumps(PCA(2))])
def test_a_trusted_pickle_of_something_else_is_an_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(content)
    with pytest.raises(BadInput):
        import_file(tmp_path / "model.pkl", ImportOptions(trust_pickle=True))
