import assert from "node:assert/strict";
import { mul, type Tensor } from "../../engine/mod.ts";
import {
  type Loss,
  methodNamed,
  methods,
  NonFiniteError,
  OptionError,
  type RunOptions,
  runPruning,
  type StepEvent,
} from "../../seven/mod.ts";
import { runOptions as options } from "./support/run_options.ts";
import { cpuDevice, toy, type ToyData } from "./support/toy.ts";

Deno.test("runPruning() reports the first, every so many and the last step, with the sparsity of each", async () => {
  using device = cpuDevice();
  const events: StepEvent[] = [];
  const result = await runPruning({ ...options(device), onReport: (event) => events.push(event) });
  using _state = result.state;
  assert.deepEqual(events.map(({ step }) => step), [1, 5, 10, 12]);
  assert.deepEqual(events.map(({ kept }) => kept).slice(1), [72, 72, 72]);
  assert.deepEqual(events.map(({ pruned }) => pruned), [true, true, false, false]);
  assert.ok(events.every(({ loss }) => Number.isFinite(loss)));
  assert.equal(result.prunable, 360);
  assert.equal(result.kept, 72);
});

Deno.test("runPruning() trains every method of the registry to its sparsity", async () => {
  using device = cpuDevice();
  for (const name of Object.keys(methods)) {
    const result = await runPruning({
      ...options(device),
      method: methodNamed(name, { sparsity: 0.5, pruneSteps: 3 }),
    });
    using _state = result.state;
    // Soft movement pruning keeps what exceeds its threshold, however much that is.
    if (name === "soft-movement") assert.ok(result.kept >= 3 && result.kept <= 360, `${result.kept}`);
    else assert.equal(result.kept, 180, name);
  }
});

Deno.test("runPruning() stops at a non-finite loss, names the step and, on request, the first tensor that went bad", async () => {
  using device = cpuDevice();
  const batches = function* () {
    let step = 0;
    for (const batch of toy.hostBatches()) {
      if (++step === 7) batch.x.data.fill(Infinity);
      yield batch;
    }
  };
  const bad = (): RunOptions<ToyData<Tensor>> => ({ ...options(device), batches: batches() });
  await assert.rejects(runPruning(bad()), (error) => error instanceof NonFiniteError && error.step === 7);
  await assert.rejects(
    runPruning({ ...bad(), checkFinite: true }),
    /at step 7; the first tensor that went bad is data\/x /,
  );
});

Deno.test("runPruning() tells where inside the model a loss overflows", async () => {
  using device = cpuDevice();
  const loss: Loss<ToyData<Tensor>> = (params, data, context) =>
    toy.loss({ ...params, w2: mul(mul(params.w2!, 1e30), 1e30) }, data, context);
  await assert.rejects(
    runPruning({ ...options(device), loss, checkFinite: true }),
    /at step 1; the first tensor that went bad is matmul .*params\/w2/,
  );
});

Deno.test("runPruning() refuses a schedule that ends after the run, too few batches and bad step counts", async () => {
  using device = cpuDevice();
  await assert.rejects(runPruning({ ...options(device), steps: 3 }), /pruning ends at step 5, after the 3 steps/);
  await assert.rejects(runPruning({ ...options(device), steps: 0 }), OptionError);
  const two = [...function* () {
    const batches = toy.hostBatches();
    yield batches.next().value!;
    yield batches.next().value!;
  }()];
  await assert.rejects(
    runPruning({ ...options(device), batches: two[Symbol.iterator]() }),
    /the training batches ended after 2 of 12 steps/,
  );
});

Deno.test("runPruning() leaves frozen parameters as they were, and may prune them", async () => {
  using device = cpuDevice();
  const result = await runPruning({ ...options(device), frozen: (name) => name === "w1" || name === "b2" });
  using state = result.state;
  const initial = toy.params();
  const after = await state.readAll("params");
  assert.deepEqual(after["params/b2"]!.data, initial.b2!.data);
  after["params/w1"]!.data.forEach((value, i) => assert.ok(value === 0 || value === initial.w1!.data[i]));
  assert.ok(after["params/w1"]!.data.some((value) => value === 0), "none of the frozen weights were pruned");
  assert.notDeepEqual(after["params/b1"]!.data, initial.b1!.data);
});

Deno.test("runPruning() prunes a sparse checkpoint further, and never below what was left", async () => {
  using device = cpuDevice();
  const params = toy.params();
  params.w1!.data.forEach((_, i) => i % 2 && (params.w1!.data[i] = 0));
  for (const [sparsity, kept] of [[0.8, 72], [0.1, 240]] as const) {
    const method = methodNamed("seven-pre", { sparsity, pruneSteps: 4 });
    const result = await runPruning({ ...options(device), params, method });
    using state = result.state;
    assert.equal(result.kept, kept);
    const { data } = await state.read("params/w1");
    data.forEach((value, i) => assert.ok(i % 2 === 0 || value === 0, `weight ${i} came back`));
  }
  const dense = await runPruning({
    ...options(device),
    params,
    keepsZeros: false,
    method: methodNamed("magnitude", { sparsity: 0.1, pruneSteps: 1 }),
  });
  using _state = dense.state;
  assert.equal(dense.kept, 324);
});

Deno.test("runPruning() of a lottery ticket trains the rewound weights of the trained network's largest", async () => {
  using device = cpuDevice();
  const method = methodNamed("lottery", { sparsity: 0.5, pruneSteps: 1, lottery: { rounds: 1 } });
  const dense = await runPruning({
    ...options(device),
    method: methodNamed("magnitude", { sparsity: 0, pruneSteps: 1 }),
    steps: 4,
  });
  using trained = dense.state;
  const ticket = await runPruning({ ...options(device), method, steps: 4 });
  using state = ticket.state;
  assert.equal(ticket.kept, 180);
  const after = { ...await trained.readAll("params"), ...await state.readAll("masks") };
  const sizes = ["w1", "w2"].flatMap((name) => [...after[`params/${name}`]!.data].map(Math.abs));
  const kept = ["w1", "w2"].flatMap((name) => {
    const words = after[`masks/${name}`]!.data;
    return [...after[`params/${name}`]!.data].map((_, i) => (words[i >> 5]! >>> (i & 31)) & 1);
  });
  const least = Math.min(...sizes.filter((_, i) => kept[i]));
  assert.ok(sizes.every((size, i) => kept[i] || size <= least), "the ticket is of the largest trained weights");
});

Deno.test("methodNamed() lists the methods when the name is unknown", () => {
  assert.throws(
    () => methodNamed("snap", { sparsity: 0.5, pruneSteps: 1 }),
    /"snap" is not known; there are seven-pre/,
  );
});

Deno.test("PLATON in a window shorter than its own still prunes by its scores", async () => {
  using device = cpuDevice();
  for (
    const window of [{ pruneSteps: 3 }, { pruneSteps: 20, schedule: "one-shot" }, { pruneSteps: 4, every: 2 }] as const
  ) {
    const method = methodNamed("platon", { sparsity: 0.5, ...window });
    const { state } = await runPruning({ ...options(device), method });
    using _state = state;
    const { data: scores } = await state.read("criterion/sensitivity/w1");
    assert.ok(scores.some((score) => score > 0), "no window was closed");
    const { data: words } = await state.read("masks/w2");
    assert.ok(words.some((word) => word !== 0), "ties were cut by position");
  }
});
