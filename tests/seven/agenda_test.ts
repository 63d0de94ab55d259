import assert from "node:assert/strict";
import { agenda, methodNamed, methods, trainingSteps } from "../../seven/mod.ts";

Deno.test("agenda() of SEVENpre prunes from the first step, and trains after the window", () => {
  const turns = [...agenda(methodNamed("seven-pre", { sparsity: 0.5, pruneSteps: 3 }), 5)].map(({ turn }) => turn);
  assert.deepEqual(turns, ["prune", "prune", "prune", "train", "train"]);
});

Deno.test("agenda() of SEVENdyn opens its window after training has begun", () => {
  const entries = [...agenda(methodNamed("seven-dyn", { sparsity: 0.5, pruneSteps: 3, start: 3 }), 7)];
  assert.deepEqual(entries.map(({ turn }) => turn), ["train", "train", "prune", "prune", "prune", "train", "train"]);
  assert.deepEqual(entries.map(({ progress }) => progress.update), [1, 1, 1, 2, 3, 3, 3]);
  assert.equal(entries.at(-1)!.progress.sparsity, 0.5);
});

Deno.test("agenda() of PLATON observes between its pruning steps", () => {
  const turns = [...agenda(methodNamed("platon", { sparsity: 0.5, pruneSteps: 20 }), 22)].map(({ turn }) => turn);
  assert.deepEqual(turns.map((turn) => turn[0]).join(""), "ooooooooopooooooooop" + "tt");
});

Deno.test("agenda() of lottery tickets rewinds after every round and trains the ticket last", () => {
  const method = methodNamed("lottery", { sparsity: 0.6, pruneSteps: 1, lottery: { rounds: 2, rewindTo: 1 } });
  const entries = [...agenda(method, 2)];
  assert.deepEqual(
    entries.map(({ turn, step, t }) => `${turn} ${step} ${t}`),
    [
      "train 1 1",
      "snapshot 1 1",
      "train 2 2",
      "rewind 2 2",
      "train 3 1",
      "train 4 2",
      "rewind 4 2",
      "train 5 1",
      "train 6 2",
    ],
  );
  assert.deepEqual(entries.map(({ progress }) => progress.sparsity), [0, 0, 0, 0.3, 0.3, 0.3, 0.6, 0.6, 0.6]);
  assert.equal(trainingSteps(method, 2), 6);
});

Deno.test("agenda() of every method ends at the asked sparsity", () => {
  for (const name of Object.keys(methods)) {
    const method = methodNamed(name, { sparsity: 0.7, pruneSteps: 9 });
    assert.equal([...agenda(method, 12)].at(-1)!.progress.sparsity, 0.7, name);
  }
});

Deno.test("agenda() of several micro-batches accumulates all but the last of every step", () => {
  const method = methodNamed("lottery", { sparsity: 0.6, pruneSteps: 1, lottery: { rounds: 1 } });
  const entries = [...agenda(method, 1, 3)];
  assert.deepEqual(
    entries.map(({ turn, step, part }) => `${turn} ${step} ${part}`),
    [
      "accumulate 1 1",
      "accumulate 1 2",
      "train 1 undefined",
      "rewind 1 undefined",
      "accumulate 2 1",
      "accumulate 2 2",
      "train 2 undefined",
    ],
  );
  assert.throws(() => [...agenda(method, 1, 0)], /accumulate 0 is not a positive integer/);
});
