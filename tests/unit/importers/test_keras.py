"""Keras files against what else is known of them: LiteRT on the same network, numpy, and the formats' history."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from limen.errors import UnsupportedOp
from limen.importers import ImportOptions, import_file
from limen.model import Model, evaluate
from unit.importers.keras_files import after, chain, functional, layer, write

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
RNG = np.random.default_rng(3)
NORM = ("gamma", "beta", "moving_mean", "moving_variance")


def load(path: Path, options: ImportOptions | None = None) -> Model:
    model = import_file(path, options)
    assert isinstance(model, Model)
    return model


def run(model: Model, **feeds: np.ndarray) -> list[np.ndarray]:
    return list(evaluate(model, feeds).values())


def weights(*shape: int) -> np.ndarray:
    return RNG.normal(0, 0.5, shape).astype(np.float32)


def difference_from_tflite(model: Model, path: Path, low: float, high: float) -> float:
    """Largest difference on 20 random inputs, relative to the values."""
    from ai_edge_litert.interpreter import Interpreter

    worst = 0.0
    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    entry, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    for _ in range(20):
        x = RNG.uniform(low, high, entry["shape"]).astype(np.float32)
        interpreter.set_tensor(entry["index"], x)
        interpreter.invoke()
        wanted = interpreter.get_tensor(result["index"])
        (found,) = run(model, input_1=x)
        worst = max(worst, float(np.abs(found - wanted).max() / max(1.0, np.abs(wanted).max())))
    return worst


@pytest.mark.parametrize(
    ("source", "float_file", "high"),
    [("ic_resnet8.h5", "ic_resnet8_float.tflite", 255), ("vww_96.h5", "vww_float.tflite", 1)],
)
def test_a_benchmark_model_equals_its_float_tflite(shared: Path, source: str, float_file: str, high: float) -> None:
    folder = shared / "models" / "mlperf-tiny"
    assert difference_from_tflite(load(folder / source), folder / float_file, 0, high) <= 1e-4


def test_the_autoencoder_equals_its_float_tflite_without_hidden_biases(shared: Path, tmp_path: Path) -> None:
    """The converter of that time lost each bias in front of a batch normalisation; weights and norms are the same."""
    folder = shared / "models" / "mlperf-tiny"
    path = tmp_path / "ad01.h5"
    path.write_bytes((folder / "ad01.h5").read_bytes())
    with h5py.File(path, "a") as file:
        for name in ["dense", *(f"dense_{n}" for n in range(1, 9))]:
            file[f"model_weights/{name}/{name}/bias:0"][...] = 0
    assert difference_from_tflite(load(path), folder / "ad01_fp32.tflite", -40, 10) <= 1e-4


def test_the_autoencoder_equals_its_own_arithmetic(shared: Path) -> None:
    path = shared / "models" / "mlperf-tiny" / "ad01.h5"
    x = RNG.uniform(-40, 10, (1, 640)).astype(np.float32)
    y = x.astype(np.float64)
    with h5py.File(path) as file:
        root = file["model_weights"]
        for number in range(10):
            name = "dense" if number == 0 else f"dense_{number}"
            dense = root[f"{name}/{name}"]
            y = y @ dense["kernel:0"][()] + dense["bias:0"][()]
            if number < 9:
                name = name.replace("dense", "batch_normalization")
                norm = {key: root[f"{name}/{name}/{key}:0"][()] for key in NORM}
                y = (y - norm["moving_mean"]) / np.sqrt(norm["moving_variance"] + 1e-3) * norm["gamma"] + norm["beta"]
                y = np.maximum(y, 0)
    assert np.abs(run(load(path), input_1=x)[0] - y).max() <= 1e-4 * np.abs(y).max()


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_the_committed_digits_classifier_keeps_its_accuracy(suffix: str) -> None:
    import runpy

    split = runpy.run_path(str(EXAMPLES / "digits" / "data.py"))["split"]
    model = load(EXAMPLES / "digits" / f"digits.{suffix}")
    _, (x, y) = split(0)
    guesses = [int(run(model, picture=x[i : i + 1])[0].argmax()) for i in range(len(x))]
    assert (np.asarray(guesses) == y).mean() >= 0.98


def test_the_interface_is_the_one_of_keras() -> None:
    model = load(EXAMPLES / "digits" / "digits.h5")
    shapes = {str(v.name): tuple(v.shape or ()) for v in (*model.ir.graph.inputs, *model.ir.graph.outputs)}
    assert shapes == {"picture": (1, 8, 8, 1), "probability": (1, 10)}
    assert model.metadata["verified"]


def test_the_batch_is_an_option(tmp_path: Path) -> None:
    config = chain([4], layer("Dense", "d", units=3))
    path = write(tmp_path / "m.h5", config, {"d": [("d/kernel:0", weights(4, 3)), ("d/bias:0", weights(3))]})
    assert tuple(load(path, ImportOptions(batch=5)).ir.graph.inputs[0].shape or ()) == (5, 4)


def test_an_open_extent_is_fixed_by_option(tmp_path: Path) -> None:
    config = chain([None, 3], layer("GlobalMaxPooling1D", "p"))
    path = write(tmp_path / "m.h5", config)
    model = load(path, ImportOptions(dimensions={"x:1": 7}))
    assert tuple(model.ir.graph.inputs[0].shape or ()) == (1, 7, 3)


@pytest.mark.parametrize(("version", "slope"), [("2.4.0", 0.2), ("3.5.0", 1 / 6)])
def test_hard_sigmoid_has_the_slope_of_its_keras_version(tmp_path: Path, version: str, slope: float) -> None:
    config = chain([5], layer("Activation", "a", activation="hard_sigmoid", trainable=True))
    model = load(write(tmp_path / "m.h5", config, version=version))
    x = np.asarray([[-4, -1, 0, 1, 4]], np.float32)
    assert np.allclose(run(model, x=x)[0], np.clip(slope * x + 0.5, 0, 1), atol=1e-6)


@pytest.mark.parametrize("size", [(3, 2), (2, 3), (4, 4)])
@pytest.mark.parametrize("stride", [(1, 2), (2, 1), (2, 2)])
def test_average_pooling_leaves_padding_out(tmp_path: Path, size: tuple[int, int], stride: tuple[int, int]) -> None:
    config = chain(
        [7, 8, 2], layer("AveragePooling2D", "p", pool_size=list(size), strides=list(stride), padding="same")
    )
    model = load(write(tmp_path / "m.h5", config))
    x = weights(1, 7, 8, 2)
    found = run(model, x=x)[0]
    for out_row, out_column in np.ndindex(found.shape[1:3]):
        rows, columns = (
            _window(at, s, k, extent)
            for at, s, k, extent in zip((out_row, out_column), stride, size, x.shape[1:3], strict=True)
        )
        assert np.allclose(found[0, out_row, out_column], x[0, rows, columns].mean((0, 1)), atol=1e-6)


def _window(at: int, stride: int, size: int, extent: int) -> slice:
    """Positions under the window by TensorFlow's rule: less padding before than after."""
    total = max((-(-extent // stride) - 1) * stride + size - extent, 0)
    begin = at * stride - total // 2
    return slice(max(begin, 0), min(begin + size, extent))


def test_keras_1_names_and_options_are_read(tmp_path: Path) -> None:
    kernel, bias, dense, offset = weights(3, 3, 2, 4), weights(4), weights(36, 3), weights(3)
    stack = [
        {
            "class_name": "Convolution2D",
            "config": {
                "name": "convolution2d_1", "nb_filter": 4, "nb_row": 3, "nb_col": 3, "border_mode": "valid",
                "subsample": [1, 1], "dim_ordering": "tf", "bias": True, "activation": "relu",
                "batch_input_shape": [None, 5, 5, 2],
            },
        },
        {"class_name": "Flatten", "config": {"name": "flatten_1"}},
        {"class_name": "Dense", "config": {"name": "dense_1", "output_dim": 3, "activation": "linear", "bias": True}},
    ]  # fmt: skip
    path = write(
        tmp_path / "m.h5",
        {"class_name": "Sequential", "config": stack},
        {
            "convolution2d_1": [("convolution2d_1_W:0", kernel), ("convolution2d_1_b:0", bias)],
            "dense_1": [("dense_1_W:0", dense), ("dense_1_b:0", offset)],
        },
        version="1.2.2",
    )
    x = weights(1, 5, 5, 2)
    windows = np.lib.stride_tricks.sliding_window_view(x[0], (3, 3), (0, 1))
    hidden = np.maximum(np.einsum("yxcij,ijco->yxo", windows, kernel) + bias, 0)
    found = run(load(path), convolution2d_1_input=x)[0]
    assert np.allclose(found[0], hidden.reshape(-1) @ dense + offset, atol=1e-5)


def test_tensorflow_operations_of_tf_keras_are_read(tmp_path: Path) -> None:
    """hard_swish as tf.keras' MobileNetV3 writes it: x * relu6(x + 3) / 6."""
    entry = layer("InputLayer", "x", batch_input_shape=[None, 6], dtype="float32")
    plus = layer("TFOpLambda", "plus", [["x", 0, 0, {"y": 3.0, "name": None}]], function="math.add")
    gate = layer("ReLU", "gate", after("plus"), max_value=6.0, negative_slope=0.0, threshold=0.0)
    part = layer("TFOpLambda", "part", [["gate", 0, 0, {"y": 1 / 6, "name": None}]], function="math.multiply")
    both = layer("TFOpLambda", "both", [["x", 0, 0, {"y": ["part", 0, 0], "name": None}]], function="math.multiply")
    rest = layer("TFOpLambda", "rest", [["_CONSTANT_VALUE", -1, 1.0, {"y": ["both", 0, 0]}]], function="math.subtract")
    config = functional([entry, plus, gate, part, both, rest], ["x"], ["rest"])
    x = np.linspace(-4, 4, 6, dtype=np.float32)[None]
    found = run(load(write(tmp_path / "m.h5", config)), x=x)[0]
    assert np.allclose(found, 1 - x * np.clip(x + 3, 0, 6) / 6, atol=1e-6)


def test_unknown_groups_of_old_depthwise_layers_are_ignored(tmp_path: Path) -> None:
    """Keras 3 refuses the common MobileNet .h5 for its ``groups`` here."""
    kernel = weights(3, 3, 2, 1)
    config = chain(
        [5, 5, 2],
        layer("DepthwiseConv2D", "d", kernel_size=[3, 3], strides=[1, 1], padding="valid", groups=1, use_bias=False),
    )
    path = write(tmp_path / "m.h5", config, {"d": [("d/depthwise_kernel:0", kernel)]})
    x = weights(1, 5, 5, 2)
    windows = np.lib.stride_tricks.sliding_window_view(x[0], (3, 3), (0, 1))
    assert np.allclose(run(load(path), x=x)[0][0], np.einsum("yxcij,ijc->yxc", windows, kernel[..., 0]), atol=1e-5)


def test_a_stateful_layer_declares_its_state(tmp_path: Path) -> None:
    kernel, inner, bias = weights(3, 4), weights(4, 4), weights(4)
    config = chain([2, 3], layer("SimpleRNN", "r", units=4, stateful=True, activation="tanh"))
    names = ["r/cell/kernel:0", "r/cell/recurrent_kernel:0", "r/cell/bias:0"]
    path = write(tmp_path / "m.h5", config, {"r": list(zip(names, (kernel, inner, bias), strict=True))})
    model = load(path)
    (pair,) = model.states
    state = wanted = np.zeros((1, 4), np.float32)
    for _ in range(3):
        x = weights(1, 2, 3)
        found = evaluate(model, {"x": x, pair.input: state})
        state = found[pair.output]
        for step in range(2):
            wanted = np.tanh(x[:, step] @ kernel + wanted @ inner + bias)
        assert np.allclose(found["r"], wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("stack", "named"),
    [
        ([layer("Lambda", "mine", function=["code"])], "mine: Lambda"),
        ([layer("Swirl", "odd")], "odd: Swirl"),
        ([layer("MaxPooling1D", "p", data_format="channels_first")], "p: MaxPooling1D: data_format"),
        ([layer("Activation", "a", activation="my_function")], "a: Activation: activation 'my_function'"),
        ([layer("Masking", "m")], "m: Masking"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path, stack: list[dict[str, object]], named: str) -> None:
    with pytest.raises(UnsupportedOp, match="keras") as caught:
        load(write(tmp_path / "m.h5", chain([4, 3], *stack)))
    assert named in str(caught.value)


def test_a_mask_is_not_lost_silently(tmp_path: Path) -> None:
    table = weights(9, 3)
    config = chain(
        [4], layer("Embedding", "e", input_dim=9, output_dim=3, mask_zero=True), layer("GlobalAveragePooling1D", "p")
    )
    with pytest.raises(UnsupportedOp, match="mask"):
        load(write(tmp_path / "m.h5", config, {"e": [("e/embeddings:0", table)]}))
