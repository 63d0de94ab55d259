/** Our CLIP and the classes of transformers: embeddings, logits, loss, all gradients, steps of AdamW. */
import { type HostTensor, hostTensor, type Tensor } from "../../engine/mod.ts";
import { clipImage, clipLogits, clipText } from "../../models/clip/clip.ts";
import { clipVisionClassifier } from "../../models/clip/classifier.ts";
import { type ClipConfig, clipConfig } from "../../models/clip/config.ts";
import { contrastiveLoss } from "../../models/clip/loss.ts";
import { clipClassifierShapes, clipShapes } from "../../models/clip/names.ts";
import { onDevices } from "../engine/suite/support.ts";
import {
  assertAgree,
  assertTraining,
  decode,
  evaluateOn,
  generated,
  generatedParams,
  type Named,
} from "./vit_support.ts";
import numbers from "./clip.json" with { type: "json" };

const u32 = (rows: readonly (readonly number[])[]): HostTensor =>
  hostTensor(Uint32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
const images: HostTensor = generated([4, 1, 16, 16], 2000, -2, 2);
const pairs = { images, ids: u32(numbers.ids), mask: u32(numbers.mask) };

function answer(
  params: Named<Tensor>,
  config: ClipConfig,
  { images, ids, mask }: Named<Tensor>,
): Record<string, Tensor> {
  const texts = clipText(params, config, ids!, mask ? { mask } : {});
  const pictures = clipImage(params, config, images!);
  const logits = clipLogits(params, pictures, texts);
  return { texts, images: pictures, logits, loss: contrastiveLoss(logits) };
}

onDevices("CLIP learns as transformers' CLIP: loss, gradients, parameters after AdamW", async (device) => {
  const config = clipConfig(numbers.training.config, "config.json");
  const loss = (params: Named<Tensor>, inputs: Named<Tensor>) => answer(params, config, inputs).loss!;
  // Without the mask of padding, which transformers was given: it makes no difference behind the end of a text.
  const { images, ids } = pairs;
  await assertTraining(device, clipShapes(config), { images, ids }, loss, numbers.training);
});

onDevices("CLIP: embeddings, logits and loss are those of transformers, with either end of texts", async (device) => {
  for (const kind of ["clip", "clip with gelu and the old end of texts"] as const) {
    const { config: json, loss, ...expected } = numbers[kind];
    const config = clipConfig(json, "config.json");
    const params = generatedParams(clipShapes(config));
    const given = await evaluateOn(device, params, pairs, (params, inputs) => answer(params, config, inputs));
    for (const [name, text] of Object.entries(expected)) assertAgree(given[name]!, decode(text), `${kind}, ${name}`);
    assertAgree(given.loss!, [loss], `${kind}, loss`);
  }
});

onDevices("clipText() of texts that are filled up in front is that of transformers", async (device) => {
  const { ids, mask, texts } = numbers["filled up in front"];
  const config = clipConfig(numbers.clip.config, "config.json");
  const inputs = { ids: u32(ids), mask: u32(mask) };
  const given = await evaluateOn(device, generatedParams(clipShapes(config)), inputs, (params, { ids, mask }) => ({
    texts: clipText(params, config, ids!, { mask: mask! }),
  }));
  assertAgree(given.texts!, decode(texts), "texts");
});

onDevices("clipVisionClassifier() is CLIPForImageClassification of transformers", async (device) => {
  const config = clipConfig(numbers.classifier.config, "config.json");
  const params = generatedParams(clipClassifierShapes(config));
  const given = await evaluateOn(device, params, { images }, (params, { images }) => ({
    logits: clipVisionClassifier(params, config, images!),
  }));
  assertAgree(given.logits!, decode(numbers.classifier.logits), "logits");
});
