// Runs one compiled model in WebAssembly. Made by limen; no other library.
//
//   import { load } from "./model.js";
//   const model = await load(new URL("./model.wasm", import.meta.url));
//   const { probabilities } = model.run({ image: pixels });
//
// Inputs and outputs carry the source model's names and axes. A quantised input takes real values (Float32Array or a
// plain array); give `raw: true` to hand in and get codes.

const PORTS = /*PORTS*/ null;

/** The steps around the model, where the module was packaged with them: what raw values it takes, what it answers. */
export const PAGE = /*PAGE*/ null;

const VIEWS = {
  int8: Int8Array, uint8: Uint8Array, bool: Uint8Array, int16: Int16Array, uint16: Uint16Array,
  int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, float32: Float32Array, float64: Float64Array,
};
const LIMITS = { int8: [-128, 127], uint8: [0, 255], int16: [-32768, 32767] };

const count = (shape) => shape.reduce((size, extent) => size * extent, 1);

/** Index into the source's array for each element of the tensor, where tensor = transpose(source, permutation). */
function gather(shape, permutation) {
  const source = [];
  permutation.forEach((axis, place) => { source[axis] = shape[place]; });
  const strides = new Array(source.length).fill(1);
  for (let axis = source.length - 2; axis >= 0; axis -= 1) strides[axis] = strides[axis + 1] * source[axis + 1];
  const steps = permutation.map((axis) => strides[axis]);
  const table = new Int32Array(count(shape));
  const at = new Array(shape.length).fill(0);
  for (let i = 0, index = 0; i < table.length; i += 1) {
    table[i] = index;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      at[axis] += 1;
      index += steps[axis];
      if (at[axis] < shape[axis]) break;
      index -= steps[axis] * shape[axis];
      at[axis] = 0;
    }
  }
  return table;
}

const round = (value) => Math.sign(value) * Math.floor(Math.abs(value) + 0.5);

export class Model {
  constructor(instance) {
    this.exports = instance.exports;
    this.base = this.exports.arena();
    this.inputs = PORTS.inputs;
    this.outputs = PORTS.outputs;
    this.tables = new Map(
      [...PORTS.inputs, ...PORTS.outputs]
        .filter((port) => port.permutation)
        .map((port) => [port, gather(port.shape, port.permutation)]),
    );
    this.reset();
  }

  /** States back to their initial values. */
  reset() {
    this.exports.reset();
  }

  /** Runs once: {name: values} to {name: values}. */
  run(feeds, { raw = false } = {}) {
    for (const port of this.inputs) {
      const values = feeds[port.name];
      if (values === undefined || values.length !== count(port.shape)) {
        throw new RangeError(`input ${port.name}: expected ${count(port.shape)} values, got ${values?.length}`);
      }
      this.write(port, values, raw);
    }
    this.exports.invoke();
    return Object.fromEntries(this.outputs.map((port) => [port.name, this.read(port, raw)]));
  }

  /**
   * Pre-processes one raw sample, runs, post-processes: one {name: values} per run.
   * Takes an ImageData, samples, or the bytes of an array, as PAGE.kind says.
   */
  predict(raw) {
    const [height, width] = this.fill(raw);
    const runs = this.exports.pre(height, width);
    if (runs <= 0) throw new RangeError(runs < 0 ? `pre-processing step ${-runs} cannot take it` : "too short");
    this.exports.reset();
    const found = [];
    for (let run = 0; run < runs; run += 1) {
      this.exports.load(run);
      this.exports.invoke();
      found.push(this.results(this.exports.post()));
    }
    return found;
  }

  /** Writes raw values into the source; answers their extents. */
  fill(raw) {
    const at = this.exports.source();
    if (PAGE.kind === "picture") {
      const target = new Uint8Array(this.exports.memory.buffer, at, raw.width * raw.height * 3);
      for (let i = 0, j = 0; j < target.length; i += 4, j += 3) {
        target[j] = raw.data[i];
        target[j + 1] = raw.data[i + 1];
        target[j + 2] = raw.data[i + 2];
      }
      return [raw.height, raw.width];
    }
    const bytes = ArrayBuffer.isView(raw) ? new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength) : new Uint8Array(raw);
    const room = count(PAGE.shape) * VIEWS[PAGE.dtype].BYTES_PER_ELEMENT;
    if (bytes.length > room || (PAGE.kind === "array" && bytes.length !== room)) {
      throw new RangeError(`expected ${room} bytes, got ${bytes.length}`);
    }
    new Uint8Array(this.exports.memory.buffer, at, bytes.length).set(bytes);
    return [bytes.length / VIEWS[PAGE.dtype].BYTES_PER_ELEMENT, 0];
  }

  results(rows) {
    if (rows < 0) throw new RangeError(`post-processing step ${-rows} cannot take the outputs`);
    return Object.fromEntries(PAGE.results.map(({ name, dtype, row, size }, index) => {
      const length = PAGE.varies ? rows * row : size;
      const view = new VIEWS[dtype](this.exports.memory.buffer, this.exports.result(index), length);
      return [name, view.slice()];
    }));
  }

  /** Classes with scores, best first, over all runs. */
  best(found) {
    const label = (index) => PAGE.labels[index] ?? String(index);
    const scores = new Map();
    for (const answer of found) {
      const values = answer.scores ?? Object.values(answer)[0];
      values.forEach((value, i) => {
        const index = answer.classes ? answer.classes[i] : i;
        scores.set(index, Math.max(scores.get(index) ?? -Infinity, Number(value)));
      });
    }
    return [...scores].sort((a, b) => b[1] - a[1]).map(([index, score]) => ({ label: label(index), score }));
  }

  view(port) {
    return new VIEWS[port.dtype](this.exports.memory.buffer, this.base + port.offset, count(port.shape));
  }

  write(port, values, raw) {
    const view = this.view(port);
    const table = this.tables.get(port);
    const from = (i) => values[table ? table[i] : i];
    if (raw || port.scale === null) {
      for (let i = 0; i < view.length; i += 1) view[i] = from(i);
      return;
    }
    const [low, high] = LIMITS[port.dtype];
    for (let i = 0; i < view.length; i += 1) {
      const code = round(Math.fround(Math.fround(from(i)) / port.scale)) + port.zeroPoint;
      view[i] = Math.min(Math.max(code, low), high);
    }
  }

  read(port, raw) {
    const view = this.view(port);
    const table = this.tables.get(port);
    const real = !raw && port.scale !== null;
    const result = real ? new Float32Array(view.length) : new VIEWS[port.dtype](view.length);
    for (let i = 0; i < view.length; i += 1) {
      result[table ? table[i] : i] = real ? port.scale * (view[i] - port.zeroPoint) : view[i];
    }
    return result;
  }
}

/** Loads the .wasm from a URL, a Response or its bytes. */
export async function load(source) {
  const bytes = source instanceof ArrayBuffer || ArrayBuffer.isView(source)
    ? source
    : await (source instanceof Response ? source : await fetch(source)).arrayBuffer();
  const { instance } = await WebAssembly.instantiate(bytes, {});
  return new Model(instance);
}
