import assert from "node:assert/strict";
import { adamw, constantSchedule, type Tensor } from "../../engine/mod.ts";
import {
  type HostBatch,
  type Method,
  methodNamed,
  OptionError,
  pruningSteps,
  type RunOptions,
  runPruning,
  seven,
} from "../../seven/mod.ts";
import { restoreState } from "../../seven/resume.ts";
import { runOptions } from "./support/run_options.ts";
import { cpuDevice, toy, type ToyData } from "./support/toy.ts";

type Options = RunOptions<ToyData<Tensor>>;

/** The batches from number `from` on. */
function* batchesFrom(from: number): Generator<HostBatch<ToyData<Tensor>>, void, void> {
  let i = 0;
  for (const batch of toy.hostBatches()) if (i++ >= from) yield batch;
}

const cases: Record<string, Partial<Options> & { readonly method: Method }> = {
  "seven-dyn, watched": {
    method: methodNamed("seven-dyn", { sparsity: 0.7, pruneSteps: 4, start: 3 }),
    sentinels: { every: 4 },
  },
  "platon, micro-batches": { method: methodNamed("platon", { sparsity: 0.6, pruneSteps: 6 }), accumulate: 2 },
  movement: { method: methodNamed("movement", { sparsity: 0.6, pruneSteps: 5 }) },
  "soft-movement": { method: methodNamed("soft-movement", { sparsity: 0.6, pruneSteps: 3 }) },
  "random, a teacher": { method: methodNamed("random", { sparsity: 0.5, pruneSteps: 1 }), teacher: toy.params(4) },
  lottery: {
    method: methodNamed("lottery", { sparsity: 0.5, pruneSteps: 1, lottery: { rounds: 2, rewindTo: 2 } }),
    steps: 3,
  },
};

Deno.test("a run continued from a saved state takes the way of the uninterrupted one, bit for bit", async () => {
  using device = cpuDevice();
  for (const [name, extra] of Object.entries(cases)) {
    const base: Options = { ...runOptions(device), steps: 9, logEvery: 1, ...extra };
    const accumulate = base.accumulate ?? 1;
    const whole: number[] = [];
    const full = await runPruning({ ...base, batches: batchesFrom(0), onReport: ({ kept }) => whole.push(kept) });
    using end = full.state;
    const expected = await end.readAll();
    assert.equal(full.steps, 9, name);
    assert.equal(full.stopped, undefined);
    // Within the window, after it, and, of the lottery, where parameters are remembered and where a round ends.
    for (const at of [2, 3, 5, 6, 9]) {
      const kept: number[] = [];
      const onReport = (event: { readonly kept: number }) => kept.push(event.kept);
      const part = await runPruning({
        ...base,
        batches: batchesFrom(0),
        evaluateEvery: at,
        onEvaluate: ({ step }) => step === at ? "stop" : undefined,
        onReport,
      });
      assert.deepEqual([part.steps, part.stopped], [at, "evaluation"], name);
      const half = await part.state.readAll();
      part.state[Symbol.dispose]();
      const rest = await runPruning({
        ...base,
        batches: batchesFrom(at * accumulate),
        start: at,
        state: half,
        onReport,
      });
      using after = rest.state;
      assert.deepEqual(await after.readAll(), expected, `${name}: continued after step ${at}`);
      assert.deepEqual(kept, whole, `${name}: kept after each step, continued after step ${at}`);
      assert.equal(rest.steps, 9);
    }
  }
});

Deno.test("a signal stops between two steps, with a state to go on from", async () => {
  using device = cpuDevice();
  const base: Options = { ...runOptions(device), accumulate: 3, logEvery: 1 };
  const full = await runPruning({ ...base, batches: batchesFrom(0) });
  using end = full.state;
  const controller = new AbortController();
  let taken = 0;
  const counted = function* () {
    for (const batch of batchesFrom(0)) {
      // In the middle of step 5.
      if (++taken === 14) controller.abort();
      yield batch;
    }
  };
  const part = await runPruning({ ...base, batches: counted(), signal: controller.signal });
  using half = part.state;
  assert.deepEqual([part.steps, part.stopped, taken], [5, "signal", 15]);
  const state = await half.readAll();
  const rest = await runPruning({ ...base, batches: batchesFrom(15), start: 5, state });
  using after = rest.state;
  assert.deepEqual(await after.readAll(), await end.readAll());
  const none = await runPruning({ ...base, batches: batchesFrom(15), start: 5, state, signal: controller.signal });
  using untouched = none.state;
  assert.deepEqual([none.steps, none.stopped], [5, "signal"]);
  assert.deepEqual(await untouched.readAll(), state);
});

Deno.test("restoreState() takes trees and flat records, fills in the teacher, and refuses what does not fit", () => {
  const steps = pruningSteps<ToyData<Tensor>>({
    ...toy,
    optimizer: adamw(),
    criterion: seven(),
    teacher: toy.params(3),
  });
  const initial = steps.init(toy.params());
  const { teacher: _, ...rest } = steps.init(toy.params(2));
  const restored = restoreState(initial, rest as never);
  assert.deepEqual(restored.params, toy.params(2));
  assert.deepEqual(restored.teacher, initial.teacher);
  const flat = { ...restoreState(initial, rest as never) } as Record<string, unknown>;
  assert.throws(() => restoreState(initial, { ...flat, masks: {} } as never), /has no "masks\/w1" \(u32\[8\]\); it is/);
  assert.throws(() => restoreState(initial, { ...flat, extra: toy.params() } as never), /has "extra\/w1", which this/);
  const wide = { ...toy.params(), b1: toy.params().b2 };
  assert.throws(
    () => restoreState(initial, { ...flat, params: wide } as never),
    /"params\/b1" as f32\[5\], the run as f32\[24\]/,
  );
});

Deno.test("runPruning() refuses a start beyond its steps, and evaluations that nobody makes", async () => {
  using device = cpuDevice();
  const base = { ...runOptions(device), learningRate: constantSchedule({ learningRate: 1e-3 }) };
  await assert.rejects(runPruning({ ...base, start: 13 }), /start 13 is none of the 12 steps/);
  await assert.rejects(runPruning({ ...base, start: 3 }), /start 3 is given without a state/);
  await assert.rejects(runPruning({ ...base, evaluateEvery: 3 }), /evaluateEvery is given without onEvaluate/);
  await assert.rejects(runPruning({ ...base, evaluateEvery: 0, onEvaluate: () => {} }), OptionError);
});
