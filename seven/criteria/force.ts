/**
 * FORCE (de Jorge et al. 2021, "Progressive skeletonization: trimming more fat from a network at initialization", arXiv
 * 2006.09081).
 *
 *     S = |theta g(theta * M)|
 *
 * The gradient is taken at the sparse network, the weight from the dense one: a weight that was pruned is scored by what
 * it would bring to the sparse network, and may return.
 *
 * Needs weights and gradients; no state, no settings. `force` takes the exponential schedule of the paper.
 *
 * @module
 */
import { snip } from "./snip.ts";
import type { Criterion } from "./criterion.ts";

/** SNIP's score of dense weights at the sparse network. Pruned weights rest: they keep their value while masked. */
export function force(): Criterion {
  return { ...snip(), name: "force", weights: "kept", returns: true, learns: "masked" };
}
