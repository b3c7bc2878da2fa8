"""Every engine that exists keeps the Session's promises; the engines are found, not named.

An engine is tested on the artifact of its kind in each of ``small_bundles``' cases, against plain numpy, and to the bit
against every other engine with exact kernels where the artifact is integer.
"""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from limen.bundle import Bundle
from limen.engines import ENGINES, Engine, Session, record_golden, replay_session, verify
from limen.errors import BundleError, DataError, LimenError, Unsupported, UsageError, VerificationError
from small_bundles import CASES, Case, classifier, counter, pair

FLOAT_SLACK = 1e-5
INT8_SLACK = 0.11  # two output codes of the classifier and the rounding of its input


@pytest.fixture(params=ENGINES.names())
def engine(request: pytest.FixtureRequest) -> Engine:
    found = ENGINES.get(request.param)
    if found.version() is None:
        pytest.skip(f"engine {request.param} is not installed")
    return found


@pytest.fixture(params=CASES, ids=lambda make: make.__name__)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param()


def bundle_for(engine: Engine, case: Case) -> Bundle:
    """The case's artifact of the engine's kind, listed for this engine."""
    bundle = case.bundle(engine.kind)  # KeyError: give the case an artifact of this engine's kind
    entry = msgspec.structs.replace(bundle.artifacts[0], engines=(engine.name,))
    return with_manifest(bundle, artifacts=(entry,))


def with_manifest(bundle: Bundle, **changes: object) -> Bundle:
    from limen.bundle import Blobs, assemble

    blobs = Blobs()
    for name in bundle.blobs:
        blobs.add(bundle.blob(name))
    return assemble(msgspec.structs.replace(bundle.manifest, **changes), blobs)


def is_integer(bundle: Bundle) -> bool:
    return bundle.artifacts[0].outputs[0].dtype != "float32"


def slack(bundle: Bundle) -> float:
    return INT8_SLACK if is_integer(bundle) else FLOAT_SLACK


def test_results_are_those_of_plain_numpy(engine: Engine, case: Case) -> None:
    bundle, feeds = bundle_for(engine, case), case.feeds(6)
    with Session(bundle, engine.name) as session:
        outputs = session.run(feeds)
    for name, wanted in case.expected(feeds).items():
        assert outputs[name].shape == wanted.shape
        assert outputs[name].dtype == wanted.dtype
        np.testing.assert_allclose(outputs[name], wanted, atol=slack(bundle), rtol=0)


def test_looping_equals_running_one_by_one(engine: Engine, case: Case) -> None:
    feeds = case.feeds(5)
    batch = case.inputs[0].shape[0]
    with Session(bundle_for(engine, case), engine.name) as session:
        together = session.run(feeds)
        session.reset()
        single = [
            session.run({n: v[i * batch : (i + 1) * batch] if v.ndim else v for n, v in feeds.items()})
            for i in range(5)
        ]
    for name, values in together.items():
        np.testing.assert_array_equal(values, np.concatenate([s[name] for s in single]))


def test_results_stay_the_callers(engine: Engine, case: Case) -> None:
    with Session(bundle_for(engine, case), engine.name) as session:
        first = session.run(case.feeds(1, seed=1))
        kept = {name: value.copy() for name, value in first.items()}
        session.run(case.feeds(1, seed=2))
    for name, value in first.items():
        np.testing.assert_array_equal(value, kept[name])
        value[...] = 0  # and may be written to


def test_names_of_tensors_and_positions_are_taken_too(engine: Engine, case: Case) -> None:
    feeds = case.feeds(1)
    with Session(bundle_for(engine, case), engine.name) as session:
        by_name = session.run(feeds)
        session.reset()
        by_tensor = session.run({b.tensor: feeds[b.name] for b in session.entry.inputs})
        session.reset()
        by_place = session.run(*(feeds[name] for name in session.inputs))
    for name, value in by_name.items():
        np.testing.assert_array_equal(by_tensor[name], value)
        np.testing.assert_array_equal(by_place[name], value)


def test_two_threads_give_the_same_results(engine: Engine, case: Case) -> None:
    feeds, bundle = case.feeds(3), bundle_for(engine, case)
    with Session(bundle, engine.name) as one, Session(bundle, engine.name, threads=2) as two:
        first, second = one.run(feeds), two.run(feeds)
    for name, value in first.items():
        np.testing.assert_allclose(second[name], value, atol=1e-6)
    with pytest.raises(UsageError, match="threads 0"):
        Session(bundle, engine.name, threads=0)


def test_exact_kernels_agree_to_the_bit_with_every_other_exact_engine(engine: Engine) -> None:
    bundle = bundle_for(engine, classifier())
    if not engine.exact_kernels:
        with pytest.raises(Unsupported, match=f"{engine.name}.*no exact kernels"):
            Session(bundle, engine.name, exact=True)
        return
    feeds = classifier().feeds(40)
    with Session(bundle, engine.name, exact=True) as session:
        codes = session.run(feeds, raw=True)["scores"]
    assert codes.dtype == np.int8
    for other in ENGINES.values():
        if other.exact_kernels and other.version() is not None:
            with Session(bundle_for(other, classifier()), other.name, exact=True) as session:
                np.testing.assert_array_equal(session.run(feeds, raw=True)["scores"], codes)


def test_states_start_at_their_initial_values_carry_on_and_can_be_reset(engine: Engine) -> None:
    ones = {"x": np.ones((3, 2), np.float32)}
    wanted = [[6, 0], [7, 1], [8, 2]]
    with Session(bundle_for(engine, counter()), engine.name) as session:
        np.testing.assert_array_equal(session.run(ones)["total"], wanted)
        np.testing.assert_array_equal(session.run(ones)["total"], np.add(wanted, 3))
        session.reset()
        np.testing.assert_array_equal(session.run(ones)["total"], wanted)


def test_two_sessions_do_not_share_states(engine: Engine) -> None:
    one = {"x": np.ones((1, 2), np.float32)}
    bundle = bundle_for(engine, counter())
    with Session(bundle, engine.name) as first, Session(bundle, engine.name) as second:
        first.run(one)
        first.run(one)
        np.testing.assert_array_equal(second.run(one)["total"], [[6, 0]])


def test_a_last_part_of_a_batch_is_filled_and_cut(engine: Engine) -> None:
    feeds = {"a": np.arange(15, dtype=np.float32).reshape(5, 3), "b": np.ones((5, 3), np.float32), "gain": 2.0}
    with Session(bundle_for(engine, pair()), engine.name) as session:
        outputs = session.run(feeds)
    np.testing.assert_array_equal(outputs["y"], (feeds["a"] - 1) * 2)


def test_a_closed_session_says_so(engine: Engine, case: Case) -> None:
    session = Session(bundle_for(engine, case), engine.name)
    session.close()
    session.close()
    with pytest.raises(DataError, match="session: is closed"):
        session.run(case.feeds(1))


def test_an_artifact_that_is_none_is_refused(engine: Engine, case: Case) -> None:
    for data in (b"", b"\0" * 64, b"nothing an engine would open" * 8):
        bundle = bundle_for(engine, case)
        blobs = {**bundle.blobs, bundle.artifacts[0].blob: data}
        broken = Bundle(bundle.manifest, bundle.core_digest, blobs, (), ())
        with pytest.raises(BundleError):
            Session(broken, engine.name)


@pytest.mark.parametrize(
    ("side", "change"), [("inputs", {"tensor": "elsewhere"}), ("outputs", {"tensor": "elsewhere"})]
)
def test_a_binding_to_a_tensor_that_is_not_there_is_refused(
    engine: Engine, case: Case, side: str, change: dict[str, str]
) -> None:
    bundle = bundle_for(engine, case)
    entry = bundle.artifacts[0]
    bindings = getattr(entry, side)
    wrong = msgspec.structs.replace(entry, **{side: (msgspec.structs.replace(bindings[0], **change), *bindings[1:])})
    with pytest.raises(BundleError):
        Session(with_manifest(bundle, artifacts=(wrong,)), engine.name)


def test_golden_vectors_are_recorded_and_replayed(engine: Engine, case: Case) -> None:
    bundle, absent = record_golden(bundle_for(engine, case), case.feeds(4))
    assert absent == ()
    found = verify(bundle)
    assert found.replays
    assert all(r.ok and r.checked == 4 * case.inputs[0].shape[0] for r in found.replays)
    classes = {(g.exact, g.exactness) for g in bundle.manifest.golden}
    if is_integer(bundle):
        assert ((engine.exactness != "exact", "exact") in classes) == engine.exact_kernels
    else:
        assert classes == {(False, "bounded")}
    with Session(bundle, engine.name) as session:
        assert [r.exact for r in replay_session(session)] == [False]


def test_other_results_than_the_recorded_ones_are_refused(engine: Engine, case: Case) -> None:
    from limen.bundle import Blobs, assemble, pack_arrays

    bundle, _ = record_golden(bundle_for(engine, case), case.feeds(4))
    for golden in bundle.manifest.golden:
        blobs = Blobs()
        for name in bundle.blobs:
            blobs.add(bundle.blob(name))
        wrong = {
            n: v - np.array(60, v.dtype) if v.dtype.kind == "f" else np.roll(v, 1, axis=-1)
            for n, v in bundle.arrays(golden.outputs).items()
        }
        entry = msgspec.structs.replace(golden, outputs=blobs.add(pack_arrays(wrong)))
        used = {entry.inputs, entry.outputs, bundle.manifest.labels, bundle.artifacts[0].blob}
        used |= {s.initial for s in bundle.artifacts[0].states}
        blobs.data = {name: data for name, data in blobs.data.items() if name in used}
        tampered = assemble(msgspec.structs.replace(bundle.manifest, golden=(entry,)), blobs)
        with pytest.raises(VerificationError, match="gives other results"):
            verify(tampered)


def test_an_engine_says_what_it_is(engine: Engine) -> None:
    assert engine.exactness in ("exact", "bounded")
    assert engine.exact_kernels or engine.exactness == "bounded"
    assert isinstance(engine.version(), str)


def test_wrong_feeds_are_refused_in_words(engine: Engine) -> None:
    image = np.zeros((1, 3, 4, 4), np.float32)
    problems: list[tuple[object, str]] = [
        ({"imag": image}, r"input 'imag'.*did you mean image"),
        ({}, r"input 'image': no value was given"),
        ({"image": image, "image_nhwc": image, "x": image}, r"given twice|no such input"),
        ({"image": np.zeros((1, 4, 4, 3), np.float32)}, r"has shape \[1, 4, 4, 3\], expected \[1, 3, 4, 4\]"),
        ({"image": np.zeros((0, 3, 4, 4), np.float32)}, r"has shape \[0, 3, 4, 4\]"),
        ({"image": image.astype(np.complex64)}, r"holds complex64, not numbers"),
        ({"image": np.array(["a"])}, r"not numbers"),
        ({"image": [[1], [1, 2]]}, r"is not an array"),
        (np.zeros((2, 3), np.float32), r"has shape \[2, 3\]"),
    ]
    with Session(bundle_for(engine, classifier()), engine.name) as session:
        for feeds, message in problems:
            with pytest.raises(DataError, match=message):
                session.run(feeds)  # type: ignore[arg-type]
        with pytest.raises(DataError, match="2 arrays for 1 inputs"):
            session.run(image, image)
        assert session.run({"image": image})["scores"].shape == (1, 5)
    with Session(bundle_for(engine, pair()), engine.name) as session:
        rows = np.zeros((4, 3), np.float32)
        with pytest.raises(DataError, match="disagree on the number of samples"):
            session.run({"a": rows, "b": np.zeros((6, 3), np.float32), "gain": 1.0})
        with pytest.raises(LimenError):
            session.run({"a": rows, "b": rows})
