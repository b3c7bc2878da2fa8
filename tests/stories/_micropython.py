"""Stand-ins for MicroPython's build and object interface, enough to build a user C module and to call it."""

from __future__ import annotations

import subprocess
from pathlib import Path

RUNTIME_H = """\
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
typedef unsigned char byte;
typedef void *mp_obj_t;
typedef const void *mp_const_obj_t;
typedef struct { void *buf; size_t len; int typecode; } mp_buffer_info_t;
typedef struct { const void *type; } mp_obj_base_t;
typedef struct { mp_obj_base_t base; size_t len; byte data[256]; } bytes_t;
typedef struct { const char *key; mp_const_obj_t value; } mp_rom_map_elem_t;
typedef struct { size_t used; const mp_rom_map_elem_t *table; } mp_obj_dict_t;
typedef struct { mp_obj_base_t base; mp_obj_dict_t *globals; } mp_obj_module_t;
typedef struct { size_t least, most; mp_obj_t (*var)(size_t, const mp_obj_t *); mp_obj_t (*none)(void); } function_t;
extern const int mp_type_module;
extern const int none_object;
#define mp_const_none ((mp_obj_t)(uintptr_t)&none_object)
#define MP_BUFFER_READ 1
#define MP_ERROR_TEXT(text) text
#define MP_ROM_QSTR(name) name
#define MP_ROM_PTR(object) object
#define MP_QSTR___name__ "__name__"
#define MP_QSTR_run "run"
#define MP_QSTR_reset "reset"
#define MP_QSTR_digits "digits"
#define MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(object, least, most, f) const function_t object = {least, most, f, NULL}
#define MP_DEFINE_CONST_FUN_OBJ_0(object, f) const function_t object = {0, 0, NULL, f}
#define MP_DEFINE_CONST_DICT(object, list) \\
    const mp_obj_dict_t object = {sizeof(list) / sizeof(list[0]), list}
#define MP_REGISTER_MODULE(name, object) const mp_obj_module_t *const registered = &object
void mp_get_buffer_raise(mp_obj_t from, mp_buffer_info_t *buffer, int flags);
_Noreturn void mp_raise_ValueError(const char *text);
mp_obj_t mp_obj_new_bytes(const byte *data, size_t size);
mp_obj_t mp_obj_new_tuple(size_t count, const mp_obj_t *items);
"""
MAIN = """\
#include "py/runtime.h"
#include <stdio.h>
const int mp_type_module = 1, none_object = 0;
extern const mp_obj_module_t *const registered;
void mp_get_buffer_raise(mp_obj_t from, mp_buffer_info_t *buffer, int flags)
{
    bytes_t *const given = from;
    (void)flags;
    buffer->buf = given->data;
    buffer->len = given->len;
}
_Noreturn void mp_raise_ValueError(const char *text) { fputs(text, stderr); exit(9); }
mp_obj_t mp_obj_new_bytes(const byte *data, size_t size)
{
    static bytes_t made;
    made.len = size;
    memcpy(made.data, data, size);
    return &made;
}
mp_obj_t mp_obj_new_tuple(size_t count, const mp_obj_t *items) { (void)count; return items[0]; }
static const function_t *find(const char *name)
{
    for (size_t i = 0; i < registered->globals->used; ++i) {
        if (strcmp(registered->globals->table[i].key, name) == 0) { return registered->globals->table[i].value; }
    }
    exit(8);
}
int main(int count, char **words)
{
    bytes_t x = {{NULL}, 64, {0}};
    (void)words;
    if (find("reset")->none() != mp_const_none) { return 7; }
    if (count > 1) { x.len = 63; }
    while (fread(x.data, 1, 64, stdin) == 64) {
        mp_obj_t items[1] = {&x};
        const bytes_t *const y = find("run")->var(1, items);
        fwrite(y->data, 1, y->len, stdout);
    }
    return 0;
}
"""


def variables(root: Path, folder: Path) -> dict[str, list[str]]:
    """What micropython.mk adds to MicroPython's variables, as make reads it."""
    names = ("SRC_USERMOD_C", "SRC_USERMOD_LIB_C", "SRC_USERMOD_LIB_ASM", "CFLAGS_USERMOD")
    shown = "\n".join(f"\t@echo '{name}=$({name})'" for name in names)
    (folder / "Makefile").write_text(f"USERMOD_DIR := {root}\ninclude {root}/micropython.mk\nall:\n{shown}\n")
    done = subprocess.run(["make", "-s", "-C", str(folder), "all"], capture_output=True, text=True, check=True)
    return {k: v.split() for k, v in (line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)}


def sources(root: Path, route: str, folder: Path) -> list[Path]:
    """The module's files by micropython.mk or by micropython.cmake."""
    if route == "make":
        found = variables(root, folder)
        return [Path(name) for name in [*found["SRC_USERMOD_C"], *found["SRC_USERMOD_LIB_C"]]]
    (folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(probe NONE)\nadd_library(usermod INTERFACE)\n"
        f'include("{root}/micropython.cmake")\n'
        "get_target_property(linked usermod INTERFACE_LINK_LIBRARIES)\n"
        "get_target_property(found ${linked} INTERFACE_SOURCES)\n"
        'file(WRITE "${CMAKE_BINARY_DIR}/found" "${found}")\n'
    )
    subprocess.run(["cmake", "-S", str(folder), "-B", str(folder / "b")], capture_output=True, check=True)
    return [Path(name) for name in (folder / "b" / "found").read_text().split(";")]


def build(name: str, files: list[Path], root: Path, folder: Path) -> Path:
    """A program that calls the registered module's ``reset`` and ``run``."""
    (folder / "py").mkdir()
    (folder / "py" / "runtime.h").write_text(RUNTIME_H)
    for header in ("objstr.h", "objtuple.h"):
        (folder / "py" / header).write_text('#include "py/runtime.h"\n')
    (folder / "main.c").write_text(MAIN)
    command = [
        "gcc",
        "-std=gnu11",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Werror",
        f"-I{folder}",
        f"-I{root}",
        *variables(root, folder)["CFLAGS_USERMOD"],
    ]
    output = folder / f"{name}-module"
    done = subprocess.run(
        [*command, *map(str, files), str(folder / "main.c"), "-o", str(output)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return output
