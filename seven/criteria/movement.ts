/**
 * Movement pruning (Sanh et al. 2020, "Movement pruning: adaptive sparsity by fine-tuning", arXiv 2005.07683).
 *
 * Scores are parameters, learned with the model: the straight-through gradient of a score is theta * dL/d(theta * M), so
 *
 *     S = -sum of learningRate * theta * g
 *
 * in the plain form, here with Adam as published. Weights that move away from 0 are kept, whatever their size. Pruned
 * weights keep their value, their score goes on learning, and they may return.
 *
 * The soft form keeps the weights with sigmoid(S) above a threshold that rises with the sparsity, and adds to the loss
 *
 *     penalty * mean over matrices of mean(sigmoid(S))
 *
 * whose weight rises with it. Needs weights and gradients. State: the score and Adam's two averages of it. Defaults:
 * `learningRate` 0.01 for the scores; in the soft form `threshold` 0.1, `penalty` 400, `leastDensity` 0.005. `movement`
 * takes the cubic schedule and the best of each matrix, `soft-movement` lets the threshold follow the cubic schedule.
 *
 * @module
 */
import {
  adam,
  add,
  constant,
  greater,
  keepTopK,
  mul,
  or,
  sigmoid,
  sizeOf,
  sub,
  type Tensor,
  zeros,
} from "../../engine/mod.ts";
import { type Criterion, type CriterionContext, type CriterionState, mapNamed, type Named } from "./criterion.ts";

/** Settings of both forms. */
export interface MovementOptions {
  /** Learning rate of the scores; 0.01. */
  readonly learningRate?: number;
}

/** Settings of the soft form. */
export interface SoftMovementOptions extends MovementOptions {
  /** Threshold on sigmoid(score) at the end; 0.1. It rises as the sparsity schedule does. */
  readonly threshold?: number;
  /** Weight of the penalty mean(sigmoid(score)) at the end; 400. It rises as the threshold does. */
  readonly penalty?: number;
  /** Least share of every matrix that stays; 0.005. */
  readonly leastDensity?: number;
}

const optimizer = adam();

/** Hard movement pruning: keeps the weights of greatest learned score. */
export function movement({ learningRate = 1e-2 }: MovementOptions = {}): Criterion {
  return {
    name: "movement",
    needs: ["weights", "gradients"],
    weights: "kept",
    returns: true,
    learns: "masked",
    init: (types) => ({ ...optimizer.init(types), score: mapNamed(types, zeros) }),
    scalars: ({ update }) => optimizer.scalars(update, learningRate),
    update: (context, state) =>
      learn(context, state, mapNamed(context.weights, (w, name) => mul(w, context.grads[name]!))),
    score: (_, { score }) => ({ ...score }),
  };
}

/**
 * Soft movement pruning: keeps what exceeds a rising threshold on sigmoid(score), under a rising penalty on all scores.
 * The sparsity that comes out is not exactly the one asked for.
 */
export function softMovement(options: SoftMovementOptions = {}): Criterion {
  const { threshold = 0.1, penalty = 400, leastDensity = 0.005 } = options;
  const hard = movement(options);
  return {
    ...hard,
    name: "soft-movement",
    scalars(progress) {
      const share = progress.target > 0 ? progress.sparsity / progress.target : 0;
      return { ...hard.scalars(progress), threshold: threshold * share, penalty: penalty * share };
    },
    update(context, state) {
      // The penalty is the mean over matrices of the mean of sigmoid(score); its gradient is sigmoid (1 - sigmoid).
      const matrices = Object.keys(context.weights).length;
      const grads = mapNamed(context.weights, (weight, name) => {
        const s = sigmoid(state.score![name]!);
        const slope = mul(mul(s, sub(1, s)), 1 / (sizeOf(weight) * matrices));
        return add(mul(weight, context.grads[name]!), mul(slope, context.scalars.penalty!));
      });
      return learn(context, state, grads);
    },
    masks({ scalars }, { score }) {
      return mapNamed(score!, (s, name) => {
        const least = constant(Math.ceil(leastDensity * sizeOf(s)), [], "u32");
        return or(greater(sigmoid(s), scalars.threshold!), keepTopK({ [name]: s }, least)[name]!);
      });
    },
  };
}

function learn(
  { scalars }: CriterionContext,
  { score, ...averages }: CriterionState<Tensor>,
  grads: Named<Tensor>,
): CriterionState<Tensor> {
  const next = optimizer.update(grads, averages, score!, scalars);
  return { ...next.state, score: next.params };
}
