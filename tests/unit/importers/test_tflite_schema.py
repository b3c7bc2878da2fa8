"""The reader's tables are those of the schema that LiteRT ships."""

from __future__ import annotations

import inspect
import re

import pytest
from ai_edge_litert import schema_py_generated as schema

from limen.importers._tflite_schema import ACTIVATIONS, BUILTINS, OPTIONS, TENSOR_TYPES


def members(enumeration: type) -> dict[str, int]:
    return {name: value for name, value in vars(enumeration).items() if isinstance(value, int)}


def test_builtin_operators_have_their_codes() -> None:
    assert dict(zip(BUILTINS, range(len(BUILTINS)), strict=True)) == members(schema.BuiltinOperator)


def test_element_types_have_their_codes() -> None:
    known = {name.upper(): code for code, name in enumerate(TENSOR_TYPES)}
    assert known.items() <= members(schema.TensorType).items()


def test_activations_have_their_codes() -> None:
    codes = {name.upper(): code for code, name in enumerate(ACTIVATIONS)}
    assert codes == members(schema.ActivationFunctionType)


@pytest.mark.parametrize("name", OPTIONS)
def test_options_have_their_slots_and_defaults(name: str) -> None:
    table = OPTIONS[name]
    assert table.code == members(schema.BuiltinOptions)[name]
    generated = getattr(schema, name)
    for field, entry in table.fields.items():
        accessor = getattr(generated, "".join(part.capitalize() for part in field.split("_")), None)
        if accessor is None:
            assert (name, field) in {("ResizeBilinearOptions", "new_height"), ("ResizeBilinearOptions", "new_width")}
            continue
        source = inspect.getsource(accessor)
        offset = re.search(r"self\._tab\.Offset\((\d+)\)", source)
        assert offset is not None
        assert int(offset.group(1)) == 4 + 2 * entry.slot, field
        default = re.search(r"return (\w+)\s*$", source)
        if entry.code in "bi?" and default is not None:
            wanted = {"True": 1, "False": 0}.get(default.group(1), default.group(1))
            assert int(wanted) == entry.default, field
