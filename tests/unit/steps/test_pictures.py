"""Picture steps against Pillow, brute force and each other."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from limen.errors import DataError
from limen.steps import Chain, Context
from limen.steps.box_restore import BoxRestore
from limen.steps.decode_image import DecodeImage
from limen.steps.letterbox import Letterbox
from limen.steps.normalise import Normalise
from limen.steps.resize import Resize

SIDE = st.integers(1, 40)
SIZES = st.tuples(SIDE, SIDE)
PILLOW = {
    "nearest": Image.Resampling.NEAREST,
    "antialias": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


def _pixels(size: tuple[int, int], seed: int, channels: int = 3) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], channels), np.uint8)


@given(SIZES, SIZES, st.sampled_from(["antialias", "bicubic"]), st.integers(0, 99))
@example((640, 5), (7, 5), "antialias", 1)
@example((5, 300), (5, 299), "bicubic", 1)
@example((3, 3), (40, 1), "bicubic", 1)
def test_smooth_resize_is_pillow_bit_for_bit(source: tuple[int, int], size: tuple[int, int], how: Any, n: int) -> None:
    image = _pixels(source, n)
    expected = np.asarray(Image.fromarray(image).resize(size, PILLOW[how]))
    np.testing.assert_array_equal(Resize(size, how).run(image, Context()), expected)


@given(SIZES, SIZES, st.integers(0, 99))
def test_nearest_resize_is_pillow_where_no_centre_lies_between_pixels(
    source: tuple[int, int], size: tuple[int, int], n: int
) -> None:
    image = _pixels(source, n)
    found = Resize(size, "nearest").run(image, Context())
    expected = np.asarray(Image.fromarray(image).resize(size, PILLOW["nearest"]))
    clear = [
        [
            (2 * i + 1) * source[axis] % (2 * size[axis]) != 0 or source[axis] % size[axis] == 0
            for i in range(size[axis])
        ]
        for axis in (1, 0)
    ]
    rows, columns = np.flatnonzero(clear[0]), np.flatnonzero(clear[1])
    np.testing.assert_array_equal(found[np.ix_(rows, columns)], expected[np.ix_(rows, columns)])


def _bilinear(image: NDArray[Any], size: tuple[int, int]) -> NDArray[np.float64]:
    """Pixel by pixel, straight from the definition."""
    height, width = image.shape[:2]
    out = np.zeros((size[1], size[0], image.shape[2]))
    for j in range(size[1]):
        for i in range(size[0]):
            x, y = (i + 0.5) * width / size[0] - 0.5, (j + 0.5) * height / size[1] - 0.5
            left, top = int(np.floor(x)), int(np.floor(y))
            for row, down in ((top, 1 - (y - top)), (top + 1, y - top)):
                for column, across in ((left, 1 - (x - left)), (left + 1, x - left)):
                    pixel = image[min(max(row, 0), height - 1), min(max(column, 0), width - 1)]
                    out[j, i] += down * across * pixel
    return out


@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9)), st.tuples(st.integers(1, 9), st.integers(1, 9)), st.integers(0, 9)
)
def test_bilinear_resize_is_its_definition(source: tuple[int, int], size: tuple[int, int], n: int) -> None:
    image = _pixels(source, n)
    expected = _bilinear(image.astype(np.float64), size)
    exact = Resize(size).run(image.astype(np.float32), Context())
    np.testing.assert_allclose(exact, expected, atol=1e-4)
    assert exact.dtype == np.float32
    rounded = Resize(size).run(image, Context())
    assert rounded.dtype == np.uint8
    assert np.abs(rounded - expected).max() < 0.75


@given(SIZES, st.integers(1, 5), st.integers(1, 5), st.integers(0, 99))
def test_area_resize_by_whole_factors_is_the_mean_of_blocks(size: tuple[int, int], fx: int, fy: int, n: int) -> None:
    image = _pixels((size[0] * fx, size[1] * fy), n).astype(np.float32)
    blocks = image.reshape(size[1], fy, size[0], fx, 3).mean(axis=(1, 3), dtype=np.float64)
    np.testing.assert_allclose(Resize(size, "area").run(image, Context()), blocks, rtol=1e-5)


@given(SIZES, SIZES, st.sampled_from(["bilinear", "antialias", "bicubic", "area", "nearest"]), st.integers(0, 255))
def test_a_flat_picture_stays_flat(source: tuple[int, int], size: tuple[int, int], method: Any, level: int) -> None:
    image = np.full((source[1], source[0], 2), level, np.uint8)
    np.testing.assert_array_equal(Resize(size, method).run(image, Context()), np.full((size[1], size[0], 2), level))


@pytest.mark.parametrize(
    ("source", "size", "expected"),
    [((341, 256), (224, 224), (298, 224)), ((256, 341), (224, 224), (224, 298)), ((10, 10), (4, 8), (8, 8))],
)
def test_cover_keeps_the_aspect_and_truncates_the_longer_side(source: Any, size: Any, expected: Any) -> None:
    found = Resize(size, fit="cover").run(_pixels(source, 0), Context())
    assert (found.shape[1], found.shape[0]) == expected


@given(SIZES, SIZES, st.integers(0, 9))
def test_letterbox_holds_the_resized_picture_and_nothing_else(
    source: tuple[int, int], size: tuple[int, int], n: int
) -> None:
    image, context = _pixels(source, n), Context()
    framed = Letterbox(size, fill=3).run(image, context)
    assert framed.shape == (size[1], size[0], 3)
    view = context.facts["view"]
    x, y = (int(v) for v in view.offset)
    width, height = (round(scale * side) for scale, side in zip(view.scale, source, strict=True))
    assert width == size[0] or height == size[1]
    inner = framed[y : y + height, x : x + width].copy()
    np.testing.assert_array_equal(inner, Resize((width, height)).run(image, Context()))
    framed[y : y + height, x : x + width] = 3
    assert (framed == 3).all()


@given(SIZES, SIZES, st.integers(0, 99))
def test_boxes_find_their_way_back_through_any_geometry(source: tuple[int, int], size: tuple[int, int], n: int) -> None:
    """A box around the whole picture, carried into the frame by hand, must come back as the whole picture."""
    width, height = source[0] + 4, source[1] + 4
    context = Context()
    chain = Chain.parse(
        f"crop:{source[0]}x{source[1]}:at=3x1,resize:{source[0] + n % 7}x9,letterbox:{size[0]}x{size[1]}"
    )
    chain.run(_pixels((width, height), n), context)
    view = context.facts["view"]
    assert view.source == (width, height)
    frame = np.array([[3.0, 1.0], [3.0 + source[0], 1.0 + source[1]]]) * view.scale + view.offset
    assert (frame > -1e-6).all()
    assert (frame < np.array(size) + 1e-6).all()
    back = BoxRestore().run({"boxes": frame.reshape(1, 4)}, context)["boxes"]
    np.testing.assert_allclose(back, [[3, 1, 3 + source[0], 1 + source[1]]], atol=1e-3)


@pytest.mark.parametrize("form", ["PNG", "BMP", "PPM", "GIF", "TIFF", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "1", "LA", "I;16"])
def test_decode_gives_the_pixels_of_every_form_and_mode(form: str, mode: str) -> None:
    image = Image.fromarray(_pixels((5, 4), 1)[:, :, 0] // 128 * 255).convert("L")
    wide = Image.fromarray(np.asarray(image).astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    buffer = io.BytesIO()
    try:
        wide.save(buffer, form, **({"lossless": True} if form == "WEBP" else {}))
    except (OSError, ValueError):
        return
    found = DecodeImage().run(buffer.getvalue(), Context())
    np.testing.assert_array_equal(found, np.asarray(image)[:, :, None].repeat(3, axis=2))
    grey = DecodeImage("grey").run(buffer.getvalue(), Context())
    np.testing.assert_array_equal(grey, np.asarray(image)[:, :, None])


def test_grey_is_pillows_grey() -> None:
    image = _pixels((64, 64), 5)
    expected = np.asarray(Image.fromarray(image).convert("L"))
    np.testing.assert_array_equal(DecodeImage("grey").run(image, Context())[:, :, 0], expected)


def test_decode_turns_a_picture_upright() -> None:
    image = Image.fromarray(_pixels((5, 4), 2))
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    image.save(buffer, "PNG", exif=exif)
    context = Context()
    found = DecodeImage().run(buffer.getvalue(), context)
    np.testing.assert_array_equal(found, np.rot90(np.asarray(image), -1))
    assert context.facts["view"].source == (4, 5)


@pytest.mark.parametrize("path", ["/nowhere/a.png", "a\0b.png", "/"])
def test_decode_says_which_path_cannot_be_read(path: str) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        DecodeImage().run(path, Context())


@given(
    st.integers(0, 10_000), st.integers(0, 255), st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "WEBP"]), st.booleans()
)
def test_a_broken_file_is_a_picture_or_a_data_error(place: int, byte: int, form: str, cut: bool) -> None:
    buffer = io.BytesIO()
    Image.fromarray(_pixels((9, 7), 3)).save(buffer, form)
    data = bytearray(buffer.getvalue())
    data[place % len(data)] = byte
    try:
        found = DecodeImage(limit=10_000).run(bytes(data[: place % len(data)] if cut else data), Context())
    except DataError as problem:
        assert problem.hint  # noqa: PT017
        return
    assert found.ndim == 3


def test_a_picture_that_is_too_large_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(DataError, match="too many pixels"):
        DecodeImage().run(b"P5 20000 20000 255\n", Context())


def test_normalise_is_torchvisions_arithmetic() -> None:
    image = _pixels((8, 8), 4)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    expected = (image.astype(np.float64) / 255 - mean) / std
    found = Normalise(mean, std, 1 / 255).run(image, Context())
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    swapped = Normalise(mean, std, 1 / 255, order="bgr").run(image[..., ::-1], Context())
    np.testing.assert_array_equal(found, swapped)
