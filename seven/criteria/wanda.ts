/**
 * Wanda (Sun et al. 2023, "A simple and effective pruning approach for large language models", arXiv 2306.11695).
 *
 *     S_ij = |theta_ij| ||X_j||_2
 *
 * X_j is input j of the weight's linear layer over all rows of the calibration batches, whose squares are summed batch
 * by batch; the weights of each output row compete with each other (scope "row"). It needs no gradient. All rows count,
 * those that only fill up a batch too, and those of all micro-batches of a step. Activations are those of the network as it is at each update.
 *
 * Needs weights and activations. State: the sum of squares of each input; no settings. `wanda` is one shot.
 *
 * @module
 */
import { abs, add, mul, reshape, sizeOf, sqrt, square, sum, type Tensor, zeros } from "../../engine/mod.ts";
import { OptionError } from "../schedule.ts";
import { type Criterion, type CriterionContext, type CriterionState, mapNamed } from "./criterion.ts";

/**
 * Keeps large weights of strong inputs. State: the sum of squares of each input.
 *
 * Scoring fails for weights that are no linear layer's, see {@linkcode CriterionContext.inputOf}.
 */
export function wanda(): Criterion {
  return {
    name: "wanda",
    needs: ["weights", "activations"],
    weights: "zeroed",
    returns: false,
    init: (types) => ({
      squares: mapNamed(types, (type, name) => {
        const [rows] = type.shape;
        if (type.shape.length < 2) {
          throw new OptionError(`wanda: ${name} has the shape [${type.shape}]; it prunes weights [out, in] only`);
        }
        return zeros({ shape: [sizeOf(type) / rows!], dtype: "f32" });
      }),
    }),
    scalars: () => ({}),
    update: take,
    gather: take,
    score: ({ weights }, { squares }) =>
      mapNamed(weights, (theta, name) => {
        const norm = sqrt(squares![name]!);
        return reshape(mul(abs(reshape(theta, [theta.shape[0]!, -1])), norm), theta.shape);
      }),
  };
}

/** Adds the rows of a batch. */
function take({ inputOf }: CriterionContext, { squares }: CriterionState<Tensor>): CriterionState<Tensor> {
  return { squares: mapNamed(squares!, (before, name) => add(before, sum(square(inputOf(name)), 0))) };
}
