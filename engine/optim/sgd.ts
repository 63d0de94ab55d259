/**
 * Stochastic gradient descent with momentum, as `torch.optim.SGD`.
 *
 * @module
 */
import type { Tensor } from "../graph/node.ts";
import { add, mul, sub } from "../ops.ts";
import { decayOf, type Optimizer, perParameter, scalarInput, type WeightDecayOptions } from "./optimizer.ts";

/** Options of {@linkcode sgd}. */
export interface SgdOptions extends WeightDecayOptions {
  /** Share of the last direction that goes on; 0 keeps no state. */
  readonly momentum?: number;
  /** Share of the gradient that does not enter the momentum (never at the first step, as in PyTorch); 0. */
  readonly dampening?: number;
  /** Look ahead by one more momentum step (Sutskever et al. 2013). */
  readonly nesterov?: boolean;
}

/**
 * `d = grad + weightDecay * p; b = momentum * b + (1 - dampening) * d; p -= learningRate * b`.
 *
 * @throws {RangeError} for Nesterov without momentum or with dampening.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0, dampening = 0, nesterov = false } = options;
  if (nesterov && (momentum <= 0 || dampening !== 0)) {
    throw new RangeError(
      `sgd: nesterov with momentum ${momentum}, dampening ${dampening}; it needs a momentum above 0 and no dampening`,
    );
  }
  const decay = decayOf(options);
  const decayed = (name: string, grad: Tensor, param: Tensor) =>
    decay(name) === 0 ? grad : add(grad, mul(param, decay(name)));
  if (momentum === 0) {
    return perParameter("sgd", [], (_, learningRate) => ({ learningRate }), ({ name, grad, param }, kept, scalars) => ({
      param: sub(param, mul(decayed(name, grad, param), scalarInput("sgd", scalars, "learningRate"))),
      kept,
    }));
  }
  return perParameter(
    "sgd",
    ["momentum"],
    (step, learningRate) => ({ learningRate, gradientShare: step === 1 ? 1 : 1 - dampening }),
    ({ name, grad, param }, kept, scalars) => {
      const direction = decayed(name, grad, param);
      const share = dampening === 0 ? direction : mul(direction, scalarInput("sgd", scalars, "gradientShare"));
      const buffer = add(mul(kept.momentum, momentum), share);
      const taken = nesterov ? add(direction, mul(buffer, momentum)) : buffer;
      return {
        param: sub(param, mul(taken, scalarInput("sgd", scalars, "learningRate"))),
        kept: { momentum: buffer },
      };
    },
  );
}
