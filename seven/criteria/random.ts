/**
 * Random: the control that every criterion must beat.
 *
 *     S ~ U[0, 1)
 *
 * drawn anew at each pruning step from the step's random key (Gale, Elsen and Hooker 2019, "The state of sparsity in
 * deep neural networks", arXiv 1902.09574, and Su et al. 2020, arXiv 2009.11094, compare with it). Needs nothing; no
 * state, no settings. In one shot over all weights it is `random`, in each tensor `random-layerwise`.
 *
 * @module
 */
import { cast, foldIn, keepTopK, sum, type Tensor, uniform } from "../../engine/mod.ts";
import { type Criterion, mapNamed, type Named, stateless } from "./criterion.ts";

/** Keeps weights drawn uniformly from all prunable ones, by the step's random key. */
export function random(): Criterion {
  return {
    name: "random",
    needs: [],
    weights: "zeroed",
    returns: false,
    ...stateless,
    score: ({ weights, key }) => uniformScores(weights, key),
  };
}

function uniformScores(like: Named<Tensor>, key: Tensor): Record<string, Tensor> {
  let site = 0;
  return mapNamed(like, ({ shape }) => uniform(foldIn(key, site++), shape));
}

/**
 * The layer-wise shuffled mask (Su et al. 2020, "Sanity-checking pruning methods", arXiv 2009.11094): as many weights in every tensor as
 * `masks` keep, drawn at random. A criterion that does no better than this has found densities of layers, not weights.
 *
 * @param masks bool, by name.
 * @param key u32[2].
 */
export function shuffleMasks(masks: Named<Tensor>, key: Tensor): Record<string, Tensor> {
  const scores = uniformScores(masks, key);
  return mapNamed(masks, (mask, name) => keepTopK({ [name]: scores[name]! }, sum(cast(mask, "u32")))[name]!);
}
