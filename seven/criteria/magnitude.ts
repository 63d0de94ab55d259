/**
 * Magnitude (Han et al. 2015, "Learning both weights and connections for efficient neural networks", arXiv 1506.02626).
 *
 *     S = |theta|
 *
 * The oldest criterion, and the one to beat. Needs weights only; no state, no settings. In one shot it is `magnitude`,
 * on the cubic schedule `gradual-magnitude` (Zhu and Gupta 2017, arXiv 1710.01878).
 *
 * @module
 */
import { abs } from "../../engine/mod.ts";
import { type Criterion, mapNamed, stateless } from "./criterion.ts";

/** Keeps the weights of greatest magnitude. Needs no data and has no state. */
export function magnitude(): Criterion {
  return {
    name: "magnitude",
    needs: ["weights"],
    weights: "zeroed",
    returns: false,
    ...stateless,
    score: ({ weights }) => mapNamed(weights, abs),
  };
}
