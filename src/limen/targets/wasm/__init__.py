"""Target wasm: a Program becomes WebAssembly with a small hand-written ES module beside it."""

from limen.targets.wasm._target import TARGET, es_module, wasm_module

__all__ = ["TARGET", "es_module", "wasm_module"]
