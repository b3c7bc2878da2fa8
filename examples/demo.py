"""limen in a minute: a digit classifier to a verified bundle on every engine, then a wake word found in speech, then
both as C on virtual microcontrollers, then updates of a device, of which one is a bad one.

    python examples/demo.py [FOLDER]

Without FOLDER the bundles are thrown away. Nothing is downloaded. Needs ``pip install 'limen[demo]'``.
"""

from __future__ import annotations

import argparse
import collections
import json
import runpy
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import limen
from limen.bundle import PrivateKey, load_public, save_pair
from limen.steps import Context

HERE = Path(__file__).parent
RECIPES = ("float32", "float16", "int16x8", "int8")
WAKE_WORD = "okay_nabu"
BOARDS = ("cortex-m4", "esp32-c3")
SENTENCES = (
    "okay nabu, turn on the light",
    "hello, please turn on the kitchen light",
    "okay google, what is the weather",
)
CHUNK = 320  # 20 ms at 16 kHz, as a microphone delivers them

Say = Callable[[str], None]


def digits(folder: Path, say: Say = print, recipes: tuple[str, ...] = RECIPES, samples: int = 360) -> dict[str, Any]:
    """The committed Keras file by each recipe to a signed bundle; the last one is verified and run on every engine.

    Args:
        folder: where the data and the bundles go.
        say: called with each line for a person.
        recipes: the last one is verified, evaluated and asked for one digit.
        samples: how many of the 360 held-out digits count.
    """
    (x, y), (x_test, y_test) = runpy.run_path(str(HERE / "digits" / "data.py"))["split"]()
    np.savez(folder / "train.npz", x=x, y=y)
    np.savez(folder / "test.npz", x=x_test[:samples], y=y_test[:samples])
    model = HERE / "digits" / "digits.keras"
    say(f"digits: {model.name}, {model.stat().st_size:,} bytes, calibrated on 256 of {len(x)} digits")
    private, key = folder / "demo.key", folder / "demo.key.pub"
    if not private.exists():
        save_pair(PrivateKey.generate(), private)
    rows = [row for recipe in recipes for row in _variants(model, folder, recipe, private)]
    say(_table(rows))
    bundle = folder / f"digits-{recipes[-1]}.limen"
    checked = limen.verify(bundle, key=key)
    say(f"\n{bundle.name}\n{checked.text()}")
    scores = [
        limen.evaluate(bundle, folder / "test.npz", engine=name) for name in ("litert", "ort", "reference", "native")
    ]
    for score in scores:
        say(f"evaluated {score.text()}")
    with limen.load(bundle, keys=(load_public(key),)) as session:
        answer = session.predict(x_test[0])
    say(f"one digit: {answer.label}, probability {answer.probability:.3f}; it is a {y_test[0]}")
    return {
        "variants": rows,
        "verify": checked.to_json(),
        "evaluate": [score.to_json() for score in scores],
        "answer": {"label": answer.label, "probability": answer.probability, "truth": int(y_test[0])},
    }


def _variants(model: Path, folder: Path, recipe: str, key: Path) -> Iterator[dict[str, Any]]:
    built = limen.build(
        model,
        folder / f"digits-{recipe}.limen",
        data=folder / "train.npz",
        evaluation=folder / "test.npz",
        recipe=recipe,
        key=key,
    )
    for row in built.report["variants"]:
        yield {"variant": recipe, **row}


def _table(rows: list[dict[str, Any]]) -> str:
    head = f"{'variant':<8} {'engine':<10} {'accuracy':>8} {'SQNR dB':>8} {'size B':>8} {'RAM B':>8} {'median us':>10}"
    lines = [head]
    for row in rows:
        ram = "-" if row["ram_bytes"] is None else f"{row['ram_bytes']:,}"
        lines.append(
            f"{row['variant']:<8} {row['engine']:<10} {row['metric']:>8.4f} {row['sqnr_db']:>8.1f} "
            f"{row['size_bytes']:>8,} {ram:>8} {row['latency_us']:>10,.1f}"
        )
    return "\n".join(lines)


@dataclass(frozen=True)
class Heard:
    """What a stream gave: the highest mean probability, and the second at which it passed the cut-off."""

    highest: float
    second: float | None


def listen(session: limen.Session, sound: NDArray[np.int16], cutoff: float, window: int, chunk: int = CHUNK) -> Heard:
    """Stream a sound through the front end and the model, as a device would: chunk by chunk, with state.

    Args:
        session: of the wake-word bundle; input [1, frames, 40], output [1, 1].
        sound: 16 kHz samples.
        cutoff: mean probability above which the word is found.
        window: how many probabilities the mean is over.
        chunk: samples that arrive at once.
    """
    session.reset()
    front_end, context = session.bundle.chain("pre"), Context()
    (name,), (result,) = session.inputs, session.outputs
    wanted = session.entry.inputs[0].source_shape()[1]
    waiting = np.zeros((0, 40), np.float32)
    last = collections.deque([0.0] * window, maxlen=window)
    highest, second, frames = 0.0, None, 0
    for start in range(0, len(sound), chunk):
        waiting = np.concatenate([waiting, front_end.run(sound[start : start + chunk], context)])
        while len(waiting) >= wanted:
            outputs = session.run({name: waiting[None, :wanted]})
            waiting, frames = waiting[wanted:], frames + wanted
            last.append(float(outputs[result].item()))
            mean = sum(last) / window
            highest = max(highest, mean)
            if mean > cutoff and second is None:
                second = frames / 100  # a frame every 10 ms
    return Heard(highest, second)


def wake_word(folder: Path, say: Say = print, sentences: tuple[str, ...] = SENTENCES) -> dict[str, Any]:
    """A model that nobody here wrote, from file to bundle, listening to synthesised speech."""
    import pymicro_wakeword

    source = Path(pymicro_wakeword.__file__).parent / "models" / f"{WAKE_WORD}.tflite"
    settings = json.loads(source.with_suffix(".json").read_text())["micro"]
    built = limen.build(source, folder / f"{WAKE_WORD}.limen", pre="micro_frontend")
    checked = limen.verify(built.output)
    replayed = ", ".join(f"{r.engine}{' (exact)' * r.exact} {r.max_lsb} LSB" for r in checked.replays)
    say(f"\nwake word: {source.name} of pymicro-wakeword, {source.stat().st_size:,} bytes; verified: {replayed}")
    speak = runpy.run_path(str(HERE / "wakeword" / "speech.py"))["speak"]
    heard = []
    with limen.load(built.output) as session:
        for sentence in sentences:
            sound = speak(sentence)
            found = listen(session, sound, settings["probability_cutoff"], settings["sliding_window_size"])
            verdict = "nothing" if found.second is None else f"found at {found.second:.2f} s"
            say(f"  {sentence!r}, {len(sound) / 16000:.1f} s: {verdict}; highest mean probability {found.highest:.2f}")
            heard.append({"text": sentence, "highest": found.highest, "second": found.second})
    return {"core_digest": built.core_digest, "verify": checked.to_json(), "heard": heard, "source": str(source)}


def microcontrollers(folder: Path, accuracy: float, wake_word: Path, say: Say = print) -> list[dict[str, Any]]:
    """Both models compiled to C and run on virtual microcontrollers, which count instructions and bytes.

    Args:
        folder: with the calibration data.
        accuracy: of the digits on the reference engine; the C gives the same codes, so it has the same.
        wake_word: the model file.
        say: called with each line for a person.
    """
    say("\nas C on virtual devices")
    say(f"{'model':<12} {'device':<10} {'accuracy':>8} {'instructions':>12} {'RAM B':>8} {'flash B':>8}  exact")
    rows = []
    for board in BOARDS:
        for name, source, data in (
            ("digits", HERE / "digits" / "digits.keras", folder / "train.npz"),
            (wake_word.stem, wake_word, None),
        ):
            made = limen.profile(source, board, data=data)
            ram = sum(made.ram[part] or 0 for part in ("arena", "static", "stack"))
            flash = sum(size or 0 for size in made.flash.values())
            right = accuracy if data is not None else None
            exact = made.exact or {}
            say(
                f"{name:<12} {board:<10} {'-' if right is None else f'{right:.4f}':>8} {made.instructions or 0:>12,} "
                f"{ram:>8,} {flash:>8,}  {exact.get('max_lsb')} LSB on {exact.get('inputs')} inputs"
            )
            rows.append({**made.to_json(), "model": name, "accuracy": right})
    return rows


def delivery(folder: Path, say: Say = print) -> dict[str, Any]:
    """The digits' bundle goes to a device; so do the releases after it (examples/delivery/fleet.py)."""
    say("\nupdates of a device")
    story = runpy.run_path(str(HERE / "delivery" / "fleet.py"))["delivery"]
    found: dict[str, Any] = story(folder, folder / "digits-int8.limen", say)
    return found


def main(folder: Path | None = None, say: Say = print) -> dict[str, Any]:
    """All parts; bundles are kept where a folder is given."""
    if folder is None:
        with tempfile.TemporaryDirectory() as scratch:
            return main(Path(scratch), say)
    folder.mkdir(parents=True, exist_ok=True)
    found = {"digits": digits(folder, say), "wake_word": wake_word(folder, say)}
    scores = {score["engine"]: score["value"] for score in found["digits"]["evaluate"]}
    rows = microcontrollers(folder, scores["reference"], Path(found["wake_word"]["source"]), say)
    return {**found, "microcontrollers": rows, "delivery": delivery(folder, say)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="keep the bundles here")
    main(parser.parse_args().folder)
