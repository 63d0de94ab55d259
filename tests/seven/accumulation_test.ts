import assert from "node:assert/strict";
import {
  add,
  foldKey,
  type HostTensor,
  hostTensor,
  keyFromSeed,
  linear,
  literal,
  mse,
  mul,
  relu,
  sgd,
  sum,
  type Tensor,
  uniform,
} from "../../engine/mod.ts";
import { type Loss, methodNamed, pruningSteps, type RunOptions, runPruning, snip } from "../../seven/mod.ts";
import { interpret } from "../../engine/reference/interpret.ts";
import { assertClose } from "../support/assert_close.ts";
import { runOptions } from "./support/run_options.ts";
import { cpuDevice, toy, type ToyData } from "./support/toy.ts";

/** A batch of which only the rows of weight 1 count. */
interface Padded<T> extends ToyData<T> {
  readonly valid: T;
}

const loss: Loss<Padded<Tensor>> = (p, { x, y, valid }) =>
  mse(linear(relu(linear(x, p.w1!, p.b1!)), p.w2!, p.b2!), y, { weights: valid });

/** Batches cut into runs of so many rows, each filled up with rows that do not count. */
function* cut(sizes: readonly number[]): Generator<Padded<HostTensor>, void, void> {
  for (const { x, y } of toy.hostBatches()) {
    let start = 0;
    for (const size of sizes) {
      const rows = [start, start += size] as const;
      const valid = Float32Array.from({ length: 16 }, (_, row) => Number(row >= rows[0] && row < rows[1]));
      // What does not count must not matter.
      const shown = (x.data as Float32Array).map((value, i) => valid[Math.floor(i / 10)] ? value : 7);
      yield { x: hostTensor(shown, x.shape), y, valid: hostTensor(valid) };
    }
  }
}

async function run(sizes: readonly number[], method: string) {
  using device = cpuDevice();
  const losses: number[] = [];
  const result = await runPruning<Padded<Tensor>>({
    ...(runOptions(device) as unknown as RunOptions<Padded<Tensor>>),
    loss,
    optimizer: sgd({ momentum: 0.9 }),
    method: methodNamed(method, { sparsity: 0.7, pruneSteps: 4 }),
    batches: cut(sizes),
    rows: ({ valid }) => sum(valid),
    accumulate: sizes.length,
    logEvery: 1,
    onReport: (event) => losses.push(event.loss),
  });
  using state = result.state;
  return { losses, state: await state.readAll(), dispatches: result.dispatches };
}

Deno.test("micro-batches with different numbers of rows take the way of the whole batch", async () => {
  for (const method of ["seven-pre", "force", "platon"]) {
    const whole = await run([16], method);
    assert.ok(
      !Object.keys(whole.state).some((path) => path.startsWith("accumulated")),
      "no sums where none are needed",
    );
    for (const sizes of [[3, 9, 4], [0, 16]]) {
      const parts = await run(sizes, method);
      assert.equal(parts.losses.length, 12);
      assertClose(parts.losses, whole.losses, { rtol: 1e-5 }, `${method} ${sizes}: losses`);
      for (const [path, { data }] of Object.entries(whole.state)) {
        const exact = path.startsWith("masks/");
        const label = `${method} ${sizes}: ${path}`;
        assertClose(parts.state[path]!.data, data, exact ? { rtol: 0, atol: 0 } : { rtol: 1e-4, atol: 1e-6 }, label);
      }
      assert.ok(parts.state["accumulated/gradients/w1"]!.data.every((value) => value === 0), "the sums are used up");
      assert.ok(parts.dispatches.accumulate! > 0);
    }
  }
});

Deno.test("micro-batches weigh the same where their rows are not told", async () => {
  using device = cpuDevice();
  const base = runOptions(device);
  const twice = function* () {
    for (const batch of toy.hostBatches()) yield* [batch, batch];
  };
  const ends = await Promise.all([
    runPruning({ ...base, batches: toy.hostBatches(), optimizer: sgd() }),
    runPruning({ ...base, batches: twice(), optimizer: sgd(), accumulate: 2 }),
  ]);
  const [once, doubled] = await Promise.all(ends.map(({ state }) => state.readAll("params")));
  for (const [path, { data }] of Object.entries(once!)) {
    assertClose(doubled![path]!.data, data, { rtol: 1e-5, atol: 1e-7 });
  }
  ends.forEach(({ state }) => state[Symbol.dispose]());
});

Deno.test("micro-batches draw from random keys of their own", async () => {
  using device = cpuDevice();
  const losses: number[] = [];
  const { state } = await runPruning({
    ...runOptions(device),
    loss: (params, data, context) => add(mul(toy.loss(params, data, context), 0), sum(uniform(context.key, [1]))),
    accumulate: 2,
    onReport: (event) => losses.push(event.loss),
  });
  using _state = state;
  const key = foldKey(keyFromSeed(1), 1);
  const [whole, part] = [key, foldKey(key, 1)].map((words) => interpret(uniform(literal(words), [1]), new Map())[0]!);
  assert.notEqual(whole, part);
  assertClose([losses[0]!], [(whole! + part!) / 2], { rtol: 1e-6 });
});

Deno.test("accumulation refuses what cannot be", async () => {
  using device = cpuDevice();
  await assert.rejects(runPruning({ ...runOptions(device), accumulate: 1.5 }), /accumulate 1.5 is not a positive/);
  await assert.rejects(
    runPruning({ ...runOptions(device), accumulate: 2, rows: ({ x }) => sum(x, 0) }),
    /rows of a batch have the shape \[10\]; give their number/,
  );
  const steps = pruningSteps<ToyData<Tensor>>({ ...toy, optimizer: sgd(), criterion: snip() });
  assert.throws(() => steps.accumulate({} as never, {} as never), /made for steps of one batch/);
});
