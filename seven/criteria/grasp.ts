/**
 * GraSP (Wang et al. 2020, "Picking winning tickets before training by preserving gradient flow", arXiv 2002.07376).
 *
 *     paper: S = -theta (H g), remove the greatest        here: S = theta (H g), keep the greatest
 *
 * with g the gradient and H the Hessian of the loss at logits / 200. H g is the gradient of <g, stop(g)>: a true
 * second-order product, by differentiating the gradient's graph.
 *
 * It is made for networks before training. In one that is trained, weights whose removal raises the gradient's norm most
 * are those that it cannot do without, so that what is left may be worth less than a random mask.
 *
 * Needs weights and a second derivative of the loss; no state. Default: `temperature` 200. `grasp` is one shot. Of a
 * step of several micro-batches it sees the last only: H g of all of them would take a second pass over them.
 *
 * @module
 */
import { add, grad, mul, stopGradient, sum, type Tensor } from "../../engine/mod.ts";
import { type Criterion, mapNamed, stateless } from "./criterion.ts";

/** Settings of the criterion. */
export interface GraspOptions {
  /** What logits are divided by; 200 in the released code. */
  readonly temperature?: number;
}

/** Keeps weights whose removal reduces the gradient's norm most, by the Hessian-gradient product. */
export function grasp({ temperature = 200 }: GraspOptions = {}): Criterion {
  return {
    name: "grasp",
    needs: ["weights", "gradients", "second order"],
    weights: "zeroed",
    returns: false,
    ...stateless,
    score({ weights, loss }) {
      const g = grad(loss(weights, temperature), weights as Record<string, Tensor>);
      const product = Object.values(g).map((one) => sum(mul(one, stopGradient(one)))).reduce((a, b) => add(a, b));
      const hg = grad(product, weights as Record<string, Tensor>);
      return mapNamed(weights, (theta, name) => mul(theta, hg[name]!));
    },
  };
}
