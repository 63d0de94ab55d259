/**
 * Knowledge distillation: learning from what another network answers, and from its hidden states, not from labels alone.
 *
 * @module
 */
import { formatType, sameShape, ShapeError, sizeOf, type Tensor } from "../graph/node.ts";
import { stopGradient } from "../grad.ts";
import * as o from "../ops.ts";
import { checkWeights, mse, weightedMean } from "./loss.ts";
import { logSoftmax } from "./softmax.ts";

/** What {@linkcode distillation} may be told. */
export interface DistillationOptions {
  /** T, what both logits are divided by: the greater, the more the small probabilities count; 1. */
  readonly temperature?: number;
  /** f32 `[N]`, weight of each row, such as 1 for real rows and 0 for those that fill up the batch; 1. */
  readonly weights?: Tensor;
}

/**
 * Soft targets (Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network", arXiv 1503.02531):
 *
 *     T^2 KL(p || q) = T^2 sum over classes of p (log p - log q),    p = softmax(teacher / T), q = softmax(student / T)
 *
 * averaged over the rows, `sum(w * loss) / sum(w)` with weights. T^2 keeps the size of its gradient, T (q - p) for each
 * row, comparable with that of hard targets. No gradient reaches the teacher. Classes to which the teacher gives no
 * probability (logits of negative infinity among them) do not count.
 *
 * @param studentLogits f32 `[N, C]`.
 * @param teacherLogits f32 `[N, C]`.
 * @returns rank-0 f32.
 * @throws {ShapeError} when the shapes do not fit or the temperature is not positive.
 */
export function distillation(
  studentLogits: Tensor,
  teacherLogits: Tensor,
  { temperature = 1, weights }: DistillationOptions = {},
): Tensor {
  if (studentLogits.shape.length !== 2 || !sameShape(studentLogits.shape, teacherLogits.shape)) {
    throw new ShapeError(
      `distillation: student ${formatType(studentLogits)}, teacher ${
        formatType(teacherLogits)
      }; give logits [N, C] of both, reshape leading axes into rows first`,
    );
  }
  if (!(temperature > 0 && temperature < Infinity)) {
    throw new ShapeError(`distillation: temperature is ${temperature}; give a positive number, such as 2`);
  }
  if (weights) checkWeights("distillation", studentLogits, weights);
  const logp = stopGradient(logSoftmax(o.mul(teacherLogits, 1 / temperature)));
  const logq = logSoftmax(o.mul(studentLogits, 1 / temperature));
  const p = o.exp(logp);
  const divergence = o.sum(o.where(o.equal(p, 0), 0, o.mul(p, o.sub(logp, logq))), 1);
  const rows = weights ? weightedMean(divergence, undefined, weights) : o.mean(divergence);
  return o.mul(rows, temperature ** 2);
}

/** States of one layer, of the student and of the layer of the teacher that it is to follow. */
export interface HiddenStates {
  /** f32 `[..., H]`. */
  readonly student: Tensor;
  /** f32 of the same shape; of a teacher of another width, its image under a learned `linear`. */
  readonly teacher: Tensor;
  /** Weight of this layer against others, 0 or more; 1. */
  readonly weight?: number;
}

/**
 * Hidden-state distillation (Jiao et al. 2020, "TinyBERT: Distilling BERT for natural language understanding", arXiv
 * 1909.10351, equation 8): the mean squared error between states of student and teacher, over all H features of the
 * tokens that count, averaged over the layers by their weights. No gradient reaches the teacher.
 *
 * @param layers chosen pairs of layers, at least one.
 * @param options `mask`: `[...]`, the shape of the states but their last axis, 0 for tokens that do not count (padding),
 *   such as an attention mask; all count by default. Where none counts the loss is 0.
 * @returns rank-0 f32.
 * @throws {ShapeError} when the shapes do not fit, there is no layer, or weights are negative or all 0.
 */
export function hiddenDistillation(
  layers: readonly HiddenStates[],
  { mask }: { readonly mask?: Tensor } = {},
): Tensor {
  const total = layers.reduce((sum, { weight = 1 }) => sum + weight, 0);
  if (!(total > 0 && total < Infinity) || layers.some(({ weight = 1 }) => weight < 0)) {
    const weights = layers.map(({ weight = 1 }) => weight).join(", ");
    throw new ShapeError(`hiddenDistillation: weights of layers are [${weights}]; give one positive at least`);
  }
  const losses = layers.map(({ student, teacher, weight = 1 }) => {
    const outer = student.shape.slice(0, -1), width = student.shape.at(-1);
    if (width === undefined || !sameShape(student.shape, teacher.shape) || (mask && !sameShape(mask.shape, outer))) {
      throw new ShapeError(
        `hiddenDistillation: student ${formatType(student)}, teacher ${formatType(teacher)}${
          mask ? `, mask ${formatType(mask)}` : ""
        }; give states [..., H] of both and a mask of their leading axes`,
      );
    }
    const rows = (x: Tensor): Tensor => o.reshape(x, [sizeOf({ shape: outer }), width]);
    const counting = mask && { weights: o.cast(o.notEqual(o.reshape(mask, [-1]), 0), "f32") };
    return o.mul(mse(rows(student), stopGradient(rows(teacher)), counting), weight / total);
  });
  return losses.reduce((a, b) => o.add(a, b));
}

/** What a distilled loss is made of. */
export interface DistilledLossParts {
  /** Loss on the labels, rank 0. */
  readonly hard: Tensor;
  /** f32 `[N, C]` of the student. */
  readonly student: Tensor;
  /** f32 `[N, C]` of the teacher. */
  readonly teacher: Tensor;
  /** Weight of each row for the soft targets, f32 `[N]`; 1. */
  readonly weights?: Tensor;
  /** Layers to follow; none. */
  readonly hidden?: readonly HiddenStates[];
  /** Tokens that count in them, see {@linkcode hiddenDistillation}. */
  readonly mask?: Tensor;
}

/** How the parts are mixed. */
export interface DistilledLossOptions {
  /** Share of the labels against the teacher's answers, in [0, 1]; 0.5. 1 leaves out the soft targets, 0 the labels. */
  readonly hardness?: number;
  /** T of the soft targets; 2. */
  readonly temperature?: number;
  /** Weight of the hidden states; 1. */
  readonly hiddenWeight?: number;
}

/**
 * The loss of a student that has labels and a teacher:
 *
 *     hardness * hard + (1 - hardness) * distillation(student, teacher, T) + hiddenWeight * hiddenDistillation(hidden)
 *
 * Parts of weight 0 are left out, so that neither they nor the teacher behind them cost anything.
 *
 * @returns rank-0 f32.
 * @throws {ShapeError} when a weight is out of range, or as the parts do.
 */
export function distilledLoss(
  { hard, student, teacher, weights, hidden = [], mask }: DistilledLossParts,
  { hardness = 0.5, temperature = 2, hiddenWeight = 1 }: DistilledLossOptions = {},
): Tensor {
  if (!(hardness >= 0 && hardness <= 1)) {
    throw new ShapeError(`distilledLoss: hardness is ${hardness}; it is the share of the labels, 0 to 1`);
  }
  if (!(hiddenWeight >= 0 && hiddenWeight < Infinity)) {
    throw new ShapeError(`distilledLoss: hiddenWeight is ${hiddenWeight}; give 0 or more`);
  }
  const parts: Tensor[] = [];
  if (hardness > 0) parts.push(o.mul(hard, hardness));
  if (hardness < 1) {
    const soft = distillation(student, teacher, { temperature, ...(weights ? { weights } : {}) });
    parts.push(o.mul(soft, 1 - hardness));
  }
  if (hidden.length && hiddenWeight > 0) {
    parts.push(o.mul(hiddenDistillation(hidden, mask ? { mask } : {}), hiddenWeight));
  }
  return parts.reduce((a, b) => o.add(a, b));
}
