// Loads every contender, then runs them in turns. bench/browser.py writes ask.json and reads what is posted.

const ask = await (await fetch("ask.json")).json();
const size = ask.shape.reduce((a, b) => a * b, 1);
const all = new Float32Array(await (await fetch("inputs.bin")).arrayBuffer());
const inputs = Array.from({ length: ask.inputs }, (_, i) => all.slice(i * size, (i + 1) * size));
const bytesOf = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());

// Each answers a function of values that promises the first output's values.
const loaders = {
  async limen() {
    const { load } = await import("./model.js");
    const model = await load(new URL("model.wasm", document.baseURI));
    const input = model.inputs[0].name;
    const output = model.outputs[0].name;
    return (values) => model.run({ [input]: values })[output];
  },
  async ort({ model }) {
    const ort = await import("./npm/onnxruntime-web/dist/ort.wasm.min.mjs");
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = new URL("npm/onnxruntime-web/dist/", document.baseURI).href;
    const session = await ort.InferenceSession.create(await bytesOf(model), { executionProviders: ["wasm"] });
    const [input] = session.inputNames;
    const [output] = session.outputNames;
    const shape = session.inputMetadata?.[0]?.shape ?? ask.shape;
    return async (values) => (await session.run({ [input]: new ort.Tensor("float32", values, shape) }))[output].data;
  },
  async litert({ model }) {
    const { loadLiteRt, loadAndCompile, Tensor } = await import("./npm/@litertjs/core/dist/index.js");
    await loadLiteRt(new URL("npm/@litertjs/core/wasm/", document.baseURI).href, { threads: false });
    const compiled = await loadAndCompile(await bytesOf(model), { accelerator: "wasm", cpuOptions: { numThreads: 1 } });
    return async (values) => {
      const tensor = new Tensor(values, ask.shape);
      const found = await compiled.run(tensor);
      const result = (found[0] ?? Object.values(found)[0]);
      const data = result.toTypedArray().slice();
      result.delete();
      tensor.delete();
      return data;
    };
  },
};

async function start(contender) {
  const from = performance.now();
  try {
    const run = await loaders[contender.kind](contender);
    const first = await run(inputs[0]);
    const time = performance.now() - from;
    const outputs = [Array.from(first)];
    for (const values of inputs.slice(1)) outputs.push(Array.from(await run(values)));
    return { run, start: time, outputs, times: [] };
  } catch (error) {
    return { error: String(error?.stack ?? error) };
  }
}

const found = [];
for (const contender of ask.contenders) found.push(await start(contender));
const alive = found.filter((f) => f.run);

// As many runs in a row as take 20 ms, so that the clock's steps do not matter.
for (const f of alive) {
  const from = performance.now();
  let n = 0;
  while (n < 5 || performance.now() - from < 100 * Math.sign(ask.seconds)) { await f.run(inputs[n % inputs.length]); n += 1; }
  f.repeats = Math.max(1, Math.round((20 * n) / (performance.now() - from)));
}
const end = performance.now() + 1000 * ask.seconds * alive.length;
while (performance.now() < end) {
  for (const f of alive) {
    const from = performance.now();
    for (let i = 0; i < f.repeats; i += 1) await f.run(inputs[i % inputs.length]);
    f.times.push((performance.now() - from) / f.repeats);
  }
}
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
document.body.dataset.answers = JSON.stringify(
  found.map((f) => (f.run ? { ms: median(f.times), start: f.start, outputs: f.outputs } : { error: f.error })),
);
