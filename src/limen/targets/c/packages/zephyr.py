"""A Zephyr module (zephyr/module.yml, CMakeLists.txt, Kconfig) with a sample application."""

from __future__ import annotations

from limen.targets.c.packages._package import (
    CORTEX_M,
    ESPRESSIF,
    Package,
    PackageSource,
    access,
    macro,
    readme,
    tensor_of,
)

MODULE = """\
name: $name
build:
  cmake: .
  kconfig: Kconfig
"""
KCONFIG = 'config LIMEN_$upper\n\tbool "$title"\n\thelp\n\t  A machine-learning model compiled by limen.\n'
CMAKE = """\
if(CONFIG_LIMEN_$upper)
  zephyr_library_named(limen_$name)
  zephyr_include_directories(include)
  zephyr_library_sources($sources)
  zephyr_library_compile_options(-O2 -ffp-contract=off)
endif()
"""
SAMPLE_CMAKE = """\
cmake_minimum_required(VERSION 3.20.0)
list(APPEND EXTRA_ZEPHYR_MODULES $${CMAKE_CURRENT_SOURCE_DIR}/../..)
find_package(Zephyr REQUIRED HINTS $$ENV{ZEPHYR_BASE})
project(${name}_sample)
target_sources(app PRIVATE src/main.c)
"""
SAMPLE_MAIN = """\
/* Runs $name on an input of zeros once a second and prints the first output and the time of one run. */
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include "$name.h"

static _Alignas(${upper}_ARENA_ALIGN) uint8_t arena[${upper}_ARENA_BYTES];$slow_memory

int main(void)
{
    ${name}_reset($arenas);
    for (;;) {
        for (int32_t i = 0; i < ${input}_SIZE; ++i) {
            $input_at[i] = $zero;
        }
        const uint32_t start = k_cycle_get_32();
        ${name}_invoke($arenas);
        const uint32_t cycles = k_cycle_get_32() - start;
        printk("first output %d, %u us\\n", (int)$output_at[0], k_cyc_to_us_floor32(cycles));
        k_msleep(1000);
    }
}
"""
HOW = """\
Add this folder to `EXTRA_ZEPHYR_MODULES` and set `CONFIG_LIMEN_$upper=y`, or build the sample:

```sh
west build -b $board samples/run
west flash
```"""


def make(source: PackageSource) -> dict[str, bytes]:
    first = source.generated.inputs[0]
    main = source.fill(
        SAMPLE_MAIN,
        input=macro(source, "INPUT", first),
        input_at=access(source, "INPUT", first),
        output_at=access(source, "OUTPUT", source.generated.outputs[0]),
        zero=str(tensor_of(source, first).zero_point),
    )
    return {
        "zephyr/module.yml": source.fill(MODULE),
        "Kconfig": source.fill(KCONFIG),
        "CMakeLists.txt": source.fill(CMAKE, sources=" ".join(f"src/{name}" for name in source.sources)),
        **{f"include/{name}": content for name, content in source.headers.items()},
        **{f"src/{name}": content for name, content in source.sources.items()},
        "samples/run/CMakeLists.txt": source.fill(SAMPLE_CMAKE),
        "samples/run/prj.conf": source.fill("CONFIG_LIMEN_$upper=y\nCONFIG_PRINTK=y\n"),
        "samples/run/src/main.c": main,
        "README.md": readme(source, source.fill(HOW, board=source.generated.device.zephyr or "BOARD").decode()),
    }


PACKAGE = Package(
    "zephyr", "Zephyr module with a sample", make, isas=(*CORTEX_M, *ESPRESSIF), such_as="nrf52840, stm32u5 or esp32-c3"
)
