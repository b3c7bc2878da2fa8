"""Chains: the command line form, JSON, and what they say when something is wrong."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.errors import BundleError, DataError, UsageError
from limen.steps import STEPS, Chain, Context
from limen.steps.box_decode import BoxDecode
from limen.steps.crop import Crop
from limen.steps.normalise import Normalise
from limen.steps.resize import Resize
from limen.steps.softmax import Softmax
from limen.steps.top_k import TopK


def test_spec_of_the_documentation() -> None:
    chain = Chain.parse("resize:160x160,normalise:mean=127.5:std=127.5")
    assert chain == Chain((Resize((160, 160)), Normalise((127.5,), (127.5,))))
    assert chain.kind == "pre"
    assert chain.describe() == "1. resize: size 160x160\n2. normalise: mean 127.5, std 127.5"


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("resize:320x240:area:fit=cover", Resize((320, 240), "area", "cover")),
        ("resize: size = 320/240 : method = area", Resize((320, 240), "area")),
        ("crop:4x5:at=1x2", Crop((4, 5), (1, 2))),
        ("crop:4x5:at=none", Crop((4, 5))),
        ("normalise:mean=1/2.5/-3e2:order=bgr", Normalise((1.0, 2.5, -300.0), order="bgr")),
        ("top_k:labels='a,b:c=d/e'/\"it's\"/x", TopK(labels=("a,b:c=d/e", "it's", "x"))),
        ("box_decode:8x8:strides=4:clip_priors=yes", BoxDecode((8, 8), strides=(4,), clip_priors=True)),
        ("box_decode:8x8:strides=4:priors=1x2x3x4", BoxDecode((8, 8), strides=(4,), priors=((1, 2, 3, 4),))),
        ("box_decode:8x8:strides=2/4:priors=1x2/3x4", BoxDecode((8, 8), strides=(2, 4), priors=((1, 2), (3, 4)))),
    ],
)
def test_spec_forms(text: str, step: Any) -> None:
    assert Chain.parse(text).steps == (step,)
    assert Chain.parse(Chain((step,)).spec()).steps == (step,)


@pytest.mark.parametrize(
    ("text", "message", "way_out"),
    [
        ("resise:4x4", "step 'resise' is not known", "did you mean resize"),
        ("resize", "resize: parameter size is missing", "give 2 whole numbers"),
        ("resize:4", "resize: size=4 is not valid", "give 2 whole numbers"),
        ("resize:4x4x4", "resize: size=4/4/4 is not valid", "give 2 whole numbers"),
        ("resize:0x4", "resize: size=0x4 is not valid", "give width x height from 1x1 to 32768x32768"),
        ("resize:4xa", "resize: size=4xa is not valid", "give 2 whole numbers"),
        ("resize:4x4:metod=area", "resize: parameter 'metod' is not known", "did you mean method?"),
        ("resize:4x4:method=linear", "resize: method='linear' is not valid", "one of nearest, bilinear"),
        ("resize:4x4:size=5x5", "resize: parameter size is given twice", ""),
        ("resize:method=area:4x4", "resize: '4x4' has no parameter name", "put it before the named ones"),
        ("resize:4x4:area:cover:9", "resize: '9' is one argument too many", "size, method, fit"),
        ("resize:4x4,,crop:2x2", "has an empty step", "one comma"),
        ("top_k:labels='a", "has an open quote '", "close it"),
        ("resize:4x4,softmax", "softmax is a post step, resize a pre step", "--pre and --post"),
        ("normalise:std=0", "normalise: std=0 is not valid", "none of them 0"),
        ("normalise:mean=1/2:std=1/2/3", "normalise: std=1/2/3 is not valid", "2 as for mean"),
        ("normalise:scale=nan", "normalise: scale=nan is not valid", "finite number"),
    ],
)
def test_spec_errors_name_step_parameter_value_and_way_out(text: str, message: str, way_out: str) -> None:
    with pytest.raises(UsageError) as caught:
        Chain.parse(text)
    assert message in caught.value.message
    assert way_out in (caught.value.hint or "")


@given(st.text(alphabet="resizecrop:,=x/'\"0123456789. ", max_size=40))
def test_any_text_is_a_chain_or_a_usage_error(text: str) -> None:
    try:
        chain = Chain.parse(text)
    except UsageError:
        return
    assert Chain.parse(chain.spec()) == chain


@given(st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_labels_survive_the_command_line_unless_they_mix_both_quotes(labels: list[str]) -> None:
    chain = Chain((TopK(labels=tuple(labels)),))
    assert Chain.from_bytes(chain.to_bytes()) == chain
    if not any("'" in label and '"' in label for label in labels):
        assert Chain.parse(chain.spec()) == chain


def test_empty_chain_hands_the_value_through() -> None:
    chain = Chain.parse(" ")
    assert chain == Chain()
    assert chain.kind is None
    assert chain.run("anything") == "anything"
    assert chain.describe() == "no steps"


def test_json_is_the_same_bytes_whatever_way_the_chain_was_made() -> None:
    one = Chain.parse("normalise:mean=1:std=2")
    other = Chain([Normalise([1], np.array([2.0]))])  # type: ignore[arg-type]
    assert one == other
    assert one.to_bytes() == other.to_bytes()
    assert hash(one) == hash(other)
    assert json.loads(one.to_bytes()) == one.to_json()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a chain"),
        (b'{"format":1,"steps":[],"more":1}', "not a chain"),
        (b'{"format":2,"steps":[]}', "format 2 is not known here"),
        (b'{"format":1,"steps":[3]}', "is not a step"),
        (b'{"format":1,"steps":[{"step":"resise","version":1,"parameters":{}}]}', "step 'resise' is not known"),
        (b'{"format":1,"steps":[{"step":"resize","parameters":{}}]}', "is not a step"),
        (b'{"format":1,"steps":[{"step":"resize","version":1,"parameters":[]}]}', "not a mapping"),
        (b'{"format":1,"steps":[{"step":"resize","version":1,"parameters":{"size":[0,4]}}]}', "size=0x4 is not valid"),
        (
            (
                b'{"format":1,"steps":[{"step":"resize","version":1,"parameters":{"size":[4,4]}},'
                b'{"step":"softmax","version":1,"parameters":{}}]}'
            ),
            "softmax is a post step",
        ),
    ],
)
def test_json_errors_are_of_the_kind_asked_for(data: bytes, message: str) -> None:
    with pytest.raises(BundleError, match=message.replace("'", ".")):
        Chain.from_bytes(data, BundleError)


def test_run_names_the_step_that_fails() -> None:
    with pytest.raises(DataError, match=r"^crop: the rectangle 9x9 at -3x-3 leaves the picture of 4x4"):
        Chain.parse("resize:4x4,crop:9x9").run(np.zeros((8, 8, 3), np.uint8))


def test_a_pre_chain_starts_with_no_facts_and_a_post_chain_keeps_them() -> None:
    context = Context(facts={"view": "stale"})
    Chain.parse("crop:2x2").run(np.zeros((4, 4, 3), np.uint8), context)
    assert context.facts["view"].source == (4, 4)
    Chain((Softmax(),)).run(np.zeros(2, np.float32), context)
    assert "view" in context.facts
    context.reset()
    assert not context.facts


def test_two_streaming_steps_in_one_chain_have_their_own_memory() -> None:
    chain = Chain.parse("audio_window:2:1,audio_window:2:1")
    context = Context()
    found = [chain.run(np.array([n], np.int16), context).tolist() for n in range(4)]
    assert found == [[], [], [[[0, 1], [1, 2]]], [[[1, 2], [2, 3]]]]


def test_every_step_is_found_by_name() -> None:
    wanted = "decode_image resize crop letterbox normalise audio_window log_mel mfcc micro_frontend standardise"
    wanted += " softmax top_k threshold box_decode nms"
    assert set(wanted.split()) <= set(STEPS.names())
