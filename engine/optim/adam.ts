/**
 * Adam (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1) and AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101), as
 * `torch.optim.Adam` and `torch.optim.AdamW`: eps is added to the root of the corrected second moment.
 *
 * @module
 */
import { add, div, mul, sqrt, square, sub } from "../ops.ts";
import { decayOf, type Optimizer, perParameter, scalarInput, type WeightDecayOptions } from "./optimizer.ts";

/** Options of {@linkcode adam}, {@linkcode adamw} and `adamax`. */
export interface AdamOptions extends WeightDecayOptions {
  /** Decay rate of the first moment; 0.9. */
  readonly beta1?: number;
  /** Decay rate of the second moment; 0.999. */
  readonly beta2?: number;
  /** Added to the denominator; 1e-8. */
  readonly eps?: number;
}

/** Adam; weight decay joins the gradient (it is L2 regularisation). */
export function adam(options: AdamOptions = {}): Optimizer {
  return adaptive("adam", options, false);
}

/** AdamW; weight decay shrinks the parameter by `learningRate * weightDecay`, apart from the gradient. Default 0.01. */
export function adamw(options: AdamOptions = {}): Optimizer {
  return adaptive("adamw", { weightDecay: 0.01, ...options }, true);
}

function adaptive(optimizer: string, options: AdamOptions, decoupled: boolean): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, eps = 1e-8 } = options;
  const decay = decayOf(options);
  return perParameter(
    optimizer,
    ["m", "v"],
    (step, learningRate) => ({
      learningRate,
      stepSize: learningRate / (1 - beta1 ** step),
      rootCorrection: 1 / Math.sqrt(1 - beta2 ** step),
    }),
    ({ name, grad, param }, kept, scalars) => {
      const scalar = (key: string) => scalarInput(optimizer, scalars, key);
      const rate = decay(name);
      const g = rate !== 0 && !decoupled ? add(grad, mul(param, rate)) : grad;
      const m = add(mul(kept.m, beta1), mul(g, 1 - beta1));
      const v = add(mul(kept.v, beta2), mul(square(g), 1 - beta2));
      const denominator = add(mul(sqrt(v), scalar("rootCorrection")), eps);
      // The decay is subtracted: in f32, 1 - learningRate * weightDecay would lose most of its digits.
      const start = rate !== 0 && decoupled ? sub(param, mul(param, mul(scalar("learningRate"), rate))) : param;
      return { param: sub(start, mul(div(m, denominator), scalar("stepSize"))), kept: { m, v } };
    },
  );
}
