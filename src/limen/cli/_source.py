"""Flags that several verbs share, and what they become."""

from __future__ import annotations

import argparse

from limen.errors import UsageError


def add_import_flags(parser: argparse.ArgumentParser) -> None:
    """Flags on how a model file is read."""
    parser.add_argument("--dim", action="append", default=[], metavar="NAME=N", help="fix a symbolic dimension")
    parser.add_argument("--state", action="append", default=[], metavar="IN=OUT", help="declare a state pair")
    parser.add_argument("--batch", type=int, default=1, metavar="N", help="samples per run (default 1)")
    parser.add_argument("--set", action="append", default=[], metavar="INPUT=X", help="make an input a constant")
    parser.add_argument("--trust-pickle", action="store_true", help="read .pkl/.joblib files: they can run code")


def import_settings(options: argparse.Namespace) -> dict[str, object]:
    """Keyword arguments for the library's import.

    Raises:
        UsageError: a pair is not NAME=VALUE.
    """
    return {
        "dimensions": {name: _whole("--dim", name, value) for name, value in _pairs("--dim", options.dim)},
        "states": tuple(_pairs("--state", options.state)),
        "batch": options.batch,
        "trust_pickle": options.trust_pickle,
        "constants": {name: _number(name, value) for name, value in _pairs("--set", options.set)},
    }


def add_step_flags(parser: argparse.ArgumentParser) -> None:
    """Flags on processing around the model."""
    parser.add_argument("--pre", metavar="SPEC", help="pre-processing steps, such as resize:size=96x96,normalise:...")
    parser.add_argument("--post", metavar="SPEC", help="post-processing steps, such as softmax,top_k:k=5")
    parser.add_argument("--labels", metavar="FILE", help="class names, one a line")


def _pairs(flag: str, values: list[str]) -> list[tuple[str, str]]:
    pairs = []
    for value in values:
        name, equals, other = value.partition("=")
        if not (name and equals and other):
            raise UsageError(f"{flag} {value!r} is not of the form NAME=VALUE")
        pairs.append((name, other))
    return pairs


def _whole(flag: str, name: str, value: str) -> int:
    if not value.isdigit() or int(value) < 1:
        raise UsageError(f"{flag} {name}={value!r}: not a whole number above 0")
    return int(value)


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise UsageError(f"--set {name}={value!r}: not a number") from None
