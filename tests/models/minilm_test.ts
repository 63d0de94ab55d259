/**
 * A trained BERT from files to meaning: all-MiniLM-L6-v2 against transformers, on sentences and on STS-B without training.
 * The model is fetched by tests/models/minilm/fetch.sh; where it is not there, these tests say so and are left out.
 */
import assert from "node:assert/strict";
import { openDevice } from "../../engine/mod.ts";
import { glueTasks } from "../../models/text/glue.ts";
import { loadTextTask } from "../../models/text/load_text.ts";
import numbers from "../parity/minilm.json" with { type: "json" };
import { assertClose } from "../support/assert_close.ts";
import { correlation, cosines, testWithMiniLm } from "./minilm/embed.ts";
import { dataFolder, diskFolder } from "./real_data.ts";

testWithMiniLm("all-MiniLM-L6-v2 finds sentences as close as transformers does", async (folder) => {
  using device = await openDevice("cpu");
  const pairs = numbers.groups.flatMap(({ text, others }) => others.map((other) => [text, other] as const));
  const found = await cosines(device, folder, pairs);
  assertClose(found, numbers.groups.flatMap(({ cosines }) => cosines), { rtol: 0, atol: 1e-4 }, "cosines");
  for (const { text, others, cosines } of numbers.groups) {
    const byCosine = (values: readonly number[]) => others.toSorted((a, b) => at(values, b) - at(values, a));
    const at = (values: readonly number[], other: string) => values[others.indexOf(other)]!;
    assert.deepEqual(byCosine(found.splice(0, others.length)), byCosine(cosines), text);
  }
});

/** Every fifth row; all of them are for tests/models/minilm/stsb.ts. */
const chosen = (_: unknown, row: number): boolean => row % 5 === 0;

testWithMiniLm("all-MiniLM-L6-v2 ranks STS-B's pairs as transformers does", async (folder) => {
  const glue = dataFolder("glue");
  if (!glue) return console.warn("left out: there is no GLUE (set SEVEN_DATA)");
  const { splits } = await loadTextTask(glueTasks.stsb!, diskFolder(glue));
  const scores = splits.validation!.map(({ label }) => label!);
  const stored = numbers.validation.cosines.split(" ").map(Number);
  const ours = correlation("spearman", stored, scores);
  assert.ok(Math.abs(ours - numbers.validation.spearman) < 1e-5, `${ours}, SciPy finds ${numbers.validation.spearman}`);

  using device = await openDevice("cpu");
  const rows = splits.validation!.filter(chosen);
  const found = await cosines(device, folder, rows.map(({ text, pair }) => [text, pair!]));
  const expected = stored.filter(chosen);
  assertClose(found, expected, { rtol: 0, atol: 1e-4 }, "cosines");
  const wanted = scores.filter(chosen);
  const [spearman, theirs] = [found, expected].map((values) => correlation("spearman", values, wanted));
  assert.ok(Math.abs(spearman! - theirs!) < 1e-3, `Spearman ${spearman}, transformers ${theirs}`);
  assert.ok(spearman! > 0.85, `Spearman ${spearman} of ${rows.length} pairs`);
});
