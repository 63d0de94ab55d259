/**
 * Losses and counts over rows, padded and ignored rows left out.
 *
 * @module
 */
import { formatType, sameShape, ShapeError, type Tensor } from "../graph/node.ts";
import * as o from "../ops.ts";
import { logSoftmax } from "./softmax.ts";

/** What {@linkcode crossEntropy} may be told. */
export interface CrossEntropyOptions {
  /** Share of the target spread evenly over all classes (Szegedy et al. 2016), as PyTorch's `label_smoothing`; 0. */
  readonly labelSmoothing?: number;
  /** Rows with this label do not count. Labels that are no class (PyTorch's -100) never do. */
  readonly ignoreIndex?: number;
  /** f32 `[N]`, weight of each row, such as 1 for real rows and 0 for those that fill up the batch; 1. */
  readonly weights?: Tensor;
}

/**
 * Mean cross-entropy of the softmax of `logits`: `sum(w * loss) / sum(w)` over the rows that count, and 0 when none
 * does. Equal to PyTorch's `cross_entropy` for `reduction="mean"` with label smoothing and `ignore_index`.
 *
 * A row does not count when its label is `ignoreIndex` or no class (below 0 or not below C) or its weight is 0. A label
 * out of range is no error here, no step can stop: check labels where data is loaded.
 *
 * @param logits f32 `[N, C]`.
 * @param labels u32 or i32 `[N]`.
 * @returns rank-0 f32.
 * @throws {ShapeError} when the shapes do not fit.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { labelSmoothing = 0, ignoreIndex, weights } = options;
  checkRows("crossEntropy", logits, labels, weights);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ShapeError(`crossEntropy: labelSmoothing is ${labelSmoothing}; give a share in [0, 1]`);
  }
  const [rows, classes] = logits.shape as [number, number];
  const logp = logSoftmax(logits);
  const target = o.equal(o.iota([rows, classes], 1, labels.dtype), o.reshape(labels, [rows, 1]));
  let loss = o.neg(o.sum(o.where(target, logp, 0), 1));
  if (labelSmoothing > 0) {
    const even = o.mul(o.sum(logp, 1), -labelSmoothing / classes);
    loss = o.add(o.mul(loss, 1 - labelSmoothing), even);
  }
  return weightedMean(loss, counted(labels, classes, ignoreIndex), weights);
}

/**
 * Mean squared error, `mean((prediction - target)^2)`; with weights, of the rows: `sum(w * mean of the row) / sum(w)`,
 * and 0 when all weights are 0.
 *
 * @param prediction f32 `[N, ...]`.
 * @param target f32 of the same shape.
 * @param options `weights`: f32 `[N]`.
 * @returns rank-0 f32.
 * @throws {ShapeError} when the shapes do not fit.
 */
export function mse(prediction: Tensor, target: Tensor, options: { readonly weights?: Tensor } = {}): Tensor {
  if (!sameShape(prediction.shape, target.shape)) {
    throw new ShapeError(
      `mse: prediction ${formatType(prediction)}, target ${
        formatType(target)
      }; shapes must be equal, reshape one of them`,
    );
  }
  const squares = o.square(o.sub(prediction, target));
  if (!options.weights) return o.mean(squares);
  checkWeights("mse", prediction, options.weights);
  const inner = prediction.shape.slice(1).map((_, axis) => axis + 1);
  return weightedMean(o.mean(squares, inner), undefined, options.weights);
}

/**
 * How many rows have their greatest logit at their label (the first one, where equal); a sum of weights when given.
 * Rows that do not count for {@linkcode crossEntropy} are never correct.
 *
 * @param logits f32 `[N, C]`.
 * @param labels u32 or i32 `[N]`.
 * @returns rank-0 f32; exact up to 16,777,216 rows.
 */
export function correctCount(logits: Tensor, labels: Tensor, options: { readonly weights?: Tensor } = {}): Tensor {
  checkRows("correctCount", logits, labels, options.weights);
  const right = o.cast(o.equal(o.argmax(logits), o.cast(labels, "u32")), "f32");
  return o.sum(options.weights ? o.mul(right, options.weights) : right);
}

/** True where the label is a class and not `ignoreIndex`. */
function counted(labels: Tensor, classes: number, ignoreIndex: number | undefined): Tensor {
  const below = o.less(labels, classes);
  const isClass = labels.dtype === "i32" ? o.and(below, o.lessEqual(0, labels)) : below;
  const inside = ignoreIndex !== undefined && ignoreIndex >= 0 && ignoreIndex < classes;
  return inside ? o.and(isClass, o.notEqual(labels, ignoreIndex)) : isClass;
}

/** `sum(w * loss) / sum(w)` over rows, or 0; what does not count is not even looked at, so it may be infinite. */
export function weightedMean(loss: Tensor, counts: Tensor | undefined, weights: Tensor | undefined): Tensor {
  const heavy = weights && o.notEqual(weights, 0);
  const used = counts && heavy ? o.and(counts, heavy) : counts ?? heavy!;
  const weight = weights ? o.where(used, weights, 0) : o.cast(used, "f32");
  const total = o.sum(weight);
  return o.div(o.sum(o.mul(o.where(used, loss, 0), weight)), o.where(o.equal(total, 0), 1, total));
}

function checkRows(name: string, logits: Tensor, labels: Tensor, weights: Tensor | undefined): void {
  const fits = logits.shape.length === 2 && labels.shape.length === 1 && labels.shape[0] === logits.shape[0];
  if (!fits || (labels.dtype !== "u32" && labels.dtype !== "i32")) {
    throw new ShapeError(
      `${name}: logits ${formatType(logits)}, labels ${
        formatType(labels)
      }; give logits [N, C] and u32 or i32 labels [N], ` +
        "reshape leading axes into rows first",
    );
  }
  if (weights) checkWeights(name, logits, weights);
}

/** Raises the error of `name` unless there is one weight for each row. */
export function checkWeights(name: string, rows: Tensor, weights: Tensor): void {
  if (weights.shape.length !== 1 || weights.shape[0] !== rows.shape[0] || weights.dtype !== rows.dtype) {
    throw new ShapeError(
      `${name}: weights ${formatType(weights)} for rows of ${formatType(rows)}; give one ${rows.dtype} for each row`,
    );
  }
}
