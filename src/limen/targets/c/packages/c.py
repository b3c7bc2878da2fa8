"""Plain C with a CMake project."""

from __future__ import annotations

from limen.targets.c.packages._package import Package, PackageSource, example, readme

CMAKE = """\
# $title
cmake_minimum_required(VERSION 3.13)
project($name C$asm)

add_library($name STATIC $sources)
target_include_directories($name PUBLIC $${CMAKE_CURRENT_SOURCE_DIR})
set_target_properties($name PROPERTIES C_STANDARD 11 C_EXTENSIONS OFF)
target_compile_options($name PRIVATE -O2 -ffp-contract=off$flags)

if(CMAKE_SOURCE_DIR STREQUAL CMAKE_CURRENT_SOURCE_DIR)
    add_executable(example example.c)
    target_link_libraries(example PRIVATE $name)
    set_target_properties(example PROPERTIES C_STANDARD 11)
endif()
"""
HOW = """\
`add_subdirectory` this folder and link `$name`, or add its files to your project. `example.c` shows the calls."""


def make(source: PackageSource) -> dict[str, bytes]:
    assembler = any(name.endswith(".S") for name in source.sources)
    cmake = source.fill(
        CMAKE,
        sources=" ".join(source.sources),
        asm=" ASM" if assembler else "",
        flags="".join(f" {flag}" for flag in source.flags),
    )
    how = source.fill(HOW).decode()
    return {
        **source.generated.files,
        "CMakeLists.txt": cmake,
        "example.c": example(source),
        "README.md": readme(source, how),
    }


PACKAGE = Package("c", "C sources with a CMakeLists.txt", make)
