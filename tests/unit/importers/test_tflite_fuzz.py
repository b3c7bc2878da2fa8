"""Damaged .tflite files: an error of limen's, or a Program that passes its check and does no harm to LiteRT."""

from __future__ import annotations

import random
from pathlib import Path

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

from limen.errors import LimenError, ModelError
from limen.importers._flatbuffer import Data
from limen.importers.tflite import read
from limen.program import Program
from limen.targets.tflite import write
from unit.targets._examples import examples
from unit.targets._litert import RESOLVERS, judge

SEED = 8
SHARED = ("data/smarthome/okay_nabu.tflite", "models/mlperf-tiny/kws_dscnn_int8.tflite")
_EDGES = (0, 1, 2, 3, 4, 127, 128, 255)


def structure(content: bytes) -> list[int]:
    """Positions outside large constants: where a change matters."""
    large = set()
    for buffer in Data(content, "sound").root().tables(4):
        start, length = buffer.span(0)
        large.update(range(start, start + length) if length > 64 else ())
    return [position for position in range(len(content)) if position not in large]


def damaged(content: bytes, places: list[int], dice: random.Random) -> bytes:
    """The content cut short, or with one to three bytes changed, most of them where it matters."""
    if dice.random() < 0.15:
        return content[: dice.randrange(len(content))]
    changed = bytearray(content)
    for _ in range(dice.choice((1, 1, 2, 3))):
        place = dice.choice(places) if dice.random() < 0.8 else dice.randrange(len(changed))
        if dice.random() < 0.5:
            changed[place] ^= 1 << dice.randrange(8)
        else:
            changed[place] = dice.choice((*_EDGES, dice.randrange(256)))
    return bytes(changed)


def attempt(content: bytes) -> Program | None:
    """The Program, or None for an error of limen's; any other error goes through."""
    try:
        return read(content).check()
    except LimenError:
        return None


def campaign(sources: list[bytes], count: int, folder: Path) -> tuple[int, list[Path]]:
    """(files refused, what limen wrote for the others) of ``count`` damaged files."""
    dice = random.Random(SEED)
    places = [structure(source) for source in sources]
    refused, written = 0, []
    for number in range(count):
        which = dice.randrange(len(sources))
        result = attempt(damaged(sources[which], places[which], dice))
        if result is not None:
            written.append(folder / f"{number}.tflite")
            written[-1].write_bytes(write(result))
        else:
            refused += 1
    return refused, written


def check_campaign(sources: list[bytes], count: int, folder: Path) -> None:
    refused, written = campaign(sources, count, folder)
    print(f"{count} damaged files: {refused} refused, {len(written)} read")
    assert refused > count // 10
    assert len(written) > count // 50
    for resolver in RESOLVERS:
        crashed = [v for v in judge(written, resolver) if v.outcome.startswith("crash")]
        assert crashed == []


def test_small_files_of_every_operator(tmp_path: Path) -> None:
    check_campaign([write(program) for _, program in examples()], 1500, tmp_path)


def test_real_files_with_states_and_quantisation(shared: Path, tmp_path: Path) -> None:
    check_campaign([(shared / name).read_bytes() for name in SHARED], 500, tmp_path)


@pytest.mark.parametrize("content", [b"", b"TFL3", bytes(8), b"\x1c\0\0\0TFL3", b"\xff\xff\xff\xffTFL3" + bytes(64)])
def test_what_is_hardly_a_file_is_refused(content: bytes) -> None:
    with pytest.raises(LimenError):
        read(content)


def test_every_cut_of_a_small_file_is_refused_or_sound() -> None:
    content = write(next(program for name, program in examples() if name == "states"))
    for length in range(len(content)):
        attempt(content[:length])


def test_lists_that_share_their_bytes_cannot_expand() -> None:
    """A vector of tables whose entries are all one table with one long name."""
    builder = flatbuffers.Builder(1024)
    name = builder.CreateString("n" * 200_000)
    schema.TensorStart(builder)
    schema.TensorAddName(builder, name)
    tensor = schema.TensorEnd(builder)
    schema.SubGraphStartTensorsVector(builder, 20_000)
    for _ in range(20_000):
        builder.PrependUOffsetTRelative(tensor)
    tensors = builder.EndVector()
    schema.SubGraphStart(builder)
    schema.SubGraphAddTensors(builder, tensors)
    graph = schema.SubGraphEnd(builder)
    schema.ModelStartSubgraphsVector(builder, 1)
    builder.PrependUOffsetTRelative(graph)
    graphs = builder.EndVector()
    schema.ModelStart(builder)
    schema.ModelAddSubgraphs(builder, graphs)
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    with pytest.raises(ModelError, match="lists overlap"):
        read(bytes(builder.Output()))
