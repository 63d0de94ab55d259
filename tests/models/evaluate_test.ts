import assert from "node:assert/strict";
import { hostTensor, linear, openDevice, reshape, type Tensor } from "../../engine/mod.ts";
import { digits, evaluate, type Evaluation, type Split } from "../../models/mod.ts";

const { test: split } = digits({ train: 1, test: 23 });
const weights = Float32Array.from({ length: 10 * 256 }, (_, i) => Math.sin(i * i) / 8);

function logits({ weight }: { readonly weight: Tensor }, images: Tensor): Tensor {
  return linear(reshape(images, [images.shape[0]!, 256]), weight);
}

async function measure(batch: number): Promise<Evaluation> {
  using device = await openDevice("cpu");
  using state = device.place({ weight: hostTensor(weights, [10, 256]) });
  const result = await evaluate({ device, state, logits, split, batch });
  assert.deepEqual((await state.read("weight")).data, weights, "the state is as it was");
  return result;
}

/** The same in plain f64. */
function expected({ images, labels, count, values }: Split): Evaluation {
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
  return { accuracy: correct / count, loss: loss / count, count };
}

Deno.test("evaluate() counts every row once, whatever the size of a batch", async () => {
  const { accuracy, loss, count } = expected(split);
  for (const batch of [1, 4, 22, 23, 100]) {
    const result = await measure(batch);
    assert.deepEqual([result.accuracy, result.count], [accuracy, count], `batch ${batch}`);
    assert.ok(Math.abs(result.loss - loss) < 1e-5, `batch ${batch}: ${result.loss}, expected ${loss}`);
  }
});

Deno.test("evaluate() stops when it is told to", async () => {
  using device = await openDevice("cpu");
  using state = device.place({ weight: hostTensor(weights, [10, 256]) });
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(evaluate({ device, state, logits, split, signal }), /enough/);
});
