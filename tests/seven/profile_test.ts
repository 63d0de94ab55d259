import assert from "node:assert/strict";
import { methodNamed, methods, profileStep, type RunOptions, runPruning } from "../../seven/mod.ts";
import type { Tensor } from "../../engine/mod.ts";
import { runOptions } from "./support/run_options.ts";
import { cpuDevice, type ToyData } from "./support/toy.ts";

/** Profiles the last step of a run; the turn, and how many launches of it the run had counted. */
async function profiled(options: RunOptions<ToyData<Tensor>>) {
  const result = await runPruning(options);
  using _state = result.state;
  const profile = await profileStep(options, result);
  assert.ok(profile);
  return { ...profile, dispatches: result.dispatches[profile.turn] };
}

Deno.test("profileStep() times the kernels of the step that a run ended with, under every method", async () => {
  using device = cpuDevice();
  for (const name of Object.keys(methods)) {
    const method = methodNamed(name, { sparsity: 0.5, pruneSteps: 3 });
    const { turn, kernels, dispatches } = await profiled({ ...runOptions(device), method });
    assert.equal(turn, "train", name);
    assert.equal(kernels.length, dispatches, name);
    assert.ok(kernels.every(({ label, milliseconds }) => label && milliseconds >= 0 && milliseconds < 1e6), name);
  }
});

Deno.test("profileStep() takes the pruning step of a run that ends with one, micro-batches and sentinels", async () => {
  using device = cpuDevice();
  const options = runOptions(device);
  const method = methodNamed("seven-pre", { sparsity: 0.5, pruneSteps: options.steps });
  for (const more of [{}, { accumulate: 2 }, { sentinels: { every: 4 } }]) {
    const { turn, kernels, dispatches } = await profiled({ ...runOptions(device), method, ...more });
    assert.deepEqual([turn, kernels.length], ["prune", dispatches]);
  }
});

Deno.test("profileStep() goes by the step at which a run was stopped, and gives nothing of one without steps", async () => {
  using device = cpuDevice();
  const stopped = { ...runOptions(device), evaluateEvery: 2, onEvaluate: () => "stop" as const };
  assert.equal((await profiled(stopped)).turn, "prune");
  const result = await runPruning({ ...runOptions(device), signal: AbortSignal.abort() });
  using _state = result.state;
  assert.equal(await profileStep(runOptions(device), result), undefined);
});
