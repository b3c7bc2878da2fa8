"""Other tools' int8 files of the OCR benchmark: ONNX Runtime's quantiser and NNCF, as the file ships and normalised."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_dynamic, quantize_static


class _Reader:
    def __init__(self, x: np.ndarray, name: str) -> None:
        self.feeds: Iterator[dict[str, np.ndarray]] = iter([{name: line[None]} for line in x])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.feeds, None)


def rival_files(stage: Any) -> dict[str, Callable[[], bytes]]:
    """Name -> how to make it; a tool that is not installed is left out."""
    x = stage.calibration.x
    makers: dict[str, Callable[[], bytes]] = {}
    for word, data in (("as is", stage.float_file), ("normalised", stage.normal_file)):
        makers[f"ORT per tensor, {word}"] = _ort(data, x, False)
        makers[f"ORT per channel, {word}"] = _ort(data, x, True)
        makers[f"ORT percentile, {word}"] = _ort(data, x, True, CalibrationMethod.Percentile)
        makers[f"ORT dynamic, {word}"] = _dynamic(data)
        if importlib.util.find_spec("nncf") is not None:
            makers[f"NNCF, {word}"] = _nncf(data, x)
    return makers


def _ort(
    data: bytes, x: np.ndarray, per_channel: bool, method: CalibrationMethod = CalibrationMethod.MinMax
) -> Callable[[], bytes]:
    def make() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            source, result = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
            source.write_bytes(data)
            name = onnx.load_from_string(data).graph.input[0].name
            quantize_static(
                source, result, _Reader(x, name), quant_format=QuantFormat.QDQ, per_channel=per_channel,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, calibrate_method=method,
            )  # fmt: skip
            return result.read_bytes()

    return make


def _dynamic(data: bytes) -> Callable[[], bytes]:
    def make() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            source, result = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
            source.write_bytes(data)
            quantize_dynamic(source, result, weight_type=QuantType.QUInt8)
            return result.read_bytes()

    return make


def _nncf(data: bytes, x: np.ndarray) -> Callable[[], bytes]:
    def make() -> bytes:
        import nncf

        model = onnx.load_from_string(data)
        name = model.graph.input[0].name
        samples = nncf.Dataset(list(x), lambda line: {name: line[None]})
        return bytes(nncf.quantize(model, samples, subset_size=len(x)).SerializeToString())

    return make
