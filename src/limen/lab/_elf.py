"""Just enough of ELF, little endian, to load a firmware image and to know its functions and sizes.

Sources: Tool Interface Standard, Executable and Linking Format, version 1.2; System V ABI, ELF-64 object file format.
"""

from __future__ import annotations

import bisect
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from limen.errors import InternalError

_LOAD, _SYMTAB = 1, 2
_WRITE, _ALLOC, _EXECUTE = 1, 2, 4
_FUNCTION, _OBJECT = 2, 1
_NOBITS = 8


@dataclass(frozen=True)
class _Layout:
    """Where the two sizes of ELF keep their fields; field -> format of struct."""

    wide: bool
    tables: str
    tables_at: int
    counts_at: int
    program: dict[str, str]
    symbol: dict[str, str]
    symbol_size: int


_SECTION = {
    wide: {"name": "I", "type": "I", "flags": word, "address": word, "offset": word, "size": word, "link": "I"}
    for wide, word in ((False, "I"), (True, "Q"))
}
_LAYOUTS = {
    b"\x7fELF\x01\x01": _Layout(
        False, "<II", 28, 42, {"type": "I", "offset": "I", "address": "I", "physical": "I", "size": "I"},
        {"name": "I", "value": "I", "size": "I", "info": "B", "other": "B", "section": "H"}, 16,
    ),
    b"\x7fELF\x02\x01": _Layout(
        True, "<QQ", 32, 54, {"type": "I", "flags": "I", "offset": "Q", "address": "Q", "physical": "Q", "size": "Q"},
        {"name": "I", "info": "B", "other": "B", "section": "H", "value": "Q", "size": "Q"}, 24,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Section:
    """A section that takes memory: address, bytes, and what may be done with it."""

    name: str
    address: int
    size: int
    writable: bool
    executable: bool


@dataclass(frozen=True)
class Symbol:
    """A function or an object; the address is even, without the Thumb bit."""

    name: str
    address: int
    size: int
    function: bool

    @property
    def end(self) -> int:
        return self.address + self.size


@dataclass(frozen=True, eq=False)
class Image:
    """A linked program.

    Args:
        segments: (address, bytes) to load.
        sections: those that take memory.
        symbols: functions and objects, by address.
        marks: (address, whether code follows) of the mapping symbols ($t, $x, $d), by address.
    """

    segments: tuple[tuple[int, bytes], ...]
    sections: tuple[Section, ...]
    symbols: tuple[Symbol, ...]
    marks: tuple[tuple[int, bool], ...] = ()

    @cached_property
    def functions(self) -> tuple[Symbol, ...]:
        """Functions by address, one for each address: aliases are left out.

        One without a size, which assembler may leave out, reaches to the next.
        """
        first: dict[int, Symbol] = {}
        for symbol in self.symbols:
            if symbol.function and (symbol.address not in first or not first[symbol.address].size):
                first[symbol.address] = symbol
        code = self.code()
        nexts = [*list(first)[1:], code.address + code.size]
        return tuple(
            s if s.size else replace(s, size=n - s.address) for s, n in zip(first.values(), nexts, strict=True)
        )

    @cached_property
    def _starts(self) -> list[int]:
        return [f.address for f in self.functions]

    def address(self, name: str) -> int:
        """Of a symbol.

        Raises:
            InternalError: there is none of this name.
        """
        for symbol in self.symbols:
            if symbol.name == name:
                return symbol.address
        raise InternalError(f"the linked image has no symbol {name}")

    def function_at(self, address: int) -> Symbol | None:
        """The function whose code holds an address."""
        index = bisect.bisect_right(self._starts, address) - 1
        if index < 0 or address >= self.functions[index].end:
            return None
        return self.functions[index]

    def is_code(self, address: int) -> bool:
        """Whether an address among the functions holds an instruction, and no literal pool or table."""
        index = bisect.bisect_right(self.marks, (address, True)) - 1
        return index < 0 or self.marks[index][1]

    def code(self) -> Section:
        """The one executable section."""
        (section,) = (s for s in self.sections if s.executable)
        return section

    def read(self, address: int, size: int) -> bytes:
        """Bytes of the loaded image."""
        for start, data in self.segments:
            if start <= address and address + size <= start + len(data):
                return data[address - start : address - start + size]
        raise InternalError(f"the linked image holds nothing at {address:#x}")


def read_elf(data: bytes) -> Image:
    """Parse an executable.

    Raises:
        InternalError: it is none.
    """
    layout = _LAYOUTS.get(data[:6])
    if layout is None:
        raise InternalError("the linker wrote no little endian ELF file")
    program_table, section_table = struct.unpack_from(layout.tables, data, layout.tables_at)
    program_size, programs, section_size, sections, names = struct.unpack_from("<HHHHH", data, layout.counts_at)
    heads = [_unpack(layout.program, data, program_table + i * program_size) for i in range(programs)]
    rows = [_unpack(_SECTION[layout.wide], data, section_table + i * section_size) for i in range(sections)]
    name_offset = rows[names]["offset"]
    segments = tuple(
        (h["address"], data[h["offset"] : h["offset"] + h["size"]]) for h in heads if h["type"] == _LOAD and h["size"]
    )
    kept = tuple(
        Section(
            _text(data, name_offset + row["name"]), row["address"], row["size"],
            bool(row["flags"] & _WRITE), bool(row["flags"] & _EXECUTE),
        )
        for row in rows
        if row["flags"] & _ALLOC and row["size"]
    )  # fmt: skip
    symbols = sorted(_symbols(data, rows, layout), key=lambda s: (s.address, s.name))
    marks = {s.address: s.name[1] != "d" for s in symbols if s.name.startswith("$")}
    named = tuple(s for s in symbols if not s.name.startswith("$"))
    return Image(segments, kept, named, tuple(sorted(marks.items())))


def _symbols(data: bytes, rows: list[dict[str, int]], layout: _Layout) -> Iterator[Symbol]:
    for row in rows:
        if row["type"] != _SYMTAB:
            continue
        strings = rows[row["link"]]["offset"]
        for at in range(row["offset"], row["offset"] + row["size"], layout.symbol_size):
            entry = _unpack(layout.symbol, data, at)
            kind = entry["info"] & 15
            text = _text(data, strings + entry["name"])
            if entry["section"] and (kind in (_FUNCTION, _OBJECT) or entry["info"] >> 4 or text.startswith("$")):
                function = kind == _FUNCTION
                yield Symbol(text, entry["value"] & ~1 if function else entry["value"], entry["size"], function)


def _unpack(fields: dict[str, str], data: bytes, offset: int) -> dict[str, int]:
    """A structure of named fields: name -> number."""
    values = struct.unpack_from("<" + "".join(fields.values()), data, offset)
    return dict(zip(fields, values, strict=True))


def _text(data: bytes, offset: int) -> str:
    return data[offset : data.index(b"\0", offset)].decode("utf-8", "replace")
