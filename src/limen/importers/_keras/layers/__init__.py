"""The table of layers: class name -> rule. One file per family; a rule in two files fails loudly."""

from __future__ import annotations

from collections.abc import Mapping

from limen.errors import InternalError
from limen.importers._keras.layers import activation, attention, conv, dense, merge, norm, pool, recurrent, reshape
from limen.importers._keras.rule import Rule, Rules


def _joined(*tables: Rules) -> Mapping[str, Rule]:
    joined: dict[str, Rule] = {}
    for table in tables:
        for name, rule in table.items():
            if name in joined:
                raise InternalError(f"keras layer {name}: two rules")
            joined[name] = rule
    return joined


LAYERS = _joined(
    activation.RULES,
    attention.RULES,
    conv.RULES,
    dense.RULES,
    merge.RULES,
    norm.RULES,
    pool.RULES,
    recurrent.RULES,
    reshape.RULES,
)
