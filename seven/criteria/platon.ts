/**
 * PLATON (Zhang et al. 2022, "PLATON: Pruning large transformer models with upper confidence bound of weight
 * importance", arXiv 2206.12562).
 *
 *     I = mean over a window of |theta g|         J = beta1 J + (1 - beta1) I
 *     U = |I - J|                                 V = beta2 V + (1 - beta2) U          S = J V
 *
 * J is smoothed sensitivity, V its uncertainty: weights that fluctuate get the benefit of the doubt. Gradients stay
 * dense and masks are not stored, so a pruned weight may grow and return.
 *
 * Needs weights and gradients. State: the sum of the window, J and V. Defaults: `beta1` 0.85, `beta2` 0.95, `window` 10.
 * `platon` takes the cubic schedule and prunes at the end of every window.
 *
 * @module
 */
import { abs, add, constant, div, greater, mul, sub, type Tensor, where, zeros } from "../../engine/mod.ts";
import { OptionError } from "../schedule.ts";
import { type Criterion, mapNamed } from "./criterion.ts";

/** Settings of the criterion. */
export interface PlatonOptions {
  /** Decay of the sensitivity; 0.85. */
  readonly beta1?: number;
  /** Decay of the uncertainty; 0.95. Released scripts use 0.65 to 0.95. */
  readonly beta2?: number;
  /** Steps of a window; 10. Prune at the same interval. */
  readonly window?: number;
}

/** Keeps weights of great smoothed sensitivity times uncertainty. */
export function platon({ beta1 = 0.85, beta2 = 0.95, window = 10 }: PlatonOptions = {}): Criterion {
  for (const [name, value] of Object.entries({ beta1, beta2 })) {
    if (!(value >= 0 && value < 1)) throw new OptionError(`platon: ${name} ${value} is not in [0, 1)`);
  }
  if (!Number.isInteger(window) || window < 1) {
    throw new OptionError(`platon: window ${window} is not a positive integer`);
  }
  return {
    name: "platon",
    needs: ["weights", "gradients"],
    weights: "zeroed",
    returns: true,
    init: (types) => ({
      window: mapNamed(types, zeros),
      sensitivity: mapNamed(types, zeros),
      uncertainty: mapNamed(types, zeros),
    }),
    scalars: ({ update }) => ({ closes: update % window === 0 ? 1 : 0 }),
    update({ weights, grads, scalars }, state) {
      const next = { window: {}, sensitivity: {}, uncertainty: {} } as Record<string, Record<string, Tensor>>;
      const closes = greater(scalars.closes!, 0.5);
      for (const [name, theta] of Object.entries(weights)) {
        const [sum, j, v] = ["window", "sensitivity", "uncertainty"].map((key) => state[key]![name]!) as [
          Tensor,
          Tensor,
          Tensor,
        ];
        const importance = add(sum, div(abs(mul(theta, grads[name]!)), window));
        const smooth = add(mul(j, beta1), mul(importance, 1 - beta1));
        const doubt = add(mul(v, beta2), mul(abs(sub(importance, smooth)), 1 - beta2));
        next.window![name] = where(closes, constant(0, theta.shape), importance);
        next.sensitivity![name] = where(closes, smooth, j);
        next.uncertainty![name] = where(closes, doubt, v);
      }
      return next;
    },
    score: (_, { sensitivity, uncertainty }) => mapNamed(sensitivity!, (j, name) => mul(j, uncertainty![name]!)),
  };
}
