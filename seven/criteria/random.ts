/**
 * Random: the control that every criterion must beat.
 *
 * @module
 */
import { foldIn, uniform } from "../../engine/mod.ts";
import type { Criterion } from "./criterion.ts";

/** Keeps weights drawn uniformly from all prunable ones, by the step's random key. */
export function random(): Criterion {
  return {
    name: "random",
    needs: [],
    weights: "zeroed",
    init: () => ({}),
    scalars: () => ({}),
    update: (_, state) => state,
    score: ({ weights, key }) =>
      Object.fromEntries(
        Object.entries(weights).map(([name, theta], site) => [name, uniform(foldIn(key, site), theta.shape)]),
      ),
  };
}
