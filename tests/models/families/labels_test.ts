import assert from "node:assert/strict";
import { hostTensor } from "../../../engine/mod.ts";
import { networkOf } from "../../../models/families.ts";
import { labelConfig, matchLabels, reorderRows } from "../../../models/families/labels.ts";
import { assertClose } from "../../support/assert_close.ts";
import { bert, clip, logitsOf, named, trained, vit } from "./support.ts";

Deno.test("networkOf() puts classes in the task's order, and logits follow", async () => {
  const labels = ["entailment", "neutral", "contradiction"];
  const deit = { ...vit, model_type: "deit", architectures: ["DeiTForImageClassificationWithTeacher"] };
  const orders = [["contradiction", "entailment", "neutral"], ["CONTRADICTION", "Neutral", "entailment"]];
  for (const config of [bert, vit, deit, clip]) {
    for (const own of orders) {
      const given = trained({ ...config, ...named(own) });
      const asIs = await logitsOf(await networkOf(given, { head: "classification", labels: own, seed: 1 }));
      const network = await networkOf(given, { head: "classification", labels, seed: 1 });
      const found = await logitsOf(network);
      const row = labels.map((label) => own.findIndex((name) => name.toLowerCase() === label));
      assertClose(found, [0, 1].flatMap((text) => row.map((i) => asIs[text * 3 + i]!)), { rtol: 1e-6, atol: 1e-6 });
      assert.ok(Math.abs(asIs[0]! - asIs[1]!) > 1e-3, "classes differ");
      assert.deepEqual(network.config.id2label, { 0: labels[0], 1: labels[1], 2: labels[2] });
      assert.deepEqual(network.notes, [
        `c: its classes are ${own.join(", ")}; they are put in the task's order, ${labels.join(", ")}`,
      ]);
      assert.deepEqual(network.fresh, []);
      // What is saved is read as the same model, with nothing more to say.
      const saved = { name: "saved", config: network.config, params: network.params };
      const again = await networkOf(saved, { head: "classification", labels, seed: 1 });
      assert.deepEqual([again.notes, await logitsOf(again)], [[], found]);
    }
  }
});

Deno.test("networkOf() says so where it cannot tell which class is which", async () => {
  const labels = ["entailment", "neutral", "contradiction"];
  const notes = async (names: readonly string[] | undefined): Promise<readonly string[]> => {
    const config = names ? { ...bert, ...named(names) } : { ...bert, num_labels: 3 };
    const given = trained(config);
    const network = await networkOf(given, { head: "classification", labels, seed: 1 });
    assert.equal(network.params["classifier.weight"]!.data, given.params["classifier.weight"]!.data);
    return network.notes;
  };
  const nameless = [
    "c: its classes have no names; they are taken for entailment, neutral, contradiction, in this order",
  ];
  assert.deepEqual(await notes(undefined), nameless);
  assert.deepEqual(await notes(["LABEL_0", "LABEL_1", "LABEL_2"]), nameless);
  assert.deepEqual(await notes(["bad", "so so", "good"]), [
    "c: its classes bad, so so, good are taken for entailment, neutral, contradiction, in this order",
  ]);
  const numbers = await networkOf(trained(bert), { head: "classification", labels: ["0", "1"], seed: 1 });
  assert.deepEqual(numbers.notes, []);
});

Deno.test("matchLabels() compares letters and digits only, and shortens long lists", () => {
  const none = { notes: [] };
  assert.deepEqual(matchLabels({ 0: "Not_Entailment", 1: "entailment" }, ["not entailment", "Entailment"], "c"), none);
  assert.deepEqual(matchLabels({ 0: "entailment", 1: "not-entailment" }, ["not_entailment", "entailment"], "c").order, [
    1,
    0,
  ]);
  assert.equal(matchLabels({ 0: "a", 1: "A!" }, ["a", "b"], "c").order, undefined, "two of one name");
  const thousand = Array.from({ length: 1000 }, (_, i) => `wnid ${i}`);
  const { order, notes } = matchLabels(Object.fromEntries(thousand.entries()), thousand.toReversed(), "c");
  assert.deepEqual([order![0], order![999]], [999, 0]);
  assert.match(
    notes[0]!,
    /^c: its classes are wnid 0, .*wnid 5, and 994 more; they are put in the task's order, wnid 999/,
  );
  assert.ok(notes[0]!.length < 300);
});

Deno.test("reorderRows() and labelConfig() write what they were given", () => {
  const matrix = hostTensor(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
  assert.deepEqual([...reorderRows(matrix, [2, 0, 1]).data], [5, 6, 1, 2, 3, 4]);
  assert.deepEqual([...reorderRows(hostTensor(Float32Array.of(1, 2, 3)), [1, 2, 0]).data], [2, 3, 1]);
  assert.deepEqual([...matrix.data], [1, 2, 3, 4, 5, 6], "the tensor is as it was");
  assert.deepEqual(labelConfig(["a", "b"]), {
    num_labels: 2,
    id2label: { 0: "a", 1: "b" },
    label2id: { a: 0, b: 1 },
  });
});
