/** From a run folder's files to a report's data. */

import assert from "node:assert/strict";
import { byteSource, hostTensor, openSafetensors, writeSafetensors } from "../../../engine/mod.ts";
import { UsageError } from "../../../seven/cli/errors.ts";
import { resolveOptions } from "../../../seven/cli/options.ts";
import { eventsOf, histogramData, recordOf, reportData, reportHtml } from "../../../seven/cli/report/mod.ts";
import { eventsUpTo, parsePage, recordWith } from "./support.ts";

const query = "vit.encoder.layer.0.attention.attention.query.weight";
const pooler = "bert.pooler.dense.weight";

const tensors = {
  "vit.embeddings.cls_token": hostTensor(new Float32Array([0, 0]), [1, 1, 2]),
  [query]: hostTensor(new Float32Array([1, 0, -0, 2, 0, 3]), [2, 3]),
  [pooler]: hostTensor(new Float32Array(40).fill(1), [8, 5]),
  "classifier.weight": hostTensor(new Float32Array([0, 1]), [1, 2]),
};
const files = {
  label: "runs/1",
  record: JSON.parse(JSON.stringify(recordWith())),
  events: eventsUpTo(40).map((event) => JSON.stringify(event)).join("\n") + "\n",
  weights: writeSafetensors(tensors),
};

Deno.test("reportData() counts what is not 0 of prunable tensors, whichever way weights are given", async () => {
  const expected = [{ name: query, kept: 3, size: 6 }, { name: pooler, kept: 40, size: 40 }];
  const open = await openSafetensors(byteSource(files.weights), "weights");
  for (const weights of [files.weights, open, tensors]) {
    const { densities } = await reportData({ ...files, weights });
    assert.deepEqual(densities.toSorted((a, b) => a.size - b.size), expected);
  }
});

Deno.test("reportData() counts by masks where there are some: kept weights may be 0", async () => {
  const masks = {
    [query]: hostTensor(new Uint32Array([0b101111])),
    [pooler]: hostTensor(new Uint32Array([0xffffffff, 0b11])),
  };
  const { densities } = await reportData({ ...files, masks: writeSafetensors(masks) });
  assert.deepEqual((await reportData({ ...files, masks })).densities, densities);
  assert.deepEqual(
    new Set(densities.map(({ name, kept }) => `${name} ${kept}`)),
    new Set([`${query} 5`, `${pooler} 34`]),
  );
});

Deno.test("reportData() goes by the run's own choice of tensors", async () => {
  const record = recordWith({
    options: resolveOptions({ method: ["magnitude"], exclude: ["*pooler*"] }),
    method: "magnitude",
  });
  const { densities } = await reportData({ ...files, record });
  assert.deepEqual(densities.map(({ name }) => name), [query]);
  const { densities: given } = await reportData({ ...files, prunable: (name) => name === "classifier.weight" });
  assert.deepEqual(given, [{ name: "classifier.weight", kept: 1, size: 2 }]);
});

Deno.test("reportData() finds the pruning window of the method", async () => {
  const of = async (method: string) => {
    const options = resolveOptions({ method: [method], steps: 90, pruneSteps: 60 });
    return (await reportData({ ...files, record: recordWith({ method, options }) })).window;
  };
  assert.deepEqual(await of("seven-pre"), { start: 1, end: 60 });
  assert.deepEqual(await of("seven-dyn"), { start: 20, end: 79 });
  assert.deepEqual(await of("magnitude"), { start: 1, end: 1 });
  assert.equal(await of("lottery"), undefined);
  assert.equal(await of("of another version"), undefined);
});

Deno.test("reportData() tells steps from looks at held-out rows, and passes on what else is known", async () => {
  const point = { step: 20, sparsity: 0.5, validation: { accuracy: 0.7 } };
  const runs = [{ method: "snip", seed: 2, result: recordWith().result }];
  const data = await reportData({ ...files, events: `${files.events}${JSON.stringify(point)}\n`, model: "name", runs });
  assert.equal(data.events.length, 4);
  assert.deepEqual(data.validation, [point]);
  assert.deepEqual([data.model, data.runs], ["name", runs]);
  assert.match(data.command!, /^deno task prune --task digits .*--steps 40/);
  const headings = parsePage(reportHtml(data)).headings();
  assert.deepEqual(headings.slice(1), [
    "The course of the run",
    "Accuracy by method",
    "What is left of each matrix",
    "Recipe",
  ]);
});

Deno.test("eventsOf() leaves out a last line that was cut off, and refuses another", () => {
  const [line] = files.events.split("\n") as [string];
  assert.equal(eventsOf(`${line}\n${line.slice(0, 20)}`, "events.jsonl").length, 1);
  assert.equal(eventsOf("", "events.jsonl").length, 0);
  for (const bad of ["{}", "null", "3", "[", `{"step": 1}`, `{"step": 1, "validation": null}`]) {
    assert.throws(
      () => eventsOf(`${line}\n${bad}\n${line}`, "events.jsonl"),
      new UsageError("events.jsonl: line 2 is no event of a run; remove it, or run again"),
      bad,
    );
  }
});

Deno.test("recordOf() refuses what is no record, in one line", () => {
  assert.deepEqual(recordOf(files.record, "run.json"), recordWith());
  for (const bad of [null, undefined, 3, {}, { schema: 2 }]) {
    assert.throws(() => recordOf(bad, "run.json"), /^UsageError: run.json: schema/);
  }
  const { result: _, ...rest } = recordWith();
  assert.throws(
    () => recordOf(rest, "run.json"),
    /^UsageError: run.json: method, task or results are missing; name a folder/,
  );
});

Deno.test("histogramData() is what JSON can hold", () => {
  const side = (counts: number[]) => hostTensor(new Uint32Array(counts), [2, 2]);
  const edges = { sensitivity: [1e-6], steadiness: [0.5] };
  const data = histogramData({ kept: side([1, 2, 3, 4]), pruned: side([5, 6, 7, 8]), edges }, 0.4);
  assert.deepEqual(JSON.parse(JSON.stringify(data)), {
    kept: [1, 2, 3, 4],
    pruned: [5, 6, 7, 8],
    edges,
    threshold: 0.4,
  });
});
