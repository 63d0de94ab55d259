import assert from "node:assert/strict";
import {
  adamw,
  argmax,
  cast,
  Device,
  equal,
  type HostTensor,
  hostTensor,
  linearSchedule,
  sizeOf,
  sum,
  type Tensor,
  valueAndGrad,
} from "../../../engine/mod.ts";
import { openCpu } from "../../../engine/device/cpu.ts";
import { clipImage, clipLogits, clipText } from "../../../models/clip/clip.ts";
import {
  captionTokens,
  captionVocabulary,
  digitCaptions,
  digitNames,
  encodeCaptions,
} from "../../../models/clip/captions.ts";
import { clipConfig } from "../../../models/clip/config.ts";
import { initClip } from "../../../models/clip/init.ts";
import { contrastiveLoss } from "../../../models/clip/loss.ts";
import { isClipPrunable, isClipVisionPrunable } from "../../../models/clip/names.ts";
import { smallClip } from "../../../models/clip/small.ts";
import { clipClassEmbeddings, clipPrompts, clipZeroShot } from "../../../models/clip/zero_shot.ts";
import { DataError } from "../../../models/data/error.ts";
import { digits } from "../../../models/data/digits.ts";
import type { Images } from "../../../models/data/images.ts";
import { parsePreprocessor, preprocess } from "../../../models/data/preprocess.ts";

type Named<T> = Readonly<Record<string, T>>;

function pictures({ images, values, shape }: Images, start: number, count: number): HostTensor {
  const size = sizeOf({ shape });
  const pixels = images.subarray(start * size, (start + count) * size);
  return hostTensor(Float32Array.from(pixels, (byte) => values[byte]!), [count, ...shape]);
}

const typesOf = (tensors: Named<HostTensor>) =>
  Object.fromEntries(Object.entries(tensors).map(([name, { shape, dtype }]) => [name, { shape, dtype }]));

Deno.test("smallClip() learns from pictures and captions to tell digits by their names", async () => {
  const [batch, steps, judged] = [30, 250, 500];
  const raw = digits({ train: 3000, test: judged });
  const files = smallClip(raw.train.shape, raw.classes);
  const config = clipConfig(files.config, "small CLIP");
  const { train, test } = preprocess(raw, parsePreprocessor(files.preprocessor, "small CLIP"));
  const captions = encodeCaptions(digitCaptions(train.labels, 1)).data;
  const optimizer = adamw();
  const params = await initClip(config, 1);
  using device = new Device(openCpu());
  using state = device.place({ params, averages: optimizer.init(params) });
  const at = (step: number) => {
    const start = step * batch % train.count;
    const ids = captions.slice(start * captionTokens, (start + batch) * captionTokens) as Uint32Array;
    return { images: pictures(train, start, batch), ids: hostTensor(ids, [batch, captionTokens]) };
  };

  type State = { readonly params: Named<Tensor>; readonly averages: Named<Named<Tensor>> };
  type Batch = { readonly images: Tensor; readonly ids: Tensor; readonly scalars: Named<Tensor> };
  const step = ({ params, averages }: State, { images, ids, scalars }: Batch) => {
    const loss = (p: Named<Tensor>) =>
      contrastiveLoss(clipLogits(p, clipImage(p, config, images), clipText(p, config, ids)));
    const { value, grads } = valueAndGrad(loss, params);
    const next = optimizer.update(grads, averages, params, scalars);
    return { state: { params: next.params, averages: next.state }, metrics: { loss: value } };
  };
  const rate = linearSchedule({ learningRate: 4e-3, warmup: 30, total: steps });
  const scalars = Object.fromEntries(
    Object.keys(optimizer.scalars(1, 1)).map((name) => [name, { shape: [], dtype: "f32" }]),
  );
  using training = await device.compile(
    step as never,
    { state: state.types, batch: { ...typesOf(at(0)), scalars } } as never,
  );
  for (let i = 0; i < steps; i++) {
    training.run(state as never, { ...at(i), scalars: optimizer.scalars(i + 1, rate(i)) } as never);
  }

  const templates = ["the digit {}", "the number {} on a display"];
  const prompts = encodeCaptions(clipPrompts(digitNames, templates));
  const inputs = {
    prompts,
    images: pictures(test, 0, judged),
    labels: hostTensor(Uint32Array.from(test.labels.subarray(0, judged))),
  };
  const judge = (state: State, { prompts, images, labels }: { prompts: Tensor; images: Tensor; labels: Tensor }) => {
    const classes = clipClassEmbeddings(clipText(state.params, config, prompts), templates.length);
    const right = equal(argmax(clipZeroShot(state.params, config, images, classes)), labels);
    return { state, metrics: { correct: sum(cast(right, "f32")) } };
  };
  using judging = await device.compile(judge as never, { state: state.types, batch: typesOf(inputs) } as never);
  judging.run(state as never, inputs as never);
  const { correct } = (await judging.lastMetrics()).values as unknown as { correct: number };
  assert.ok(correct > 0.6 * judged, `${correct} of ${judged} pictures have their digit's name`);

  const prunable = (which: (name: string) => boolean) =>
    Object.entries(params).reduce((total, [name, type]) => total + (which(name) ? sizeOf(type) : 0), 0);
  assert.deepEqual([prunable(isClipPrunable), prunable(isClipVisionPrunable)], [73_728, 36_864]);
});

Deno.test("digitCaptions() and encodeCaptions() say what a picture shows, the same for a seed", () => {
  const labels = Uint32Array.from({ length: 50 }, (_, i) => i % 10);
  const captions = digitCaptions(labels, 3);
  assert.deepEqual(captions, digitCaptions(labels, 3));
  assert.notDeepEqual(captions, digitCaptions(labels, 4));
  captions.forEach((caption, i) => assert.ok(caption.split(" ").includes(digitNames[i % 10]!), caption));
  const { data, shape } = encodeCaptions(captions);
  assert.deepEqual(shape, [50, captionTokens]);
  const end = captionVocabulary.length - 1;
  captions.forEach((caption, row) => {
    const ids = [...data.subarray(row * captionTokens, (row + 1) * captionTokens)];
    const length = ids.indexOf(end) + 1;
    assert.equal(ids[0], 1);
    assert.equal(ids.slice(1, length - 1).map((id) => captionVocabulary[id]).join(" "), caption);
    assert.ok(ids.slice(length).every((id) => id === 0));
  });
  assert.throws(() => digitCaptions([10], 1), new DataError("label 10 of picture 0 is no digit; use labels 0 to 9"));
  assert.throws(() => encodeCaptions(["the cat"]), DataError);
  assert.throws(() => encodeCaptions(["the the the the the the the"]), DataError);
});
