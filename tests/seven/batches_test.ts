import assert from "node:assert/strict";
import { type HostTensor, hostTensor, linear, mse, relu, sgd, sum, type Tensor } from "../../engine/mod.ts";
import { type Loss, methodNamed, type RunOptions, runPruning } from "../../seven/mod.ts";
import { assertClose } from "../support/assert_close.ts";
import { runOptions } from "./support/run_options.ts";
import { cpuDevice, toy, type ToyData } from "./support/toy.ts";

interface Rows<T> extends ToyData<T> {
  readonly valid: T;
}

const loss: Loss<Rows<Tensor>> = (p, { x, y, valid }) =>
  mse(linear(relu(linear(x, p.w1!, p.b1!)), p.w2!, p.b2!), y, { weights: valid });

/** Rows of each batch in turn. */
const sizes = [16, 5, 9, 5, 16, 9];

/** Batches of those rows: cut to them, or filled up with rows that do not count. */
function* rows(cut: boolean): Generator<Rows<HostTensor>, void, void> {
  let i = 0;
  for (const { x, y } of toy.hostBatches()) {
    const real = sizes[i++ % sizes.length]!, count = cut ? real : 16;
    yield {
      x: hostTensor(x.data.slice(0, count * 10), [count, 10]),
      y: hostTensor(y.data.slice(0, count * 5), [count, 5]),
      valid: hostTensor(Float32Array.from({ length: count }, (_, row) => Number(row < real))),
    };
  }
}

const base = (device: ReturnType<typeof cpuDevice>): RunOptions<Rows<Tensor>> => ({
  ...(runOptions(device) as unknown as RunOptions<Rows<Tensor>>),
  loss,
  optimizer: sgd({ momentum: 0.9 }),
  batches: rows(false),
});

Deno.test("runPruning() takes batches of several shapes, and compiles each kind of step once for each", async () => {
  using device = cpuDevice();
  const filled = await runPruning(base(device));
  const original = device.compile;
  let compiled = 0;
  device.compile = function (...args: unknown[]) {
    compiled++;
    return (original as (...args: unknown[]) => never).apply(device, args);
  } as never;
  const cut = await runPruning({ ...base(device), batches: rows(true) });
  // Pruning steps 1 to 5 see 3 shapes, training steps 6 to 12 too.
  assert.equal(compiled, 6);
  const [expected, actual] = await Promise.all([filled.state.readAll(), cut.state.readAll()]);
  for (const [path, { data }] of Object.entries(expected)) {
    assertClose(
      actual[path]!.data,
      data,
      path.startsWith("masks/") ? { rtol: 0, atol: 0 } : { rtol: 1e-4, atol: 1e-6 },
    );
  }
  [filled, cut].forEach(({ state }) => state[Symbol.dispose]());
});

Deno.test("micro-batches of a step may have different shapes", async () => {
  using device = cpuDevice();
  const run = (cut: boolean) =>
    runPruning({
      ...base(device),
      batches: rows(cut),
      rows: ({ valid }) => sum(valid),
      accumulate: 3,
      method: methodNamed("seven-pre", { sparsity: 0.5, pruneSteps: 3 }),
    });
  const [filled, cut] = [await run(false), await run(true)];
  assertClose((await cut.state.read("params/w1")).data, (await filled.state.read("params/w1")).data, {
    rtol: 1e-4,
    atol: 1e-6,
  });
  [filled, cut].forEach(({ state }) => state[Symbol.dispose]());
});

Deno.test("Wanda takes the activations of all micro-batches of a step, those in its window only", async () => {
  using device = cpuDevice();
  const parts = function* (sizes: readonly number[]): Generator<Rows<HostTensor>, void, void> {
    for (const { x, y } of toy.hostBatches()) {
      let row = 0;
      for (const count of sizes) {
        yield {
          x: hostTensor(x.data.slice(row * 10, (row + count) * 10), [count, 10]),
          y: hostTensor(y.data.slice(row * 5, (row + count) * 5), [count, 5]),
          valid: hostTensor(new Float32Array(count).fill(1)),
        };
        row += count;
      }
    }
  };
  const states = [];
  for (const sizes of [[16], [3, 9, 4]]) {
    const { state } = await runPruning({
      ...base(device),
      batches: parts(sizes),
      rows: ({ valid }) => sum(valid),
      accumulate: sizes.length,
      method: methodNamed("wanda", { sparsity: 0.5, pruneSteps: 1, start: 3 }),
      steps: 4,
    });
    states.push(await state.readAll());
    state[Symbol.dispose]();
  }
  for (const [path, { data }] of Object.entries(states[0]!)) {
    const tolerance = path.startsWith("masks/") ? { rtol: 0, atol: 0 } : { rtol: 1e-4, atol: 1e-6 };
    assertClose(states[1]![path]!.data, data, tolerance, path);
  }
});

Deno.test("runPruning() waits for batches that have to be waited for, to the same end", async () => {
  using device = cpuDevice();
  const slow = async function* () {
    for (const batch of rows(true)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      yield batch;
    }
  };
  const [sync, awaited] = [
    await runPruning({ ...base(device), batches: rows(true) }),
    await runPruning({ ...base(device), batches: slow() }),
  ];
  assert.deepEqual(await awaited.state.readAll(), await sync.state.readAll());
  [sync, awaited].forEach(({ state }) => state[Symbol.dispose]());
  const short = async function* () {
    yield* [rows(true).next().value!];
    await Promise.resolve();
  };
  await assert.rejects(runPruning({ ...base(device), batches: short() }), /batches ended after 1 of 12 steps/);
});

Deno.test("runPruning() says which leaf of a batch is no host tensor", async () => {
  using device = cpuDevice();
  const bare = [{ x: new Float32Array(160), y: new Float32Array(80) }][Symbol.iterator]();
  await assert.rejects(runPruning({ ...runOptions(device), batches: bare as never }), /batch "x" is no host tensor/);
});
