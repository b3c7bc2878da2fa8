"""Lossless forms of int8 weights that take less flash; generated C decodes them block by block into working memory.

A form exists for a layer where it holds the layer's weights exactly: ``int4`` and ``int3`` where they fit the codes,
``palette`` where there are at most 64 different ones, ``sparse`` where two of four neighbours are zero; ``huffman``
always does, and helps where some values are frequent.
"""

from limen.targets.c.encodings._choose import PACKS, Choice, Pack, asked_forms, choose, enough, forms_of
from limen.targets.c.encodings._forms import FORMS, Encoded, encode

__all__ = ["FORMS", "PACKS", "Choice", "Encoded", "Pack", "asked_forms", "choose", "encode", "enough", "forms_of"]
