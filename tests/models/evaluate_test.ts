import assert from "node:assert/strict";
import { hostTensor, linear, openDevice, reshape, type Tensor } from "../../engine/mod.ts";
import {
  type BatchTensors,
  digits,
  evaluate,
  type Images,
  imageSplit,
  labelScorer,
  Predictor,
  type Split,
} from "../../models/mod.ts";

const { test: images } = digits({ train: 1, test: 23 });
const split = imageSplit(images, "digits");
const weights = Float32Array.from({ length: 10 * 256 }, (_, i) => Math.sin(i * i) / 8);

function outputs({ weight }: { readonly weight: Tensor }, { images }: BatchTensors): { logits: Tensor } {
  return { logits: linear(reshape(images!, [images!.shape[0]!, 256]), weight) };
}

async function measure(batch: number): Promise<Readonly<Record<string, number>>> {
  using device = await openDevice("cpu");
  using state = device.place({ weight: hostTensor(weights, [10, 256]) });
  const scorer = labelScorer(split, ["accuracy", "loss"]);
  const result = await evaluate({ device, state, outputs, split, scorer, batch });
  assert.deepEqual((await state.read("weight")).data, weights, "the state is as it was");
  return result;
}

/** The same in plain f64. */
function expected({ images, labels, count, values }: Images): { accuracy: number; loss: number } {
  let correct = 0, loss = 0;
  for (let row = 0; row < count; row++) {
    const scores = Array.from({ length: 10 }, (_, c) => {
      let sum = 0;
      for (let i = 0; i < 256; i++) sum += weights[256 * c + i]! * values[images[256 * row + i]!]!;
      return sum;
    });
    const label = labels[row]!;
    if (scores.indexOf(Math.max(...scores)) === label) correct++;
    loss += Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0)) - scores[label]!;
  }
  return { accuracy: correct / count, loss: loss / count };
}

Deno.test("evaluate() counts every row once, whatever the size of a batch", async () => {
  const { accuracy, loss } = expected(images);
  for (const batch of [1, 4, 22, 23, 100]) {
    const result = await measure(batch);
    assert.equal(result.accuracy, accuracy, `batch ${batch}`);
    assert.ok(Math.abs(result.loss! - loss) < 1e-5, `batch ${batch}: ${result.loss}, expected ${loss}`);
  }
});

Deno.test("evaluate() stops when it is told to", async () => {
  using device = await openDevice("cpu");
  using state = device.place({ weight: hostTensor(weights, [10, 256]) });
  const signal = AbortSignal.abort(new Error("enough"));
  const scorer = labelScorer(split, ["accuracy"]);
  await assert.rejects(evaluate({ device, state, outputs, split, scorer, signal }), /enough/);
});

/** Row `i` is as long as `lengths[i]`; a batch is as wide as its longest row, and holds the numbers of its rows. */
function ragged(lengths: readonly number[]): Split {
  return {
    name: "ragged",
    count: lengths.length,
    labels: [],
    lengths,
    gather(rows, size) {
      const width = Math.max(...Array.from(rows, (row) => lengths[row]!));
      const data = new Float32Array(size * width);
      Array.from(rows).forEach((row, i) => data.fill(row, i * width, i * width + lengths[row]!));
      return { x: hostTensor(data, [size, width]), valid: hostTensor(new Float32Array(size).fill(1)) };
    },
  };
}

Deno.test("Predictor runs batches of several shapes, each row once, again and again", async () => {
  using device = await openDevice("cpu");
  using state = device.place({ one: hostTensor(new Float32Array([1])) });
  using predictor = new Predictor<{ one: Tensor }>({ device, batch: 3, outputs: (_, { x }) => ({ x: x! }) });
  const lengths = [5, 2, 9, 2, 5, 5, 1, 2, 2, 9, 30, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2];
  for (let time = 0; time < 2; time++) {
    const seen: number[] = [];
    await predictor.run(state, ragged(lengths), (rows, { x }) => {
      const width = x!.shape[1]!;
      rows.forEach((row, i) => {
        assert.deepEqual([...x!.data.slice(i * width, i * width + lengths[row]!)], Array(lengths[row]).fill(row));
        seen.push(row);
      });
    });
    assert.deepEqual(seen.sort((a, b) => a - b), [...lengths.keys()]);
  }
});
