"""Published detectors run from pictures to boxes with nothing but a pre chain, an engine and a post chain.

The detectors were trained by others, independently of each other: where several see the same faces, the steps between
picture and boxes must be right for each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from limen.steps import Chain, Context

Outputs = dict[str, NDArray[Any]]

YUNET = (
    "decode_image,letterbox:320x320:fill=0,normalise:order=bgr,layout:nchw",
    (
        "box_decode:320x320:boxes=bbox_8/bbox_16/bbox_32:scores=cls_8/cls_16/cls_32:objectness=obj_8/obj_16/obj_32"
        ":points=kps_8/kps_16/kps_32:strides=8/16/32:at=0:side=exp:score_power=0.5:object_power=0.5,"
        "nms:score=0.6:iou=0.3,box_restore"
    ),
)
RFB = (
    "decode_image,letterbox:320x240:fill=127,normalise:mean=127:std=128,layout:nchw",
    "box_decode:320x240:corner:side_unit=input:background=first,nms:score=0.7:iou=0.3,box_restore",
)
RFB_RAW = (
    RFB[0],
    (
        "box_decode:320x240:strides=8/16/32/64:cells=even:clip_priors=yes:centre_unit=prior:centre_scale=0.1:side=exp:side_unit=prior"
        ":side_scale=0.2:background=first"
        ":priors=10x10x16x16x24x24/32x32x48x48/64x64x96x96/128x128x192x192x256x256,nms:score=0.7:iou=0.3,box_restore"
    ),
)
BLAZE = (
    "decode_image,letterbox:128x128:fill=0,normalise:mean=127.5:std=127.5,layout:nhwc",
    (
        "box_decode:128x128:boxes='regressors[0:4]':scores=classificators:points='regressors[4:16]':strides=8/16"
        ":per_cell=2/6:centre_unit=pixel:side_unit=pixel:score=sigmoid,nms:score=0.5:iou=0.3,box_restore"
    ),
)
FASTEST = (
    "decode_image,resize:352x352,normalise:scale=0.00392156862745098:order=bgr,layout:nchw",
    (
        "box_decode:352x352:boxes='[1:5]':scores='[5:85]':objectness='[0:1]':strides=16:at=0:channels=first:centre=tanh"
        ":side=sigmoid:side_unit=input:score_power=0.4:object_power=0.6,nms:score=0.65:iou=0.45,box_restore"
    ),
)


def _onnx(path: Path, extra: tuple[str, ...] = ()) -> Callable[[NDArray[Any]], Outputs]:
    onnxruntime = pytest.importorskip("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    source: Any = str(path)
    if extra:
        onnx = pytest.importorskip("onnx")
        source = onnx.load(path)
        source.graph.output.extend(onnx.ValueInfoProto(name=name) for name in extra)
        source = source.SerializeToString()
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda x: dict(zip(names, session.run(names, {session.get_inputs()[0].name: x}), strict=True))


def _tflite(path: Path) -> Callable[[NDArray[Any]], Outputs]:
    interpreter = pytest.importorskip("ai_edge_litert.interpreter").Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    outputs = interpreter.get_output_details()

    def run(x: NDArray[Any]) -> Outputs:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
        interpreter.invoke()
        return {output["name"]: interpreter.get_tensor(output["index"]) for output in outputs}

    return run


def _detect(chains: tuple[str, str], model: Callable[[NDArray[Any]], Outputs], picture: Path, **more: Any) -> Outputs:
    context = Context(**more)
    pre, post = (Chain.from_bytes(Chain.parse(text).to_bytes()) for text in chains)
    found: Outputs = post.run(model(pre.run(picture, context)), context)
    return found


def _iou(a: NDArray[Any], b: NDArray[Any]) -> float:
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    shared = float(sides.clip(0).prod())
    return shared / float((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - shared)


@pytest.fixture(scope="session")
def security(shared: Path) -> Path:
    return shared / "data" / "security"


PORTRAITS = ("biden.jpg", "obama.jpg", "obama2.jpg", "biden2.jpg")


@pytest.mark.parametrize("name", PORTRAITS)
def test_three_face_detectors_find_the_same_face(security: Path, name: str) -> None:
    picture = security / "faces" / name
    yunet = _detect(YUNET, _onnx(security / "yunet_n_320_320.onnx"), picture)
    rfb = _detect(RFB, _onnx(security / "version-RFB-320.onnx"), picture)
    blaze = _detect(BLAZE, _tflite(security / "face_detection_short_range.tflite"), picture)
    for found in (yunet, rfb, blaze):
        assert found["boxes"].shape == (1, 4)
        assert found["scores"][0] > 0.8
        assert _iou(yunet["boxes"][0], found["boxes"][0]) > 0.5


def test_two_detectors_find_three_small_faces_in_a_large_picture(security: Path) -> None:
    picture = security / "faces" / "obama_and_biden.jpg"
    yunet = _detect(YUNET, _onnx(security / "yunet_n_320_320.onnx"), picture)
    rfb = _detect(RFB, _onnx(security / "version-RFB-320.onnx"), picture)
    assert yunet["boxes"].shape == rfb["boxes"].shape == (3, 4)
    for box in yunet["boxes"]:
        assert max(_iou(box, other) for other in rfb["boxes"]) > 0.5


@pytest.mark.parametrize("name", PORTRAITS)
def test_key_points_lie_in_the_face_and_in_order(security: Path, name: str) -> None:
    """Right eye, left eye and nose come first in both detectors, as seen in the picture from left to right."""
    picture = security / "faces" / name
    yunet = _detect(YUNET, _onnx(security / "yunet_n_320_320.onnx"), picture)
    blaze = _detect(BLAZE, _tflite(security / "face_detection_short_range.tflite"), picture)
    assert yunet["points"].shape == (1, 5, 2)
    assert blaze["points"].shape == (1, 6, 2)
    width = yunet["boxes"][0, 2] - yunet["boxes"][0, 0]
    np.testing.assert_allclose(yunet["points"][0, :3], blaze["points"][0, :3], atol=0.15 * width)
    for found in (yunet["points"][0], blaze["points"][0]):
        assert found[0, 0] < found[2, 0] < found[1, 0]
        assert found[:2, 1].max() < found[2, 1]


def test_ssd_priors_with_variances_give_the_boxes_that_the_graph_decodes_itself(security: Path) -> None:
    """RFB-320 decodes in its graph: its raw locations through box_decode must give the same corners."""
    path = security / "version-RFB-320.onnx"
    locations = _raw_locations(path)
    outputs = _onnx(path, (locations,))(Chain.parse(RFB[0]).run(security / "faces" / "obama.jpg"))
    raw = {"boxes": outputs[locations], "scores": outputs["scores"]}
    ours = Chain.parse(RFB_RAW[1].split(",nms")[0]).run(raw)
    theirs = Chain.parse(RFB[1].split(",nms")[0]).run({name: outputs[name] for name in ("boxes", "scores")})
    assert raw["boxes"].shape == (1, 4420, 4)
    np.testing.assert_allclose(ours["boxes"], theirs["boxes"], rtol=1e-4, atol=2e-3)
    np.testing.assert_array_equal(ours["scores"], theirs["scores"])


def _raw_locations(path: Path) -> str:
    """The tensor that the graph's decoding slices first."""
    onnx = pytest.importorskip("onnx")
    nodes = onnx.load(path).graph.node
    last_softmax = max(i for i, node in enumerate(nodes) if node.op_type == "Softmax")
    return str(next(node for node in nodes[last_softmax:] if node.op_type == "Slice").input[0])


STREET = [("person", (41, 63, 178, 294)), ("person", (289, 142, 482, 297)), ("person", (159, 136, 256, 265))]
STREET += [("person", (231, 139, 323, 277))]


@pytest.mark.parametrize(
    ("picture", "seen"),
    [("security/images/3.jpg", STREET), ("traffic/1.jpg", [("bus", (47, 83, 581, 417))])],
    ids=["four people", "one bus"],
)
def test_fastest_det_names_and_frames_what_a_person_sees(
    security: Path, picture: str, seen: list[tuple[str, tuple[int, ...]]]
) -> None:
    labels = tuple((security / "coco.names").read_text().splitlines()[:80])
    found = _detect(FASTEST, _onnx(security / "FastestDet.onnx"), security.parent / picture, labels=labels)
    assert sorted(found["labels"]) == sorted(name for name, _ in seen)
    assert found["scores"].min() > 0.7
    for name, box in seen:
        same = found["boxes"][found["labels"] == name]
        assert max(_iou(np.array(box, np.float32), other) for other in same) > 0.8


def test_every_chain_is_described_in_one_line_per_step() -> None:
    text = Chain.parse(YUNET[1]).describe()
    assert text.splitlines()[1:] == ["2. nms: score 0.6, iou 0.3", "3. box_restore"]
