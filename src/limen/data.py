"""Labelled and unlabelled samples from what people have: .npz, .csv, a folder of images or recordings.

``.npz`` has the key ``x`` (or one key per model input) and optionally ``y``; the first axis is samples. A ``.csv`` has
a header row; its column ``y`` or ``label`` is the label, the others are features in order. A folder holds files, or one
folder per class, whose sorted names are the labels; pre-processing steps decode the files.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from limen.errors import DataError

Array = NDArray[Any]
MAX_BYTES = 8 << 30
LABEL_COLUMNS = ("y", "label")
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm", ".wav", ".npy")


class InputSpec(Protocol):
    """What the data must fit: an input's name and shape."""

    @property
    def name(self) -> str: ...

    @property
    def shape(self) -> tuple[int, ...]: ...


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples in memory.

    Args:
        inputs: key -> array [samples, ...]; the single key ``x`` stands for the model's only input.
        labels: [samples, ...] or None.
        classes: names of the classes where the source has them.
    """

    inputs: Mapping[str, Array]
    labels: Array | None = None
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def head(self, count: int) -> Dataset:
        """The first ``count`` samples."""
        labels = None if self.labels is None else self.labels[:count]
        return Dataset({k: v[:count] for k, v in self.inputs.items()}, labels, self.classes)

    def feeds(self, specs: Sequence[InputSpec]) -> Iterator[dict[str, Array]]:
        """One feed per run of the model, by the model's input names, at the model's batch.

        The last run is filled up by repeating its last sample where the samples do not divide.

        Raises:
            DataError: a key is missing or unknown, or a shape does not fit.
        """
        bound = self.bind(specs)
        batch = max(1, min((s.shape[0] for s in specs if s.shape), default=1))
        for start in range(0, len(self), batch):
            feed = {}
            for spec in specs:
                part = bound[spec.name][start : start + batch]
                if len(part) < batch:
                    part = np.concatenate([part, np.repeat(part[-1:], batch - len(part), axis=0)])
                feed[spec.name] = part.reshape(spec.shape)
            yield feed

    def bind(self, specs: Sequence[InputSpec]) -> dict[str, Array]:
        """Arrays by the model's input names, each [samples, sample shape], shapes checked.

        Raises:
            DataError: a key is missing or unknown, or a shape does not fit.
        """
        if set(self.inputs) == {"x"} and len(specs) == 1:
            named = {specs[0].name: self.inputs["x"]}
        else:
            named = dict(self.inputs)
        for spec in specs:
            if spec.name not in named:
                raise DataError(f"data: no array for input {spec.name!r}", f"it holds: {', '.join(sorted(named))}")
        unknown = sorted(set(named) - {s.name for s in specs})
        if unknown:
            wanted = ", ".join(s.name for s in specs)
            raise DataError(f"data: {unknown[0]!r} is no input of the model", f"its inputs are: {wanted}")
        return {spec.name: _fit(spec, named[spec.name]) for spec in specs}


def _fit(spec: InputSpec, array: Array) -> Array:
    sample = tuple(spec.shape[1:]) if spec.shape else ()
    if array.ndim >= 1 and array.shape[1:] == sample:
        return array
    if array.ndim >= 2 and array.shape[1:] == spec.shape and spec.shape[0] == 1:
        return array.reshape(len(array), *sample)
    if sample and array.ndim >= 1 and int(np.prod(array.shape[1:])) == int(np.prod(sample)) and 1 in sample:
        squeezed = tuple(d for d in array.shape[1:] if d != 1)
        if squeezed == tuple(d for d in sample if d != 1):
            return array.reshape(len(array), *sample)
    raise DataError(
        f"data: input {spec.name!r} takes samples of shape {list(sample)}, the array is {list(array.shape)}",
        "the first axis is samples",
    )


def load_data(path: str | Path, decode: Callable[[Any], Array] | None = None) -> Dataset:
    """Read a data set.

    Args:
        path: .npz, .csv, or a folder.
        decode: turns a file's path into one sample (a chain of pre-processing steps); needed for folders.

    Raises:
        DataError: it does not exist, cannot be read, is empty, or its arrays disagree on the number of samples.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: does not exist")
    if path.is_dir():
        return _folder(path, decode)
    if path.suffix.lower() == ".npz":
        return _npz(path)
    if path.suffix.lower() == ".csv":
        return _csv(path)
    raise DataError(f"{path}: {path.suffix or 'no suffix'} is not a data format", "give .npz, .csv or a folder")


def _npz(path: Path) -> Dataset:
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(info.file_size for info in archive.infolist())
        if total > MAX_BYTES:
            raise DataError(f"{path}: unpacks to {total} bytes, more than {MAX_BYTES}")
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except DataError:
        raise
    except (ValueError, OSError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError, MemoryError) as error:
        raise DataError(f"{path}: cannot be read as .npz: {error}") from error
    labels = arrays.pop("y", None)
    if not arrays:
        raise DataError(f"{path}: holds no inputs", "store the samples under the key x")
    counts = {name: (len(a) if a.ndim else -1) for name, a in arrays.items()}
    if labels is not None:
        counts["y"] = len(labels) if labels.ndim else -1
    if len(set(counts.values())) != 1 or min(counts.values()) < 1:
        raise DataError(f"{path}: numbers of samples differ or are zero: {counts}")
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise DataError(f"{path}: {name} is {array.dtype}, not numbers")
    return Dataset(arrays, labels)


def _csv(path: Path) -> Dataset:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as .csv: {error}") from error
    if len(rows) < 2:
        raise DataError(f"{path}: has no rows below its header")
    header = [name.strip() for name in rows[0]]
    label = next((i for i, name in enumerate(header) if name in LABEL_COLUMNS), None)
    values, labels = [], []
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(header):
            raise DataError(f"{path}: line {number} has {len(row)} fields, the header {len(header)}")
        labels.append("" if label is None else row[label].strip())
        values.append([_number(path, number, v) for i, v in enumerate(row) if i != label])
    array = np.asarray(values, np.float32)
    if label is None:
        return Dataset({"x": array})
    return Dataset({"x": array}, *_label_codes(labels))


def _number(path: Path, line: int, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DataError(f"{path}: line {line}: {text!r} is not a number") from None


def _label_codes(labels: list[str]) -> tuple[Array, tuple[str, ...]]:
    """Numbers stay numbers; names become indices into the sorted class names."""
    try:
        numbers = np.asarray([float(v) for v in labels])
    except ValueError:
        classes = tuple(sorted(set(labels)))
        return np.asarray([classes.index(v) for v in labels], np.int64), classes
    whole = bool(np.all(numbers == np.round(numbers)))
    return (numbers.astype(np.int64) if whole else numbers.astype(np.float32)), ()


def _folder(path: Path, decode: Callable[[Any], Array] | None) -> Dataset:
    classes = tuple(sorted(p.name for p in path.iterdir() if p.is_dir()))
    files: list[tuple[Path, int]] = []
    for index, folder in enumerate([path / name for name in classes] or [path]):
        files += [(f, index) for f in sorted(folder.iterdir()) if f.suffix.lower() in _SUFFIXES]
    if not files:
        raise DataError(f"{path}: holds no files that can be decoded", "known: " + " ".join(_SUFFIXES))
    if decode is None:
        raise DataError(f"{path}: a folder needs pre-processing steps to become samples", "give --pre SPEC")
    samples = [np.asarray(decode(file)) for file, _ in files]
    shapes = {sample.shape for sample in samples}
    if len(shapes) != 1:
        raise DataError(f"{path}: samples have different shapes {sorted(shapes)[:3]}", "add a resize step to --pre")
    labels = np.asarray([index for _, index in files], np.int64) if classes else None
    return Dataset({"x": np.stack(samples)}, labels, classes)
