/**
 * Magnitude: |theta|. The oldest criterion, and the one to beat.
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
