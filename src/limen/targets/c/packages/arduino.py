"""An Arduino library (Library specification 1.5: library.properties, src, examples), as one .zip."""

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
from limen.targets.c.serve import served_source

PROPERTIES = """\
name=$name
version=$version
author=limen
maintainer=limen
sentence=$title
paragraph=A machine-learning model compiled to C by limen: no allocation, no interpreter, no other library.
category=Data Processing
url=https://docs.arduino.cc/libraries/
architectures=*
includes=$name.h
"""
SKETCH = """\
// Runs $name on an input of zeros, again and again, and prints the first outputs and the time of one run.
#include <$name.h>

alignas(${upper}_ARENA_ALIGN) static uint8_t arena[${upper}_ARENA_BYTES];$slow_memory

void setup() {
  Serial.begin(115200);
$take  ${name}_reset($arenas);
}

void loop() {
  for (int32_t i = 0; i < ${input}_SIZE; ++i) {
    $input_at[i] = $zero;  // write your sample here
  }
  const unsigned long start = micros();
  ${name}_invoke($arenas);
  const unsigned long took = micros() - start;
  for (int32_t i = 0; i < ${output}_SIZE && i < 10; ++i) {
    Serial.print($output_at[i]);
    Serial.print(' ');
  }
  Serial.print("in us: ");
  Serial.println(took);
  delay(1000);
}
"""
SLOW = "\nstatic uint8_t *slow;  // in slower memory"
TAKE = """\
#ifdef ESP32
  slow = static_cast<uint8_t *>(heap_caps_aligned_alloc(${upper}_ARENA_ALIGN, ${upper}_SLOW_BYTES, MALLOC_CAP_SPIRAM));
#else
  alignas(${upper}_ARENA_ALIGN) static uint8_t memory[${upper}_SLOW_BYTES];  // say here where it lies on your board
  slow = memory;
#endif
"""
SERVE = """\
// Serves $name to a computer on the USB port:
//   limen run model.limen --input samples.npz --output answers.npz --on serial:/dev/ttyACM0 --device $device
//   limen bench model.limen --on serial:/dev/ttyACM0 --device $device
extern "C" {

void serve(void);  // in serve.c

bool serve_get(uint8_t *to, uint32_t size) {
  for (uint32_t i = 0; i < size; ++i) {
    while (Serial.available() == 0) {
    }
    to[i] = static_cast<uint8_t>(Serial.read());
  }
  return true;
}

void serve_put(const uint8_t *from, uint32_t size) { Serial.write(from, size); }

void serve_flush(void) { Serial.flush(); }

uint64_t serve_ticks(void) { return micros(); }

uint64_t serve_rate(void) { return 1000000; }
}

void setup() {
  Serial.begin(115200);
  while (!Serial) {
  }
  serve();
}

void loop() {}
"""
HOW = "Sketch > Include Library > Add .ZIP Library, then File > Examples > $name > Run."


def make(source: PackageSource) -> dict[str, bytes]:
    first = source.generated.inputs[0]
    sketch = source.fill(
        SKETCH,
        input=macro(source, "INPUT", first),
        input_at=access(source, "INPUT", first),
        output=macro(source, "OUTPUT", source.generated.outputs[0]),
        output_at=access(source, "OUTPUT", source.generated.outputs[0]),
        zero=str(tensor_of(source, first).zero_point),
        slow_memory=source.fill(SLOW).decode() if source.generated.slow else "",
        take=source.fill(TAKE).decode() if source.generated.slow else "",
    )
    root = source.name
    return {
        f"{root}/library.properties": source.fill(PROPERTIES),
        **{f"{root}/src/{name}": content for name, content in source.generated.files.items()},
        f"{root}/examples/Run/Run.ino": sketch,
        f"{root}/examples/Serve/Serve.ino": source.fill(SERVE),
        f"{root}/examples/Serve/serve.c": served_source(source.generated),
        f"{root}/README.md": readme(source, source.fill(HOW).decode()),
    }


PACKAGE = Package(
    "arduino",
    "Arduino library (.zip)",
    make,
    archive=True,
    isas=(*CORTEX_M, *ESPRESSIF),
    such_as="arduino-nano-33-ble, rp2040 or esp32-c3",
)
