"""The optimiser: recipes, Decisions, and their emission as Programs and QDQ Models."""

from limen.optimize.decide import decide
from limen.optimize.decisions import Decision, Decisions
from limen.optimize.emit_program import emit_program, integer_mac_share
from limen.optimize.quantize import Quantized, quantize_program
from limen.optimize.ranges import Range, Runner, Statistics, measure
from limen.optimize.recipes import Recipe, decode

__all__ = [
    "Decision",
    "Decisions",
    "Quantized",
    "Range",
    "Recipe",
    "Runner",
    "Statistics",
    "decide",
    "decode",
    "emit_program",
    "integer_mac_share",
    "measure",
    "quantize_program",
]
