"""Loading, choosing an engine, answering, and what the recorded results are compared by."""

from __future__ import annotations

import concurrent.futures
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

import limen
from limen.bundle import Binding, Bundle, PrivateKey, save_pair
from limen.engines import ENGINES, Session, load, record_golden, run_file, verify, verify_file
from limen.engines._answer import interpret
from limen.engines._samples import plan
from limen.engines.golden import agreement, gaps
from limen.errors import BundleError, DataError, MissingExtra, Unsupported, UsageError, VerificationError
from limen.steps import Chain
from small_bundles import LABELS, classifier, counter, pair

KEY = PrivateKey(bytes(range(32)))


def recorded(**steps: Chain) -> Bundle:
    return record_golden(classifier().bundle(**steps), classifier().feeds(6))[0]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("bundle") / "a.limen"
    recorded().signed(KEY).save(file)
    return file


def test_the_public_names_load_and_run(path: Path) -> None:
    feeds = classifier().feeds(2)
    with limen.load(path) as session:
        assert isinstance(session, limen.Session)
        assert (session.engine, session.inputs, session.outputs) == ("litert", ("image",), ("scores",))
        np.testing.assert_allclose(session.run(feeds)["scores"], classifier().expected(feeds)["scores"], atol=0.11)


def test_every_engine_of_a_bundle_gives_the_same_interface(path: Path) -> None:
    feeds = classifier().feeds(3)
    for name in Bundle.open(path).engines:
        with load(path, engine=name) as session:
            outputs = session.run(feeds)
        assert list(outputs) == ["scores"]
        assert (outputs["scores"].shape, outputs["scores"].dtype) == ((3, 5), np.dtype("float32"))


def test_exact_picks_an_engine_with_exact_kernels(path: Path) -> None:
    with load(path, exact=True) as session:
        assert session.exact
        assert ENGINES.get(session.engine).exact_kernels
        assert session.golden()
    with pytest.raises(Unsupported, match="engine ort: has no exact kernels"):
        load(path, engine="ort", exact=True)


def test_exact_kernels_are_held_to_what_another_exact_engine_recorded() -> None:
    bundle = recorded()
    only = [g for g in bundle.manifest.golden if g.engine == "reference"]
    with Session(bundle, "litert", exact=True) as session:
        assert [g.engine for g in session.golden()] == ["litert"]
        object.__setattr__(session, "bundle", msgspec_replace(bundle, golden=tuple(only)))
        assert [g.engine for g in session.golden()] == ["reference"]


def msgspec_replace(bundle: Bundle, **changes: object) -> Bundle:
    manifest = msgspec.structs.replace(bundle.manifest, **changes)
    return Bundle(manifest, bundle.core_digest, bundle.blobs, bundle.statements, bundle.envelopes)


def test_an_engine_that_is_unknown_absent_or_without_artifact_is_refused_in_words(path: Path) -> None:
    with pytest.raises(UsageError, match=r"engine 'litetr' is not known \(did you mean litert"):
        load(path, engine="litetr")
    only = classifier().bundle("program")
    with pytest.raises(BundleError, match=r"no artifact for engine 'litert' \(known: reference\)"):
        Session(only, "litert")
    entry = msgspec.structs.replace(only.artifacts[0], engines=("absent",))
    with pytest.raises(MissingExtra, match="any of the engines for absent is not installed"):
        Session(msgspec_replace(only, artifacts=(entry,)))
    with pytest.raises(BundleError, match="holds no artifact that an engine runs"):
        Session(msgspec_replace(only, artifacts=()))


def test_a_model_file_is_not_run_but_pointed_to_build(tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(classifier().artifacts["tflite"][0] * 4)
    with pytest.raises(BundleError, match=r"model\.tflite.*not a \.limen file.*limen build"):
        load(model)


def test_keys_are_asked_for_at_load(path: Path, tmp_path: Path) -> None:
    _, public = save_pair(PrivateKey.generate(), tmp_path / "other")
    _, mine = save_pair(KEY, tmp_path / "mine")
    assert load(path, keys=[KEY.public]).bundle.pinned
    with pytest.raises(VerificationError, match="not trusted here"):
        run_file(path, tmp_path / "x.npz", key=public)
    assert verify_file(path, key=mine).key_pinned


def test_verify_answers_with_the_contracts_keys(path: Path) -> None:
    found = verify_file(path)
    data = found.to_json()
    assert data["signature"] == "valid"
    assert data["core_digest"] == Bundle.open(path).core_digest
    assert data["golden"]["class"] == "bounded"
    assert data["golden"]["checked"] == 6 * len(found.replays)
    assert (data["golden"]["max_lsb"], data["golden"]["agreement"]) == (0, 1.0)
    assert {(r.engine, r.exact, r.exactness) for r in found.replays} == {
        ("litert", False, "bounded"), ("litert", True, "exact"), ("ort", False, "bounded"),
        ("reference", False, "exact"),
    }  # fmt: skip
    assert "key not pinned" in found.text()
    exact = verify_file(path, engine="reference").to_json()["golden"]
    assert (exact["class"], exact["max_lsb"], exact["max_abs"], exact["checked"]) == ("exact", 0, 0.0, 6)
    with pytest.raises(BundleError, match="'native' has none in this bundle"):
        verify(Bundle.open(path), engine="native")


def test_a_bundle_without_golden_vectors_says_that_nothing_was_compared() -> None:
    found = verify(classifier().bundle())
    assert found.to_json()["golden"]["checked"] == 0
    assert found.to_json()["golden"]["class"] is None
    assert "no results were compared" in found.text()


def test_steps_that_cannot_be_read_fail_verification() -> None:
    bundle = classifier().bundle(post=Chain.parse("softmax"))
    broken = Bundle(
        bundle.manifest, bundle.core_digest, {**bundle.blobs, bundle.manifest.post: b'{"format":9,"steps":[]}'}, (), ()
    )
    with pytest.raises(BundleError, match="format 9"):
        verify(broken)


def test_a_replay_that_succeeded_is_remembered_only_for_its_circumstances(path: Path, tmp_path: Path) -> None:
    load(path, cache=tmp_path).close()
    first = set(tmp_path.iterdir())
    load(path, cache=tmp_path).close()
    assert set(tmp_path.iterdir()) == first
    load(path, engine="reference", cache=tmp_path).close()
    load(path, engine="litert", exact=True, cache=tmp_path).close()
    assert len(set(tmp_path.iterdir())) == 3


def test_threads_may_share_a_session(path: Path) -> None:
    samples = [classifier().feeds(1, seed=i) for i in range(40)]
    with load(path) as session, concurrent.futures.ThreadPoolExecutor(4) as pool:
        alone = [session.run(s)["scores"] for s in samples]
        together = list(pool.map(lambda s: session.run(s)["scores"], samples))
    np.testing.assert_array_equal(np.concatenate(together), np.concatenate(alone))


def test_predict_applies_the_steps_and_names_the_class() -> None:
    image = classifier().feeds(1)["image"]
    best = int(classifier().expected({"image": image})["scores"].argmax())
    with Session(classifier().bundle("program")) as session:
        plain = session.predict(image[0])
    assert (plain.index, plain.label) == (best, LABELS[best])
    assert 0.2 < plain.probability <= 1
    steps = {"pre": Chain.parse("normalise:mean=0:std=2"), "post": Chain.parse("softmax,top_k:k=2")}
    with Session(classifier().bundle("program", **steps)) as session:
        stepped = session.predict(image[0] * 2)
    assert (stepped.index, stepped.label) == (best, LABELS[best])
    assert stepped.probability == pytest.approx(plain.probability, abs=1e-6)
    assert stepped.found["scores"].shape[-1] == 2


def test_predict_of_two_inputs_asks_for_names() -> None:
    with Session(pair().bundle("program")) as session:
        with pytest.raises(DataError, match="the model has 3 inputs"):
            session.predict(np.zeros((2, 3), np.float32))
        feeds = {**pair().feeds(1), "gain": np.float32(1)}
        assert session.predict(feeds).outputs["y"].shape == (2, 3)


@pytest.mark.parametrize(("outputs", "found", "labels", "wanted"), [
    ({"y": np.array([[0.25, 0.75]])}, None, ("no", "yes"), (1, "yes", 0.75)),
    ({"y": np.array([[0.0, np.log(3)]])}, None, ("no", "yes"), (1, "yes", 0.75)),
    ({"y": np.array([[0.75]])}, None, ("no", "yes"), (1, "yes", 0.75)),
    ({"y": np.array([[0.25]])}, None, (), (0, "0", 0.25)),
    ({}, np.array([0.1, 0.9]), (), (1, "1", 0.9)),
    ({}, {"scores": np.array([[0.9, 0.1]]), "classes": np.array([[3, 1]])}, LABELS, (3, "dog", 0.9)),
    ({}, {"scores": np.array([0.9]), "classes": np.array([3]), "labels": np.array(["x"])}, LABELS, (3, "x", 0.9)),
    ({}, {"scores": np.array([0.4]), "passed": np.array([True])}, ("wake",), (1, "wake", 0.4)),
    ({}, {"scores": np.array([0.4]), "passed": np.array([False])}, ("wake",), (0, "", 0.4)),
    ({}, {"scores": np.array([0.4]), "passed": np.array([True])}, ("off", "on"), (1, "on", 0.4)),
    ({}, {"boxes": np.zeros((2, 4)), "scores": np.array([[0.1, 0.2, 0.1], [0.1, 0.1, 0.7]])}, LABELS, (2, "cat", 0.7)),
    ({}, {"boxes": np.zeros((0, 4)), "scores": np.zeros(0), "classes": np.zeros(0, int)}, LABELS, (None, "", 0.0)),
])  # fmt: skip
def test_answers(outputs: dict, found: object, labels: tuple[str, ...], wanted: tuple) -> None:
    answer = interpret(outputs, found, labels)
    assert (answer.index, answer.label) == wanted[:2]
    assert answer.probability == pytest.approx(wanted[2])


@pytest.mark.parametrize(("given", "shape", "kind", "runs"), [
    ((1, 3), (1, 3), "once", 1), ((3,), (1, 3), "once", 1), ((7, 3), (1, 3), "rows", 7), ((7, 3), (2, 3), "rows", 4),
    ((7, 1, 3), (1, 3), "stack", 7), ((7,), (), "stack", 7), ((), (), "once", 1), ((5, 2, 3), (2, 3), "stack", 5),
])  # fmt: skip
def test_arrays_become_runs(given: tuple[int, ...], shape: tuple[int, ...], kind: str, runs: int) -> None:
    found = plan("x", np.zeros(given), shape)
    assert (found.kind, found.runs) == (kind, runs)


@pytest.mark.parametrize(("given", "shape"), [
    ((1, 4), (1, 3)), ((0, 3), (1, 3)), ((3,), (2, 3)), ((2, 2, 2, 3), (2, 3)), ((3, 1), (1, 3)), ((2,), (3,)),
])  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(given: tuple[int, ...], shape: tuple[int, ...]) -> None:
    if len(given) == len(shape) == 1 and given[0]:
        assert plan("x", np.zeros(given), shape).kind == "rows"
        return
    with pytest.raises(DataError, match="input 'x': has shape"):
        plan("x", np.zeros(given), shape)


def _compare(wanted: np.ndarray, got: np.ndarray, scale: float | None = None) -> tuple[int, float, float]:
    quant = ((), ()) if scale is None else ((scale,), (0,))
    bindings = {"y": Binding("y", "y", wanted.shape[1:], str(wanted.dtype), "float32", *quant)}
    found = gaps(bindings, {"y": wanted}, {"y": got})
    agreed = agreement(bindings, {"y": wanted}, {"y": got}, found, 0.5)
    return found["y"].steps, found["y"].real, agreed


def test_gaps_are_measured_in_codes_and_real_units() -> None:
    wanted = np.array([[1, 5], [-128, 127]], np.int8)
    assert _compare(wanted, wanted, 0.5) == (0, 0.0, 1.0)
    assert _compare(wanted, np.array([[6, 5], [127, -128]], np.int8), 0.5) == (255, 127.5, 0.0)
    floats = np.array([[1.0, np.nan], [np.inf, 2.0]], np.float32)
    assert _compare(floats, floats) == (0, 0.0, 1.0)
    assert _compare(floats, np.nan_to_num(floats, nan=0.0))[1] == np.inf
    assert _compare(floats, -floats)[1] == np.inf
    assert _compare(np.array([[0.4], [0.9]], np.float32), np.array([[0.6], [0.8]], np.float32))[2] == 0.5
    assert _compare(np.array([[3], [4]], np.int64), np.array([[3], [5]], np.int64)) == (0, 1.0, 0.5)
    with pytest.raises(VerificationError, match="another shape or dtype"):
        _compare(wanted, wanted.astype(np.int16), 0.5)


def test_a_tolerance_holds_per_output_and_wide_enough_for_the_engines_own_exact_kernels() -> None:
    for golden in recorded().manifest.golden:
        if golden.exactness == "exact":
            assert (golden.tolerance, golden.agreement, golden.limits) == (0.0, 1.0, ())
        else:
            assert len(golden.limits) == 1
            assert golden.tolerance == max(golden.limits) > 0
            assert golden.by


def test_files_in_files_out(path: Path, tmp_path: Path) -> None:
    feeds = classifier().feeds(5)
    np.savez(tmp_path / "x.npz", x=feeds["image"])
    result = run_file(path, tmp_path / "x.npz", output=tmp_path / "y.npz", engine="reference")
    assert (result.engine, result.n, result.outputs) == ("reference", 5, {"scores": [5, 5]})
    with np.load(tmp_path / "y.npz") as written, load(path, engine="reference") as session:
        np.testing.assert_array_equal(written["scores"], session.run(feeds)["scores"])
    np.savez(tmp_path / "bad.npz", x=feeds["image"][:, :2])
    with pytest.raises(DataError):
        run_file(path, tmp_path / "bad.npz", output=tmp_path / "never.npz")
    assert not (tmp_path / "never.npz").exists()
    with pytest.raises(DataError, match="does not exist"):
        run_file(path, tmp_path / "absent.png")


def test_recording_starts_stateful_models_at_their_initial_values() -> None:
    bundle, _ = record_golden(counter().bundle(), {"x": np.ones((3, 2), np.float32)})
    for golden in bundle.manifest.golden:
        assert bundle.arrays(golden.outputs)["total"].tolist() == [[6, 0], [7, 1], [8, 2]]
    assert verify(bundle).to_json()["golden"]["checked"] == 9


def test_importing_the_engines_loads_no_runtime() -> None:
    code = "import limen.engines, sys; limen.engines.ENGINES.names(); print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {"ai_edge_litert", "onnxruntime", "onnx", "cryptography", "limen.program", "limen.build"}
