/**
 * Pictures with captions, generated: what a small CLIP learns from, and is judged on by the names of the digits alone.
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";
import { captionTemplates, digitCaptions, digitNames, encodeCaptions } from "../clip/captions.ts";
import { clipPrompts } from "../clip/zero_shot.ts";
import { digits } from "../data/digits.ts";
import { DataError } from "../data/error.ts";
import { imageSplit } from "../data/image_split.ts";
import type { Images } from "../data/images.ts";
import type { Split } from "../data/split.ts";
import { holdOut } from "../data/subset.ts";
import { labelScorer } from "../scorer.ts";
import { countLabels, type Task } from "../task.ts";
import { preprocessorOf } from "./images.ts";

const metrics = ["accuracy", "loss"] as const;

/** Adds `texts`, u32 `[rows, tokens]`, to the batches of a split; empty texts where a row is padding. */
function captioned(split: Split, captions: HostTensor): Split {
  const tokens = captions.shape[1]!;
  return {
    ...split,
    async gather(rows, size, random) {
      const { labels: _, ...batch } = await split.gather(rows, size, random);
      const data = new Uint32Array(size * tokens);
      Array.from(rows).forEach((row, i) =>
        data.set(captions.data.subarray(row * tokens, (row + 1) * tokens) as Uint32Array, i * tokens)
      );
      return { ...batch, texts: { shape: [size, tokens], dtype: "u32", data } };
    },
  };
}

/** Generated digits with generated captions. */
export const digitCaptionsTask: Task = {
  name: "digit-captions",
  description: "the generated digits with captions, for a small CLIP; judged by the names of the digits alone",
  source: "the setting of Radford et al. 2021, arXiv 2103.00020",
  modality: "image",
  head: "contrastive",
  metrics,
  needsFolder: false,
  load(folder) {
    if (folder) {
      return Promise.reject(new DataError(`${folder.name}: the data of this task are generated; give no folder`));
    }
    const { train, test } = digits();
    const summary = ({ count, labels }: Images) => ({ rows: count, labels: countLabels(labels, digitNames) });
    return Promise.resolve({
      labels: digitNames,
      summary: { train: summary(train), test: summary(test) },
      images: train.shape,
      prompts: {
        ids: encodeCaptions(clipPrompts(digitNames, captionTemplates)),
        templates: captionTemplates.length,
      },
      notes: [],
      prepare(input) {
        const config = preprocessorOf(input);
        const { augment = {} } = input;
        const pictures = imageSplit(train, "digits with captions (training)", { config, augment });
        const learnt = captioned(pictures, encodeCaptions(digitCaptions(train.labels, 1)));
        return {
          train: learnt,
          evaluation: { test: imageSplit(test, "digits with captions (test)", { config }) },
          scorer: (split) => labelScorer(split, metrics),
          // The same rows of both: without captions they are judged by the names of the digits.
          holdOut: (count, seed) => ({
            train: holdOut(learnt, count, seed).train,
            heldOut: holdOut(pictures, count, seed).heldOut,
          }),
        };
      },
    });
  },
};
