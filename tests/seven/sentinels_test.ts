import assert from "node:assert/strict";
import { constant, foldKey, keyFromSeed, literal, type Placed, type Tensor } from "../../engine/mod.ts";
import { withTable } from "../../engine/graph/node.ts";
import { interpret } from "../../engine/reference/interpret.ts";
import {
  biasCorrections,
  classifySentinels,
  type PruningState,
  pruningSteps,
  sentinelReport,
  seven,
  snip,
  updateStatistics,
} from "../../seven/mod.ts";
import { cpuDevice, toy, type ToyData } from "./support/toy.ts";

const STEPS = 60;
/** Gradients of one weight each, at steps from 1. */
const sequences: Readonly<Record<string, (t: number) => number>> = {
  steady: () => 0.5,
  alternating: (t) => t % 2 ? 0.5 : -0.5,
  // The last spike is 5 steps ago.
  spikes: (t) => t % 20 === 15 ? 10 : 0,
  small: () => 0.001,
};

/** Class of each sequence after all steps, when the 3 of greatest sensitivity are large. */
function classes(moment: "absolute" | "signed", threshold = 0.5): Record<string, string> {
  const options = { alpha1: 0.8, alpha2: 0.8, moment };
  const names = Object.keys(sequences);
  const { sentinel, temporary } = withTable(() => {
    const zero = literal(new Float32Array(4));
    let statistics = { m: zero, v: zero };
    for (let t = 1; t <= STEPS; t++) {
      const g = literal(Float32Array.from(names, (name) => sequences[name]!(t)));
      statistics = updateStatistics(g, statistics, options);
    }
    const { correction1, correction2 } = biasCorrections(STEPS, options);
    const found = classifySentinels({
      weights: { w: literal(Float32Array.of(1, -1, 1, 1)) },
      m: { w: statistics.m },
      v: { w: statistics.v },
      correction1: constant(correction1),
      correction2: constant(correction2),
      keep: { all: constant(3, [], "u32") },
    }, { threshold });
    return interpret({ sentinel: found.sentinel.w!, temporary: found.temporary.w! }, new Map());
  });
  return Object.fromEntries(names.map((name, i) => [name, sentinel![i] ? "SW" : temporary![i] ? "TSW" : "small"]));
}

Deno.test("classifySentinels() tells steady gradients from spikes, and by signed moments from alternating ones", () => {
  assert.deepEqual(classes("signed"), { steady: "SW", alternating: "TSW", spikes: "TSW", small: "small" });
  assert.deepEqual(classes("absolute"), { steady: "SW", alternating: "SW", spikes: "TSW", small: "small" });
  assert.deepEqual(classes("signed", 0), { steady: "SW", alternating: "SW", spikes: "SW", small: "small" });
  assert.throws(() => classes("signed", 2), /threshold 2 is not in \[0, 1\]/);
});

Deno.test("sentinelReport() counts the classes of every tensor on the device, and leaves the state alone", async () => {
  using device = cpuDevice();
  const criterion = seven({ moment: "signed" });
  const steps = pruningSteps<ToyData<Tensor>>({ ...toy, optimizer: toy.optimizer(), criterion });
  const params = toy.params();
  using state = device.place(steps.init(params) as never) as unknown as Placed<PruningState<Tensor>>;
  const types = { state: state.types, batch: { data: toy.dataTypes, inputs: steps.inputTypes(params) } } as never;
  using prune = await device.compile(steps.prune, types);
  using report = await device.compile(sentinelReport<ToyData<Tensor>>({ threshold: 0.6 }), types);
  const batches = toy.batches();
  const inputsAt = (t: number, sparsity: number) =>
    steps.inputs(params, {
      t,
      learningRate: 1e-2,
      key: foldKey(keyFromSeed(1), t),
      progress: { update: t, sparsity, target: 0.8 },
    });
  for (let t = 1; t <= 6; t++) {
    prune.run(state, { data: batches.next().value!, inputs: inputsAt(t, 0.3) } as never);
  }
  const before = await state.readAll();
  report.run(state, { data: batches.next().value!, inputs: inputsAt(6, 0.8) } as never);
  const [{ values }] = await report.metrics() as unknown as [
    { values: Record<"sentinel" | "temporary", Record<string, number>> },
  ];
  assert.deepEqual(await state.readAll(), before);

  const weights = ["w1", "w2"].flatMap((name) =>
    [...params[name]!.data].map((_, i) => {
      const at = (path: string) => before[`${path}/${name}`]!.data[i]!;
      const correction = 1 / (1 - 0.8 ** 6);
      const m = Math.abs(at("criterion/m") * correction), v = at("criterion/v") * correction;
      return { name, sensitivity: Math.abs(at("params")) * m, steady: m / (Math.sqrt(v) + 1e-9) >= 0.6 };
    })
  );
  // 72 is 20 % of 360.
  const large = [...weights].sort((a, b) => b.sensitivity - a.sensitivity).slice(0, 72);
  for (const name of ["w1", "w2"]) {
    const own = large.filter((weight) => weight.name === name);
    const sentinels = own.filter(({ steady }) => steady).length;
    assert.deepEqual([values.sentinel[name], values.temporary[name]], [sentinels, own.length - sentinels], name);
  }
  const steady = large.filter((weight) => weight.steady).length;
  assert.ok(steady > 0 && steady < large.length, "there are weights of both classes");
});

Deno.test("sentinelReport() says so when the criterion has no averages", () => {
  const { init, inputs } = pruningSteps<ToyData<Tensor>>({ ...toy, optimizer: toy.optimizer(), criterion: snip() });
  const progress = { update: 1, sparsity: 0, target: 0 };
  const given = inputs(toy.params(), { t: 1, learningRate: 1, key: new Uint32Array(2), progress });
  assert.throws(
    () => sentinelReport()(init(toy.params()) as never, { data: {}, inputs: given } as never),
    /averages of the SEVEN criterion; this state has none/,
  );
});
