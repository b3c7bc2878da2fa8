"""A MicroPython user C module (micropython.cmake, micropython.mk): ``import NAME; NAME.run(bytes) -> bytes``."""

from __future__ import annotations

from limen.targets.c.packages._package import CORTEX_M, ESPRESSIF, Package, PackageSource, access, readme

MAKE = """\
${upper}_DIR := $$(USERMOD_DIR)
$lines
CFLAGS_USERMOD += -I$$(${upper}_DIR)$flags
"""
CMAKE = """\
add_library(usermod_$name INTERFACE)
target_sources(usermod_$name INTERFACE
$lines)
target_include_directories(usermod_$name INTERFACE $${CMAKE_CURRENT_LIST_DIR})
${options}target_link_libraries(usermod INTERFACE usermod_$name)
"""
MODULE = """\
/* The Python module $name: run(input, ...) takes one bytes-like object per input and returns the outputs as bytes
 * (a tuple where there are several); reset() sets the states to their initial values. */
#include "py/objstr.h"
#include "py/objtuple.h"
#include "py/runtime.h"

#include <string.h>

#include "$name.h"

static _Alignas(${upper}_ARENA_ALIGN) uint8_t ${name}_arena[${upper}_ARENA_BYTES];$slow_memory

static void ${name}_take(mp_obj_t from, void *to, size_t size)
{
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(from, &buffer, MP_BUFFER_READ);
    if (buffer.len != size) {
        mp_raise_ValueError(MP_ERROR_TEXT("$name: an input has another size"));
    }
    memcpy(to, buffer.buf, size);
}

static mp_obj_t ${name}_py_run(size_t count, const mp_obj_t *inputs)
{
    (void)count;
$takes
    ${name}_invoke($arenas);
    mp_obj_t outputs[$outputs] = {
$gives
    };
    return $outputs == 1 ? outputs[0] : mp_obj_new_tuple($outputs, outputs);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(${name}_py_run_obj, $inputs, $inputs, ${name}_py_run);

static mp_obj_t ${name}_py_reset(void)
{
    ${name}_reset($arenas);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(${name}_py_reset_obj, ${name}_py_reset);

static const mp_rom_map_elem_t ${name}_py_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_$name) },
    { MP_ROM_QSTR(MP_QSTR_run), MP_ROM_PTR(&${name}_py_run_obj) },
    { MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&${name}_py_reset_obj) },
};
static MP_DEFINE_CONST_DICT(${name}_py_globals, ${name}_py_globals_table);

const mp_obj_module_t ${name}_py_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&${name}_py_globals,
};
MP_REGISTER_MODULE(MP_QSTR_$name, ${name}_py_module);
"""
HOW = """\
Build the firmware with this folder as a user C module:

```sh
make -C ports/stm32 BOARD=NUCLEO_F446RE USER_C_MODULES=/path/to/the/folder/above
make -C ports/esp32 BOARD=ESP32_GENERIC_C3 USER_C_MODULES=/path/to/$name/micropython.cmake
```

On the board: `import $name; $name.reset(); y = $name.run(x)`."""


def _variable(file: str) -> str:
    """Of make: only the module itself is searched for names and registrations."""
    if file.endswith(".S"):
        return "SRC_USERMOD_LIB_ASM"
    return "SRC_USERMOD_C" if file.endswith("_module.c") else "SRC_USERMOD_LIB_C"


def make(source: PackageSource) -> dict[str, bytes]:
    names = [*source.sources, f"{source.name}_module.c"]
    takes = [
        f"    ${{name}}_take(inputs[{i}], {access(source, 'INPUT', place, '${name}_')}, {place.nbytes}u);"
        for i, place in enumerate(source.generated.inputs)
    ]
    gives = [
        f"        mp_obj_new_bytes((const byte *){access(source, 'OUTPUT', place, '${name}_')}, {place.nbytes}u),"
        for place in source.generated.outputs
    ]
    module = source.fill(
        MODULE,
        takes=source.fill("\n".join(takes)).decode(),
        gives=source.fill("\n".join(gives)).decode(),
        inputs=str(len(takes)),
        outputs=str(len(gives)),
        slow_memory=source.slow_memory(prefix=f"{source.name}_"),
        arenas=", ".join(f"{source.name}_{arena}" for arena in source.generated.arenas.split(", ")),
    )
    upper = source.name.upper()
    make_lines = "\n".join(f"{_variable(n)} += $({upper}_DIR)/{n}" for n in names)
    cmake_lines = "\n".join(f"    ${{CMAKE_CURRENT_LIST_DIR}}/{n}" for n in names)
    options = (
        f"target_compile_options(usermod_{source.name} INTERFACE {' '.join(source.flags)})\n" if source.flags else ""
    )
    return {
        **source.generated.files,
        f"{source.name}_module.c": module,
        "micropython.mk": source.fill(MAKE, lines=make_lines, flags="".join(f" {flag}" for flag in source.flags)),
        "micropython.cmake": source.fill(CMAKE, lines=cmake_lines, options=options),
        "README.md": readme(source, source.fill(HOW).decode()),
    }


PACKAGE = Package(
    "micropython", "MicroPython user C module", make,
    isas=(*CORTEX_M, *ESPRESSIF, "x86-64", "aarch64", "armv7"), such_as="rp2040, stm32f4 or esp32-c3",
)  # fmt: skip
