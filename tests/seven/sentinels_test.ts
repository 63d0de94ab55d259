import assert from "node:assert/strict";
import {
  constant,
  constantSchedule,
  foldKey,
  type HostTensor,
  hostTensor,
  keyFromSeed,
  literal,
  mul,
  type Placed,
  sgd,
  sum,
  type Tensor,
} from "../../engine/mod.ts";
import { withTable } from "../../engine/graph/node.ts";
import { interpret } from "../../engine/reference/interpret.ts";
import {
  biasCorrections,
  classifySentinels,
  histogramEdges,
  methodNamed,
  type PruningState,
  pruningSteps,
  runPruning,
  sentinelDefaults,
  sentinelHistogram,
  sentinelReport,
  type SentinelWatch,
  seven,
  snip,
  type StepEvent,
  updateStatistics,
} from "../../seven/mod.ts";
import { onDevices } from "../engine/suite/support.ts";
import { assertClose } from "../support/assert_close.ts";
import { runOptions } from "./support/run_options.ts";
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

Deno.test("a run under any method tells its sentinels, by statistics of its own", async () => {
  using device = cpuDevice();
  for (const name of ["magnitude", "seven-pre", "force", "platon", "lottery", "soft-movement"]) {
    const method = methodNamed(name, { sparsity: 0.5, pruneSteps: 3, every: 1, lottery: { rounds: 1 } });
    const events: StepEvent[] = [];
    const states: Record<string, HostTensor>[] = [];
    const run = { ...runOptions(device), method, steps: 6, logEvery: 100 };
    const result = await runPruning({
      ...run,
      sentinels: { every: 4, threshold: 0.4, alpha2: 0.9 },
      evaluateEvery: 1,
      onEvaluate: async ({ state }) => void states.push(await state.readAll()),
      onReport: (event) => events.push(event),
    });
    using state = result.state;
    const total = name === "lottery" ? 12 : 6;
    const looked = events.filter(({ sentinels }) => sentinels).map(({ step }) => step);
    assert.deepEqual(looked, total === 12 ? [4, 8, 12] : [4, 6], name);
    for (const event of events) {
      if (!event.sentinels) continue;
      const at = states[event.step - 1]!, t = (event.step - 1) % 6 + 1;
      const weights = weightsOf(at, 1 / (1 - 0.8 ** t), 1 / (1 - 0.9 ** t));
      const large = weights.filter(({ kept }) => kept).sort((a, b) => b.sensitivity - a.sensitivity).slice(0, 180);
      for (const tensor of ["w1", "w2"]) {
        const own = large.filter((weight) => weight.tensor === tensor);
        const sentinel = own.filter(({ steady }) => steady >= 0.4).length;
        assert.deepEqual(
          event.sentinels[tensor],
          { sentinel, temporary: own.length - sentinel },
          `${name} ${event.step}`,
        );
      }
    }

    // Statistics: those of the gradients at each step, and the last value of what was pruned.
    const last = await state.readAll();
    const histogram = result.sentinels!;
    const sum = (data: ArrayLike<number>) => Array.from(data).reduce((a, b) => a + b, 0);
    assert.deepEqual([sum(histogram.kept.data), sum(histogram.pruned.data)], [result.kept, 360 - result.kept], name);
    const { sensitivity, steadiness } = histogram.edges;
    const counts = [0, 1].map(() => new Uint32Array(26 * 20));
    for (const weight of weightsOf(last, 1 / (1 - 0.8 ** 6), 1 / (1 - 0.9 ** 6))) {
      const row = sensitivity.filter((edge) => Math.fround(weight.sensitivity) >= edge).length;
      const column = steadiness.filter((edge) => Math.fround(weight.steady) >= edge).length;
      counts[Number(weight.kept)]![row * 20 + column]!++;
    }
    // Values within rounding of an edge may be in either bin.
    const off = [histogram.pruned, histogram.kept].reduce(
      (off, { data }, side) => off + counts[side]!.reduce((sum, n, i) => sum + Math.abs(n - data[i]!), 0),
      0,
    );
    assert.ok(off <= 4, `${name}: ${off} weights in other bins`);
    assert.deepEqual(histogram.kept.shape, [26, 20]);

    const plain = await runPruning({ ...run, batches: toy.hostBatches() });
    using untouched = plain.state;
    for (const [path, { data }] of Object.entries(await untouched.readAll())) {
      assertClose(last[path]!.data, data, { rtol: 1e-3, atol: 1e-6 }, `${name}: ${path} when it is watched`);
    }
    assert.equal(plain.sentinels, undefined);
  }
});

/** Sensitivity and steadiness of all weights of a state, in f64. */
function weightsOf(at: Record<string, HostTensor>, correction1: number, correction2: number) {
  return ["w1", "w2"].flatMap((tensor) =>
    Array.from(at[`sentinels/m/${tensor}`]!.data, (m, i) => {
      const v = at[`sentinels/v/${tensor}`]!.data[i]!, theta = at[`sentinels/weights/${tensor}`]!.data[i]!;
      const kept = ((at[`masks/${tensor}`]!.data[i >> 5]! >>> (i & 31)) & 1) === 1;
      const mean = Math.abs(m * correction1);
      return { tensor, kept, sensitivity: Math.abs(theta) * mean, steady: mean / (Math.sqrt(v * correction2) + 1e-9) };
    })
  );
}

Deno.test("the run's own statistics average every gradient, and keep the last value of what was pruned", async () => {
  using device = cpuDevice();
  const states: Record<string, HostTensor>[] = [];
  const result = await runPruning({
    ...runOptions(device),
    optimizer: sgd(),
    learningRate: constantSchedule({ learningRate: 1 }),
    method: methodNamed("magnitude", { sparsity: 0.5, pruneSteps: 1, start: 2 }),
    steps: 3,
    sentinels: { every: 1, moment: "absolute" },
    evaluateEvery: 1,
    onEvaluate: async ({ state }) => void states.push(await state.readAll()),
  });
  using _state = result.state;
  const params = [toy.params().w1!, ...states.map((state) => state["params/w1"]!)].map(({ data }) => data);
  const [one, two, three] = states.map((state) => ({
    m: state["sentinels/m/w1"]!.data,
    weights: state["sentinels/weights/w1"]!.data,
    kept: Array.from({ length: 240 }, (_, i) => (state["masks/w1"]!.data[i >> 5]! >>> (i & 31)) & 1),
  })) as unknown as [Watched, Watched, Watched];
  // Plain descent at rate 1: the gradient is what the weights moved by.
  const moved = (step: number, i: number) => Math.abs(params[step]![i]! - params[step + 1]![i]!);
  for (let i = 0; i < 240; i++) {
    assertClose([one.m[i]!], [0.2 * moved(0, i)], { rtol: 1e-4, atol: 1e-6 });
    if (two.kept[i]) assertClose([two.m[i]!], [0.8 * one.m[i]! + 0.2 * moved(1, i)], { rtol: 1e-4, atol: 1e-6 });
    assert.equal(one.weights[i], params[0]![i]);
    assert.equal(two.weights[i], params[1]![i]);
    assert.equal(three.weights[i], two.kept[i] ? params[2]![i] : params[1]![i]);
  }
  // What is pruned has a gradient of its own, at 0.
  assert.ok(three.m.some((m, i) => !two.kept[i] && Math.abs(m - 0.8 * two.m[i]!) > 1e-5));
});

interface Watched {
  readonly m: ArrayLike<number> & Iterable<number> & { some(f: (m: number, i: number) => boolean): boolean };
  readonly weights: ArrayLike<number>;
  readonly kept: readonly number[];
}

onDevices("sentinelHistogram() counts weights by bins, kept and pruned ones apart", async (device) => {
  const size = 9000, options = { sensitivity: [1e-4, 1] as const, sensitivityBins: 6, steadinessBins: 5 };
  const { sensitivity, steadiness } = histogramEdges(options);
  assertClose(sensitivity, [1e-4, 1e-3, 1e-2, 1e-1, 1], { rtol: 1e-6 });
  assertClose(steadiness, [0.2, 0.4, 0.6, 0.8], { rtol: 1e-6 });
  const steps = pruningSteps<ToyData<Tensor>>({
    loss: (params, { x }) => sum(mul(params.w!, sum(x))),
    prunable: () => true,
    optimizer: sgd(),
    criterion: snip(),
    sentinels: sentinelDefaults,
  });
  // Each weight lies in the middle of its bin.
  const places = Array.from(
    { length: size },
    (_, i) => ({ row: i * 7 % 6, column: i * 11 % 5, kept: i * i % 3 !== 0 }),
  );
  const m = places.map(({ column }) => 0.1 + 0.2 * column);
  const theta = places.map(({ row }, i) => 10 ** (row - 4.5) / m[i]!);
  const params = { w: hostTensor(Float32Array.from(theta, (x, i) => places[i]!.kept ? x : 0), [90, 100]) };
  const initial = steps.init(params);
  const w = (data: number[]) => ({ w: hostTensor(Float32Array.from(data), [90, 100]) });
  const full = {
    ...initial,
    sentinels: { m: w(m.map((x, i) => i % 2 ? x : -x)), v: w(m.map(() => 1)), weights: w(theta) },
  };
  using state = device.place(full as never) as unknown as Placed<PruningState<Tensor>>;
  const inputs = steps.inputs(params, {
    t: 1000,
    learningRate: 1,
    key: new Uint32Array(2),
    progress: { update: 1, sparsity: 0, target: 0 },
  });
  const types = { state: state.types, batch: { data: toy.dataTypes, inputs: steps.inputTypes(params) } } as never;
  using program = await device.compile(sentinelHistogram<ToyData<Tensor>>(options), types);
  program.run(state, { data: toy.batches().next().value!, inputs } as never);
  const { values } = await program.lastMetrics() as unknown as { values: Record<"kept" | "pruned", HostTensor> };
  for (const side of ["kept", "pruned"] as const) {
    const counts = new Uint32Array(30);
    for (const { row, column, kept } of places) if (kept === (side === "kept")) counts[row * 5 + column]!++;
    assert.deepEqual(values[side].data, counts, side);
  }
});

Deno.test("watching for sentinels refuses settings that cannot be", async () => {
  using device = cpuDevice();
  const run = (sentinels: SentinelWatch) => runPruning({ ...runOptions(device), sentinels });
  await assert.rejects(run({ every: 0 }), /every 0 is not a positive integer/);
  await assert.rejects(run({ every: 1, threshold: 3 }), /threshold 3 is not in/);
  await assert.rejects(run({ every: 1, alpha1: 1 }), /alpha1 1 is not in \[0, 1\)/);
  assert.throws(() => histogramEdges({ sensitivity: [1, 1] }), /from 1 to 1 is no range/);
  assert.throws(() => histogramEdges({ steadinessBins: 1 }), /steadinessBins 1 is none of 3 to 128/);
});
