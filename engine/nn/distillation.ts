/**
 * Knowledge distillation: learning from what another network answers, not from labels alone.
 *
 * @module
 */
import { formatType, sameShape, ShapeError, type Tensor } from "../graph/node.ts";
import { stopGradient } from "../grad.ts";
import * as o from "../ops.ts";
import { checkWeights, weightedMean } from "./loss.ts";
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
