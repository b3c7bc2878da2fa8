"""An ESP-IDF component (build system: idf_component_register; manifest: idf_component.yml) with an example project."""

from __future__ import annotations

from limen.targets.c.packages._package import ESPRESSIF, Package, PackageSource, access, macro, readme, tensor_of

COMPONENT = """\
idf_component_register(SRCS $sources
                       INCLUDE_DIRS "include")
target_compile_options($${COMPONENT_LIB} PRIVATE -O2 -ffp-contract=off)
"""
MANIFEST = """\
version: "$version"
description: "$title, compiled by limen"
dependencies:
  idf: ">=5.0"
"""
PROJECT = """\
cmake_minimum_required(VERSION 3.16)
list(APPEND EXTRA_COMPONENT_DIRS "$${CMAKE_CURRENT_LIST_DIR}/../..")
include($$ENV{IDF_PATH}/tools/cmake/project.cmake)
project(${name}_example)
"""
MAIN_CMAKE = """\
# A component is named after its folder.
get_filename_component(component "$${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
get_filename_component(component "$${component}" NAME)
idf_component_register(SRCS "main.c"
                       REQUIRES $${component} esp_timer)
"""
MAIN = """\
/* Runs $name on an input of zeros once a second and prints the first output and the time of one run. */
#include <stdio.h>

#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#include "$name.h"

static _Alignas(${upper}_ARENA_ALIGN) uint8_t arena[${upper}_ARENA_BYTES];$slow_memory

void app_main(void)
{
    ${name}_reset($arenas);
    for (;;) {
        for (int32_t i = 0; i < ${input}_SIZE; ++i) {
            $input_at[i] = $zero;
        }
        const int64_t start = esp_timer_get_time();
        ${name}_invoke($arenas);
        const int64_t took = esp_timer_get_time() - start;
        printf("first output %d, %lld us\\n", (int)$output_at[0], (long long)took);
        vTaskDelay(pdMS_TO_TICKS(1000));
    }
}
"""
PSRAM = """\
# The second arena lies in PSRAM; leave out the second line for a module with quad PSRAM.
CONFIG_SPIRAM=y
CONFIG_SPIRAM_MODE_OCT=y
CONFIG_SPIRAM_ALLOW_BSS_SEG_EXTERNAL_MEMORY=y
"""
HOW = """\
Copy this folder to `components/$name` of your project, or run the example:

```sh
cd examples/run
idf.py set-target esp32c3
idf.py build flash monitor
```"""


def make(source: PackageSource) -> dict[str, bytes]:
    first = source.generated.inputs[0]
    main = source.fill(
        MAIN,
        input=macro(source, "INPUT", first),
        input_at=access(source, "INPUT", first),
        output_at=access(source, "OUTPUT", source.generated.outputs[0]),
        zero=str(tensor_of(source, first).zero_point),
        slow_memory=source.slow_memory("EXT_RAM_BSS_ATTR "),
    )
    settings = {"examples/run/sdkconfig.defaults": source.fill(PSRAM)} if source.generated.slow else {}
    return {
        "CMakeLists.txt": source.fill(COMPONENT, sources=" ".join(f'"{name}"' for name in source.sources)),
        "idf_component.yml": source.fill(MANIFEST),
        **{f"include/{name}": content for name, content in source.headers.items()},
        **source.sources,
        "examples/run/CMakeLists.txt": source.fill(PROJECT),
        "examples/run/main/CMakeLists.txt": source.fill(MAIN_CMAKE),
        "examples/run/main/main.c": main,
        **settings,
        "README.md": readme(source, source.fill(HOW).decode()),
    }


PACKAGE = Package(
    "esp-idf",
    "ESP-IDF component with an example project",
    make,
    isas=ESPRESSIF,
    such_as="esp32-c3, esp32-c6 or esp32-s3",
)
