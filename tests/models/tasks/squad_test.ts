import assert from "node:assert/strict";
import { type HostTensor, hostTensor } from "../../../engine/mod.ts";
import { evaluationBatches } from "../../../models/data/batches.ts";
import { DataError } from "../../../models/data/error.ts";
import type { Split } from "../../../models/data/split.ts";
import { subset } from "../../../models/data/subset.ts";
import type { Scorer } from "../../../models/evaluate.ts";
import { type Folder, memoryFolder } from "../../../models/folder.ts";
import { tasks } from "../../../models/tasks.ts";
import { loadTokenizer } from "../../../models/text/tokenizer.ts";
import { testWithData } from "../real_data.ts";
import { bert } from "../text/squad_data.ts";
import { toyBert } from "../text/toy_tokenizers.ts";

/** Gives a scorer logits that are sure of the labels: one at the first token of the answer, one at the last. */
async function answer(scorer: Scorer, split: Split): Promise<Readonly<Record<string, number>>> {
  for await (const { rows, batch } of evaluationBatches(split, 100)) {
    const [size, width] = batch.ids!.shape as [number, number];
    const oneHot = (positions: ArrayLike<number>): HostTensor => {
      const data = new Float32Array(size * width);
      Array.from(positions).forEach((position, i) => data[i * width + position] = 10);
      return hostTensor(data, [size, width]);
    };
    scorer.add(rows, { start: oneHot(batch.starts!.data), end: oneHot(batch.ends!.data) });
  }
  return scorer.values();
}

testWithData("SQuAD without training file is split by article, and gold spans are right", "squad", async (folder) => {
  const only: Folder = { ...folder, exists: (path) => Promise.resolve(path === "dev-v1.1.reconstructed.json") };
  const data = await tasks.squad!.load(only);
  const { train, validation } = data.summary;
  assert.equal(train!.rows + validation!.rows, 10_570);
  assert.equal(data.notes.length, 1);
  assert.match(data.notes[0]!, /of the articles of the other file 38 are for training and 10 for evaluation$/);
  assert.throws(() => data.prepare({ name: "c" }), /^DataError: c: there is no tokenizer/);

  const prepared = data.prepare({ name: "c", tokenizer: await bert(), maxLength: 384 });
  const split = prepared.evaluation.validation!;
  assert.ok(split.count >= validation!.rows, "every question has a window");
  const { f1, exact } = await answer(prepared.scorer(split), split);
  assert.ok(f1! > 0.99 && exact! > 0.97 && f1! <= 1, `F1 ${f1}, exact ${exact}`);

  const scorer = prepared.scorer(split);
  assert.throws(() => scorer.values(), /^DataError: SQuAD \(validation\): window 0 was not evaluated; evaluate all/);
  assert.throws(() => scorer.add(Uint32Array.of(0), {}), /the model gives no spans; use one for this task$/);
  assert.throws(
    () => prepared.scorer(subset(split, [0, 1], "two windows")),
    new DataError("two windows: answers are found over all windows of a question; evaluate a whole split"),
  );

  const { train: left, heldOut } = prepared.holdOut!(1000, 7);
  const whole = prepared.train.count;
  assert.equal(left.count + heldOut.count, whole, "no window is lost, and none is in both");
  assert.ok(heldOut.count > whole / 20 && heldOut.count < whole / 4, `${heldOut.count} windows of ${whole}`);
  assert.ok((await answer(prepared.scorer(heldOut), heldOut)).f1! > 0.99);
  assert.deepEqual(prepared.holdOut!(1000, 7).heldOut.lengths, heldOut.lengths, "by the seed alone");
  for (const count of [0, train!.rows]) {
    const message = `SQuAD: ${count} of ${train!.rows} questions cannot be held out; leave some to train on`;
    assert.throws(() => prepared.holdOut!(count, 7), new DataError(message));
  }
});

const article = (title: string, context: string, word: string) => ({
  title,
  paragraphs: [{
    context,
    qas: [
      {
        id: `${title}-1`,
        question: "the quick?",
        answers: [{ text: word, answer_start: context.indexOf(word) }],
        is_impossible: false,
      },
      { id: `${title}-2`, question: "the cafe?", answers: [], is_impossible: true },
    ],
  }],
});

Deno.test("SQuAD v2.0 judges what has no answer, in windows that overlap, on training rows too", async () => {
  const long = Array.from({ length: 30 }, () => "the cafe").join(" ") + " istanbul quick";
  const file = (...articles: unknown[]) => JSON.stringify({ version: "v2.0", data: articles });
  const folder = memoryFolder({
    "train-v2.0.json": file(article("a", "the quick cafe", "quick")),
    "dev-v2.0.json": file(article("b", long, "istanbul")),
  }, "squad");
  const data = await tasks["squad-v2"]!.load(folder);
  assert.deepEqual(data.summary.validation, { rows: 2, labels: { answered: 1, unanswerable: 1 } });
  assert.deepEqual(data.notes, []);
  const prepared = data.prepare({ name: "c", tokenizer: await loadTokenizer(toyBert()), maxLength: 24 });
  const split = prepared.evaluation.validation!;
  assert.ok(split.count > 4, "several windows a question");
  assert.deepEqual(await answer(prepared.scorer(split), split), { f1: 1, exact: 1 });
  assert.deepEqual(await answer(prepared.scorer(prepared.train), prepared.train), { f1: 1, exact: 1 });
});
