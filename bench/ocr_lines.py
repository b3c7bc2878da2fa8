"""Rendered text lines for the OCR benchmark: words, numbers and dates in Debian's or Pillow's fonts, none the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

HEIGHT, WIDTH = 48, 320
WIDEST = 10  # ems: a line of 48 pixels squeezed by at most a half to WIDTH
FONTS = Path("/usr/share/fonts")
_WORDS = """
invoice total amount date number order customer address street garden river window station morning paper silver
engine market doctor school winter summer bridge letter camera signal bottle yellow orange purple simple double
Monday Friday London Berlin Paris Madrid Vienna Oslo copy right handle with care fragile keep dry this side up
serial model batch expires before net weight volume pressure voltage current output input private road exit gate
platform ticket valid from until receipt thank you please call again open closed push pull north south east west
"""
WORDS = tuple(_WORDS.split())


@dataclass(frozen=True, eq=False)
class Lines:
    """Pictures float32 [n, 3, HEIGHT, WIDTH] in [-1, 1], blue first, and what they say."""

    x: np.ndarray
    texts: tuple[str, ...]


@cache
def fonts() -> tuple[Path | None, ...]:
    """TrueType files with Latin letters; None stands for Pillow's own font."""
    found = sorted(p for p in FONTS.rglob("*.ttf") if "Math" not in p.name and "Emoji" not in p.name)
    return (None, *found)


def text(rng: np.random.Generator) -> str:
    """Two to five words or figures."""
    parts = []
    for _ in range(int(rng.integers(2, 6))):
        kind = rng.random()
        if kind < 0.7:
            word = str(rng.choice(WORDS))
            parts.append(word.upper() if rng.random() < 0.2 else word.capitalize() if rng.random() < 0.3 else word)
        elif kind < 0.85:
            parts.append(f"{rng.integers(0, 99999)}" if rng.random() < 0.5 else f"{rng.random() * 1000:.2f}")
        else:
            parts.append(f"{rng.integers(1, 29):02d}.{rng.integers(1, 13):02d}.{rng.integers(1990, 2030)}")
    return " ".join(parts)


def picture(words: str, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """float32 [HEIGHT, WIDTH, 3] in 0..255, and the words that fit: on a plain ground, turned, blurred and noisy."""
    path = fonts()[int(rng.integers(len(fonts())))]
    size = int(rng.integers(22, 40))
    font = ImageFont.load_default(size) if path is None else ImageFont.truetype(str(path), size)
    while font.getlength(words) > WIDEST * size and " " in words:
        words = words.rsplit(" ", 1)[0]
    left, top, right, bottom = font.getbbox(words)
    dark = rng.integers(0, 130, 3)
    light = rng.integers(130, 256, 3)
    ink, ground = (light, dark) if rng.random() < 0.25 else (dark, light)
    margin = rng.integers(2, 9, 2)
    box = (int(right - left + 2 * margin[0]), int(bottom - top + 2 * margin[1]))
    image = Image.new("RGB", box, tuple(int(v) for v in ground))
    place = (int(margin[0] - left), int(margin[1] - top))
    ImageDraw.Draw(image).text(place, words, fill=tuple(int(v) for v in ink), font=font)
    angle = float(rng.normal(0, 0.8))
    image = image.rotate(angle, Image.Resampling.BICUBIC, fillcolor=tuple(int(v) for v in ground))
    image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 1.6))))
    width = min(WIDTH, max(8, round(image.width * HEIGHT / image.height)))
    pixels = np.asarray(image.resize((width, HEIGHT), Image.Resampling.BILINEAR), np.float32)
    pixels += rng.normal(0, rng.uniform(0, 25), pixels.shape)
    full = np.full((HEIGHT, WIDTH, 3), 127.5, np.float32)
    full[:, :width] = np.clip(np.rint(pixels), 0, 255)
    return full, words


def lines(count: int, seed: int) -> Lines:
    """``count`` lines; the same seed gives the same lines on the same fonts."""
    rng = np.random.default_rng(seed)
    made = [picture(text(rng), rng) for _ in range(count)]
    pictures, texts = np.stack([p for p, _ in made]), tuple(words for _, words in made)
    x = (pictures[..., ::-1].transpose(0, 3, 1, 2) / 127.5 - 1.0).astype(np.float32)
    return Lines(np.ascontiguousarray(x), texts)


def read(outputs: np.ndarray, characters: tuple[str, ...]) -> list[str]:
    """Greedy CTC: class indices [n, time] of the characters (index 0 is blank) -> strings."""
    strings = []
    for row in outputs:
        kept = np.concatenate([[True], row[1:] != row[:-1]]) & (row != 0)
        strings.append("".join(characters[i] for i in row[kept]))
    return strings


def line_accuracy(strings: list[str], texts: tuple[str, ...]) -> float:
    """Share of lines read right, spaces ignored."""
    pairs = zip(strings, texts, strict=True)
    return float(np.mean([s.replace(" ", "") == t.replace(" ", "") for s, t in pairs]))
