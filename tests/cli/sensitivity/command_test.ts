/** The command `sensitivity`: what it zeroes, measures and prints. */

import assert from "node:assert/strict";
import { hostTensor, parseSafetensors, writeSafetensors } from "../../../engine/mod.ts";
import { inFolder, run, tinyPrunable, writeTiny } from "../support.ts";
import { sensitivity, tinyNetwork } from "./support.ts";

Deno.test("sensitivity measures what evaluate does on the pruned checkpoint", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const args = [
      "--model",
      `${folder}/tiny`,
      "--task",
      "digits",
      "--rows",
      "5000",
      "--metric",
      "loss",
      "--json",
      "--quiet",
    ];
    const { code, out, err } = await sensitivity(...args, "--sparsities", "1,0.3");
    assert.deepEqual([code, err], [0, []]);
    const result = JSON.parse(out.join("\n"));
    assert.deepEqual([result.rows.count, result.rows.of, result.metric], [2000, 2000, "loss"]);
    assert.equal(result.groups.length, 1);
    const [{ pattern, weights, points }] = result.groups;
    assert.deepEqual([pattern, weights], ["vit.encoder.layer.0.*", tinyPrunable]);
    assert.deepEqual(points.map(({ sparsity }: { sparsity: number }) => sparsity), [0.3, 1]);
    const { tensors } = parseSafetensors(await Deno.readFile(`${folder}/tiny/model.safetensors`), "tiny");
    const { isPrunable } = await tinyNetwork();
    for (const { sparsity, removed, metrics } of [{ sparsity: 0, removed: 0, metrics: result.dense }, ...points]) {
      assert.equal(removed, Math.round(sparsity * tinyPrunable));
      const magnitudes = Object.entries(tensors).filter(([name]) => isPrunable(name))
        .flatMap(([, { data }]) => [...data].map(Math.abs)).sort((a, b) => a - b);
      const limit = removed === 0 ? -1 : magnitudes[removed - 1]!;
      const pruned = Object.fromEntries(
        Object.entries(tensors).map(([name, { data, shape }]) => [
          name,
          hostTensor(Float32Array.from(data, (x) => isPrunable(name) && Math.abs(x) <= limit ? 0 : x), shape),
        ]),
      );
      const zeros = Object.entries(pruned).filter(([name]) => isPrunable(name))
        .flatMap(([, { data }]) => [...data]).filter((x) => x === 0).length;
      assert.equal(zeros, removed, "magnitudes differ");
      await Deno.writeFile(`${folder}/tiny/model.safetensors`, writeSafetensors(pruned, { format: "pt" }));
      const evaluated = await run([
        "evaluate",
        "--model",
        `${folder}/tiny`,
        "--task",
        "digits",
        "--device",
        "cpu",
        "--json",
        "--quiet",
      ]);
      assert.deepEqual(JSON.parse(evaluated.out.join("\n")).metrics.test, metrics);
    }
  });
});

Deno.test("sensitivity restores a group before the next, and evaluates on the rows asked for", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const measure = async (...more: string[]) => {
      const args = [
        "--model",
        `${folder}/tiny`,
        "--task",
        "digits",
        "--by",
        "tensor",
        "--sparsities",
        "0.5",
        "--rows",
        "60",
      ];
      const { out, err } = await sensitivity(...args, "--json", "--quiet", ...more);
      assert.deepEqual(err, []);
      return JSON.parse(out.join("\n"));
    };
    const all = await measure();
    assert.deepEqual([all.rows.count, all.groups.length], [60, 6]);
    for (const { pattern, points } of all.groups) {
      const alone = await measure("--include", pattern);
      assert.deepEqual(alone.groups.map((group: { pattern: string }) => group.pattern), [pattern]);
      assert.deepEqual(alone.groups[0].points, points, pattern);
    }
    assert.notDeepEqual((await measure("--seed", "2")).dense, all.dense);
  });
});

Deno.test("sensitivity prints a table, the most sensitive group first, and limits that prune takes", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const args = ["--model", `${folder}/tiny`, "--task", "digits", "--rows", "50", "--by", "kind", "--metric", "loss"];
    const { code, out, err } = await sensitivity(
      ...args,
      "--sparsities",
      "0.5,0.75",
      "--tolerance",
      "0",
      "--criterion",
      "snip",
    );
    assert.equal(code, 0);
    assert.match(out[0]!, /^\S+ on digits: \d\.\d{4} loss on 50 of 2,000 rows, as it is$/);
    assert.match(out[2]!, /^group +weights +50 % +75 %$/);
    const rows = out.slice(3).filter((line) => line.startsWith("vit.")).map((line) => line.split(/ {3,}/));
    assert.equal(rows.length, 6);
    const last = rows.map((row) => Number(row[3]));
    assert.deepEqual(last, last.toSorted((a, b) => b - a));
    assert.equal(err.filter((line) => /^\d\/6 vit\./.test(line)).length, 6);
    const advised = out.filter((line) => line.includes("--most-sparsity"));
    assert.ok(advised.length > 0);
    const limits = advised.flatMap((line) => line.trim().replaceAll("'", "").split(" "));
    const pruned = await run([
      ..."prune --task digits --device cpu --sparsity 0.1 --steps 2 --prune-steps 1 --method magnitude".split(" "),
      ...["--model", `${folder}/tiny`, "--train-steps", "1", ...limits],
    ]);
    assert.deepEqual(pruned.code, 0, pruned.err.join("\n"));
  });
});
