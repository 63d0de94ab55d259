/**
 * Embeddings of sentences by an encoder of tokens, as Sentence-BERT makes them (Reimers and Gurevych 2019, arXiv
 * 1908.10084): the mean over the tokens, for all-MiniLM and its like scaled to length 1. How close two sentences are in
 * meaning is then the cosine of the angle between their embeddings.
 *
 * @module
 */
import {
  cast,
  div,
  formatType,
  maximum,
  mul,
  notEqual,
  reshape,
  rsqrt,
  ShapeError,
  square,
  sum,
  type Tensor,
  where,
} from "../engine/mod.ts";
import { bertEncoder, type BertInputs, type BertOptions } from "./bert/bert.ts";
import type { BertConfig } from "./bert/config.ts";
import type { Params } from "./layers.ts";

/** Square of the least length that a vector is divided by: 1e-12, as in `torch.nn.functional.normalize`. */
const leastSquare = 1e-24;

/**
 * Mean of hidden states over the tokens of each sequence. Padding is not looked at.
 *
 * @param hidden f32 `[batch, tokens, width]`.
 * @param mask 1 at tokens and 0 where a sequence is filled up, u32 `[batch, tokens]`.
 * @returns f32 `[batch, width]`; 0 for a sequence without tokens.
 * @throws {ShapeError} when the shapes do not fit.
 */
export function meanPool(hidden: Tensor, mask: Tensor): Tensor {
  if (hidden.shape.length !== 3 || mask.shape.join() !== hidden.shape.slice(0, 2).join()) {
    throw new ShapeError(
      `meanPool: hidden ${formatType(hidden)}, mask ${
        formatType(mask)
      }; give [batch, tokens, width] and [batch, tokens]`,
    );
  }
  const seen = reshape(notEqual(mask, 0), [...mask.shape, 1]);
  const count = sum(cast(seen, hidden.dtype), 1);
  return div(sum(where(seen, hidden, 0), 1), maximum(count, 1));
}

/**
 * Vectors of length 1 in the direction of those given.
 *
 * @param x f32 `[..., width]`.
 * @returns f32 of the same shape; 0 stays 0.
 */
export function unitVectors(x: Tensor): Tensor {
  return mul(x, rsqrt(maximum(sum(square(x), -1, { keep: true }), leastSquare)));
}

/**
 * Embeddings of sentences: encoder, mean over the tokens, length 1.
 *
 * @param params Parameters of a BERT by checkpoint name, of any head or of none.
 * @param config The checkpoint's configuration.
 * @param inputs The sentences, one a row.
 * @param options Dropout; what to look at on the way.
 * @returns f32 `[batch, hidden]`, every row of length 1.
 * @throws {ShapeError} when inputs differ in shape, or have more tokens than there are positions.
 */
export function sentenceEmbeddings(
  params: Params,
  config: BertConfig,
  inputs: BertInputs,
  options: BertOptions = {},
): Tensor {
  return unitVectors(meanPool(bertEncoder(params, config, inputs, options), inputs.mask));
}

/**
 * Cosine of the angle between vectors, row by row.
 *
 * @param a f32 `[..., width]`, of any length.
 * @param b f32 of the same shape.
 * @returns f32 `[...]`, from -1 to 1 up to rounding; 0 where either vector is 0.
 * @throws {ShapeError} when the shapes differ.
 */
export function cosineSimilarity(a: Tensor, b: Tensor): Tensor {
  if (a.shape.join() !== b.shape.join()) {
    throw new ShapeError(`cosineSimilarity: ${formatType(a)} and ${formatType(b)}; give as many vectors of one width`);
  }
  return sum(mul(unitVectors(a), unitVectors(b)), -1);
}
