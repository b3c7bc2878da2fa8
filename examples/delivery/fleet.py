"""One device and its repository, from the first release to one that leaves by itself.

Publish version 1, a device installs and runs it; publish version 2, of which the device needs only a delta; change one
byte on the way, which it refuses; publish a version 3 that passes every check and fails on live pictures, which it
rolls back without losing a request. No network: the device reads the repository's folder, through the same checks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import limen
from limen.deliver.agent import enrol, loop
from limen.deliver.agent.places import Folder
from limen.deliver.agent.settings import Settings
from limen.deliver.agent.updater import Updater
from limen.deliver.repository import director, init, keys, publish, roles
from limen.deliver.repository.metadata import now_utc
from limen.deliver.repository.workspace import Settings as RepositorySettings
from limen.deliver.repository.workspace import open_workspace

LINE, DEVICE, HARDWARE = "digits", "kitchen-1", "rpi4"
OVEREXPOSED = 1.3
"""How much brighter than anything in the training set a live picture is."""
Say = Callable[[str], None]


@dataclass
class Publisher:
    """The repository: keys, signed metadata, sealed releases in a folder that any web server could hold."""

    folder: Path
    say: Say
    seal_key: str = ""

    def start(self) -> None:
        init.init(self.folder, RepositorySettings(), now_utc())
        ws = open_workspace(self.folder)
        signer = keys.generate(ws.private / "keys" / f"{LINE}.pem")
        roles.change(ws, LINE, init.open_ring(ws, (), None), now_utc(), add=[signer.public_key])

    @property
    def public(self) -> Path:
        return self.folder / "public"

    def release(self, bundle: Path, version: str) -> publish.Published:
        """Publish for the one device."""
        ws = open_workspace(self.folder)
        ring = init.open_ring(ws, (), None)
        done = publish.publish(ws, bundle, LINE, publish.Wishes(version=version, seal=True), ring, now_utc())
        known = director.known_device(DEVICE, HARDWARE, self.seal_key)
        director.assign(ws, known, {LINE: done.counter}, ring, now_utc())
        parts = [f"payload {done.payload_bytes:,} B", f"sealed {done.full_bytes:,} B"]
        parts += [
            f"delta from {d.base} {d.bytes:,} B ({100 * d.bytes / done.payload_bytes:.1f} %)"
            for d in done.deltas
            if d.published
        ]
        self.say(f"publisher   {version}: {', '.join(parts)}")
        return done

    @contextmanager
    def one_bit_wrong(self, counter: int) -> Iterator[None]:
        """While this lasts, every file of a release has one bit flipped on the way."""
        files = [
            path for path in (self.public / f"image/targets/{LINE}/{counter}").iterdir() if "json" not in path.name
        ]
        before = {path: path.read_bytes() for path in files}
        for path, data in before.items():
            path.write_bytes(data[:1000] + bytes([data[1000] ^ 1]) + data[1001:])
        try:
            yield
        finally:
            for path, data in before.items():
                path.write_bytes(data)


@dataclass
class Requests:
    """An application that asks the device's line all the time, and what it was answered."""

    updater: Updater
    pictures: NDArray[np.float32]
    labels: NDArray[np.int64]
    brightness: float = 1.0
    asked: int = 0
    right: int = 0
    lost: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stop.wait(0.005):
            at = self.asked % len(self.pictures)
            picture = np.asarray(self.pictures[at : at + 1] * self.brightness, np.float32)
            self.asked += 1
            try:
                outputs = self.updater.line(LINE).run({self.updater.line(LINE).session.inputs[0]: picture})
            except Exception:
                self.lost += 1
                continue
            (probability,) = outputs.values()
            if np.isfinite(probability).all():
                self.right += int(probability.argmax() == self.labels[at])
            else:
                self.lost += 1


def delivery(folder: Path, first: Path, say: Say = print) -> dict[str, Any]:
    """The whole story.

    Args:
        folder: with ``train.npz`` and ``test.npz`` (x, y); repository and device go there too.
        first: the bundle of version 1.
        say: called with each line for a person.
    """
    train, test = np.load(folder / "train.npz"), np.load(folder / "test.npz")
    tuned, broken = successors(folder, train["x"], train["y"])
    second = limen.build(tuned, folder / "digits-2.limen", data=folder / "train.npz", recipe="int8").output
    third = limen.build(broken, folder / "digits-3.limen", data=folder / "train.npz", recipe="float32").output
    started = time.monotonic()
    publisher = Publisher(folder / "fleet", say)
    publisher.start()
    store = enrol.make(
        folder / "device",
        Settings(DEVICE, HARDWARE, trial_seconds=0.3),
        enrol.read_roots(Folder(publisher.public)),
    )
    with store:
        updater = loop.new_updater(
            store, lambda text: say(f"device      {text}"), [Folder(publisher.public)], eager=True
        )
        publisher.seal_key = updater.keys.public().hex()
        updater.start()
        publisher.release(Path(first), "1.0")
        _follow(updater)
        requests = Requests(updater, test["x"], test["y"])
        thread = threading.Thread(target=requests.run)
        thread.start()
        try:
            found = _updates(publisher, updater, requests, Path(second), Path(third), say)
        finally:
            requests.stop.set()
            thread.join()
            updater.close()
        state = store.state.lines[LINE]
        seconds = time.monotonic() - started
        say(
            f"application {requests.asked} requests meanwhile, {requests.lost} lost, "
            f"{100 * requests.right / max(requests.asked, 1):.1f} % right; {seconds:.1f} s in all"
        )
        serves = updater.store.state.lines[LINE].current
        return {
            **found,
            "serves": "" if serves is None else serves.version,
            "banned": dict(state.banned),
            "requests": requests.asked,
            "lost": requests.lost,
            "seconds": seconds,
        }


def _updates(
    publisher: Publisher, updater: Updater, requests: Requests, second: Path, third: Path, say: Say
) -> dict[str, Any]:
    release = publisher.release(second, "2.0")
    say("attacker    changes one byte of each file of 2.0 on the way to the device")
    with publisher.one_bit_wrong(release.counter):
        _follow(updater)
    refused = updater.problem
    say(f"device      refused; version {_version(updater)} goes on")
    say("attacker    is gone; the device asks again")
    _follow(updater)
    delta = next(d for d in release.deltas if d.published)
    updater.settings = _on_probation_for(updater, 20.0)
    publisher.release(third, "3.0")
    requests.brightness = OVEREXPOSED
    say(f"application pictures are now {OVEREXPOSED:g} times as bright as any that version 3.0 was tried with")
    _follow(updater)
    say(f"device      version {_version(updater)} serves")
    return {
        "refused": refused,
        "delta_share": delta.bytes / release.payload_bytes,
        "full_share": release.full_bytes / release.payload_bytes,
    }


def _follow(updater: Updater, seconds: float = 30.0) -> None:
    """Look for updates, and give the device time until nothing is under way."""
    updater.poll()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        updater.tick()
        line = updater.store.state.lines[LINE]
        if line.trial is None and line.staged is None:
            return
        time.sleep(0.02)


def _version(updater: Updater) -> str:
    current = updater.store.state.lines[LINE].current
    return "none" if current is None else current.version


def _on_probation_for(updater: Updater, seconds: float) -> Settings:
    import msgspec

    return msgspec.structs.replace(updater.settings, trial_seconds=seconds)


def successors(folder: Path, x: NDArray[np.float32], y: NDArray[np.int64]) -> tuple[Path, Path]:
    """ONNX files of version 2, whose last layer was trained further, and of version 3, which has a defect.

    The defect is one that happens: a square root of what is never negative on the data that the model was made with.
    """
    import onnx

    source = Path(__file__).parent.parent / "digits" / "digits.keras"
    limen.compile(source, "onnx", folder / "onnx", quantize="none")
    model = onnx.load(folder / "onnx" / "model.onnx")
    _train_last_layer(model, x, y)
    onnx.save(model, folder / "digits-2.onnx")
    _add_defect(model)
    onnx.save(model, folder / "digits-3.onnx")
    return folder / "digits-2.onnx", folder / "digits-3.onnx"


def _train_last_layer(
    model: Any, x: NDArray[np.float32], y: NDArray[np.int64], rate: float = 0.05, steps: int = 60
) -> None:
    """Softmax regression by gradient descent, from the weights that are there."""
    import onnx
    import onnxruntime as ort
    from onnx import numpy_helper

    gemm = next(node for node in model.graph.node if node.op_type == "Gemm")
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    probe.graph.output.append(onnx.helper.make_empty_tensor_value_info(gemm.input[0]))
    session = ort.InferenceSession(probe.SerializeToString())
    name = session.get_inputs()[0].name
    features = np.concatenate([session.run([gemm.input[0]], {name: row[None].astype(np.float32)})[0] for row in x])
    held = {tensor.name: tensor for tensor in model.graph.initializer}
    weights, bias = (numpy_helper.to_array(held[name]).astype(np.float32) for name in gemm.input[1:3])
    targets = np.eye(bias.shape[0], dtype=np.float32)[y]
    for _ in range(60):
        logits = features @ weights + bias
        scores = np.exp(logits - logits.max(1, keepdims=True))
        slope = (scores / scores.sum(1, keepdims=True) - targets) / len(y)
        weights, bias = weights - rate * features.T @ slope, bias - rate * slope.sum(0)
    for key, value in zip(gemm.input[1:3], (weights, bias), strict=True):
        held[key].CopyFrom(numpy_helper.from_array(value.astype(np.float32), key))


def _add_defect(model: Any) -> None:
    """probability + 1e-9 * sqrt(1.05 - brightest pixel)."""
    import onnx
    from onnx import numpy_helper

    graph = model.graph
    picture, result = graph.input[0].name, graph.output[0].name
    last = next(node for node in graph.node if result in node.output)
    last.output[0] = "before"
    constants = {
        "limit": np.float32([[1.05]]),
        "little": np.float32([[1e-9]]),
        "axes": np.int64([1, 2, 3]),
        "flat": np.int64([1, 1]),
    }
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    nodes = (
        ("ReduceMax", [picture, "axes"], "bright", {"keepdims": 1}),
        ("Reshape", ["bright", "flat"], "brightest", {}),
        ("Sub", ["limit", "brightest"], "room", {}),
        ("Sqrt", ["room"], "root", {}),
        ("Mul", ["root", "little"], "part", {}),
        ("Add", ["before", "part"], result, {}),
    )
    for kind, inputs, output, attributes in nodes:
        graph.node.append(onnx.helper.make_node(kind, inputs, [output], **attributes))
