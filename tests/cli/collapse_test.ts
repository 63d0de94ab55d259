/** Weights that lost every element. */

import assert from "node:assert/strict";
import { parseSafetensors, writeSafetensors } from "../../engine/mod.ts";
import { collapsedOf, collapseNote } from "../../seven/cli/collapse.ts";
import type { RunRecord } from "../../seven/cli/mod.ts";
import { inFolder, run, writeTiny } from "./support.ts";

Deno.test("collapsedOf() names masks without a bit, and the note says what to do", () => {
  const mask = (...words: number[]) =>
    ({ shape: [words.length], dtype: "u32", data: Uint32Array.from(words) }) as const;
  const names = collapsedOf({ a: mask(0, 0), b: mask(0, 4), c: mask(0) });
  assert.deepEqual(names, ["a", "c"]);
  const end = "no element left, so nothing passes through; --most-sparsity 'a=0.95' bounds what one may lose, " +
    "--scope tensor treats all alike";
  assert.equal(collapseNote("snip", names), `snip: a and 1 more have ${end}`);
  assert.equal(collapseNote("snip", ["a"]), `snip: a has ${end}`);
  assert.equal(collapseNote("snip", []), undefined);
});

Deno.test("a run tells of a weight that global magnitude removed whole; the remedy that it names is one", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const path = `${folder}/tiny/model.safetensors`;
    const { tensors } = parseSafetensors(Deno.readFileSync(path), path);
    const small = Object.keys(tensors).find((name) => name.endsWith("intermediate.dense.weight"))!;
    tensors[small]!.data.forEach((value, i, data) => data[i] = value * 1e-6);
    Deno.writeFileSync(path, writeSafetensors(tensors));
    const prune = async (name: string, ...args: string[]) => {
      const task = ["--model", `${folder}/tiny`, "--task", "digits", "--device", "cpu", "--method", "magnitude"];
      const rest = ["--sparsity", "0.8", "--steps", "2", "--prune-steps", "1", "--out", `${folder}/${name}`];
      const { code, err } = await run([...task, ...rest, ...args]);
      assert.equal(code, 0, err.join("\n"));
      const record = JSON.parse(Deno.readTextFileSync(`${folder}/${name}/run.json`)) as RunRecord;
      return { err: err.join("\n"), record, card: Deno.readTextFileSync(`${folder}/${name}/README.md`) };
    };
    const { err, record, card } = await prune("collapsed");
    assert.deepEqual(record.result.collapsed, [small]);
    const note = collapseNote("magnitude", [small])!;
    assert.ok(err.includes(note), err);
    assert.ok(card.includes(`No element is left of \`${small}\`.`));

    const [, bound] = /--most-sparsity '(.*?)'/.exec(note)!;
    const mended = await prune("bounded", "--most-sparsity", bound!);
    assert.equal(mended.record.result.collapsed, undefined);
    assert.equal(mended.record.result.kept, record.result.kept);
    assert.ok(!mended.err.includes("no element left") && !mended.card.includes("No element"));
  });
});
