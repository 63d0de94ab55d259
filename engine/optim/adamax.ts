/**
 * AdaMax (Kingma and Ba 2015, arXiv 1412.6980, algorithm 2), as `torch.optim.Adamax`.
 *
 * @module
 */
import { abs, add, div, maximum, mul, sub } from "../ops.ts";
import type { AdamOptions } from "./adam.ts";
import { decayOf, type Optimizer, perParameter, scalarInput } from "./optimizer.ts";

/** Adam with the infinity norm: `u = max(beta2 * u, |g| + eps)`. Weight decay joins the gradient. */
export function adamax(options: AdamOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, eps = 1e-8 } = options;
  const decay = decayOf(options);
  return perParameter(
    "adamax",
    ["m", "u"],
    (step, learningRate) => ({ stepSize: learningRate / (1 - beta1 ** step) }),
    ({ name, grad, param }, kept, scalars) => {
      const rate = decay(name);
      const g = rate !== 0 ? add(grad, mul(param, rate)) : grad;
      const m = add(mul(kept.m, beta1), mul(g, 1 - beta1));
      const u = maximum(mul(kept.u, beta2), add(abs(g), eps));
      return { param: sub(param, mul(div(m, u), scalarInput("adamax", scalars, "stepSize"))), kept: { m, u } };
    },
  );
}
