/**
 * SNIP (Lee et al. 2019, "SNIP: Single-shot network pruning based on connection sensitivity", arXiv 1810.02340).
 *
 *     S = |theta g|
 *
 * the effect on the loss of removing a connection, to first order, from one mini-batch. The published score is divided
 * by its sum, which does not change the order. With a schedule of several steps it is iterative SNIP (de Jorge et al.
 * 2021, arXiv 2006.09081): recomputed on the pruned network, what was pruned never returns.
 *
 * Needs weights and gradients; no state, no settings. `snip` is one shot, `iterative-snip` takes the exponential
 * schedule.
 *
 * @module
 */
import { abs, mul } from "../../engine/mod.ts";
import { type Criterion, mapNamed, stateless } from "./criterion.ts";

/** Keeps the weights of greatest sensitivity |theta g| on the current batch. */
export function snip(): Criterion {
  return {
    name: "snip",
    needs: ["weights", "gradients"],
    weights: "zeroed",
    returns: false,
    ...stateless,
    score: ({ weights, grads }) => mapNamed(weights, (theta, name) => abs(mul(theta, grads[name]!))),
  };
}
