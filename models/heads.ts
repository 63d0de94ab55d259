/**
 * What models end with: the outputs of each kind of head, and the loss that trains them.
 *
 * @module
 */
import { add, cast, crossEntropy, div, mse, mul, reshape, ShapeError, type Tensor } from "../engine/mod.ts";
import { contrastiveLoss } from "./clip/loss.ts";
import type { BatchTensors, Outputs } from "./predict.ts";

/**
 * The kinds:
 *
 * - "classification": `logits` f32 `[rows, classes]`; labels u32 `[rows]`
 * - "regression": `logits` f32 `[rows, 1]`; labels f32 `[rows]`
 * - "span": `start` and `end` logits f32 `[rows, tokens]`; labels `starts` and `ends` u32 `[rows]`
 * - "contrastive": of batches with texts `pairs` f32 `[rows, rows]`, how alike each image and each text are; of batches
 *   with labels u32 `[rows]` `logits` f32 `[rows, classes]`, by the names of the classes alone
 */
export type Head = "classification" | "regression" | "span" | "contrastive";

/**
 * Mean loss of the rows that count: cross-entropy, squared error, the mean of the cross-entropies of both ends of a
 * span, or that of finding the text of each image and the image of each text, as Hugging Face's models have it.
 *
 * @param head The kind of head.
 * @param outputs What the model gave.
 * @param batch The batch, with `valid` and the labels.
 * @param temperature What logits are divided by; 1. Regression has no use for it.
 * @returns Rank 0.
 * @throws {ShapeError} when an output or a label is missing.
 */
export function headLoss(head: Head, outputs: Outputs<Tensor>, batch: BatchTensors, temperature = 1): Tensor {
  const find = (from: Readonly<Record<string, Tensor>>, name: string): Tensor => {
    const found = from[name];
    if (!found) {
      throw new ShapeError(`headLoss: a ${head} head needs "${name}"; there is ${Object.keys(from).join(", ")}`);
    }
    return found;
  };
  const weights = find(batch, "valid");
  const entropy = (output: string, labels: string): Tensor => {
    const logits = find(outputs, output);
    return crossEntropy(temperature === 1 ? logits : div(logits, temperature), find(batch, labels), { weights });
  };
  switch (head) {
    case "classification":
      return entropy("logits", "labels");
    case "regression": {
      const labels = cast(find(batch, "labels"), "f32");
      return mse(reshape(find(outputs, "logits"), labels.shape), labels, { weights });
    }
    case "span":
      return mul(add(entropy("start", "starts"), entropy("end", "ends")), 0.5);
    case "contrastive": {
      const { pairs } = outputs;
      if (!pairs) return entropy("logits", "labels");
      return contrastiveLoss(temperature === 1 ? pairs : div(pairs, temperature), { weights });
    }
  }
}
