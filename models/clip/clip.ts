/**
 * CLIP (Radford et al. 2021, "Learning transferable visual models from natural language supervision", arXiv 2103.00020)
 * as pure functions over the checkpoint's own names, as Hugging Face writes them: embeddings of texts and images in one
 * space.
 *
 * Dropout happens only where a random key is given: without one these functions are those of evaluation.
 *
 * @module
 */
import {
  add,
  and,
  argmax,
  broadcastTo,
  cast,
  concat,
  div,
  embedding,
  equal,
  exp,
  formatType,
  iota,
  lessEqual,
  linear,
  matmul,
  maximum,
  mul,
  notEqual,
  patchEmbedding,
  reshape,
  ShapeError,
  slice,
  sqrt,
  square,
  sum,
  take,
  type Tensor,
  transpose,
  where,
} from "../../engine/mod.ts";
import type { ClipConfig } from "./config.ts";
import { clipEncoder, type ClipOptions } from "./tower.ts";
import { type Layers, layersOf, type Params } from "../layers.ts";

/** What the tower of texts may be told. */
export interface ClipTextOptions extends ClipOptions {
  /**
   * 1 at tokens and 0 where a text is filled up, u32 `[texts, tokens]`. Needed only where filling comes before the end
   * of a text: no token sees what comes after it.
   */
  readonly mask?: Tensor;
}

/**
 * Embeddings of texts: what the tower says at the token that ends each text, projected, of length 1.
 *
 * @param params parameters by checkpoint name.
 * @param config the checkpoint's configuration.
 * @param ids token ids, u32 `[texts, tokens]`, each text with its end token; what comes after it does not matter.
 * @param options dropout; padding; what to look at on the way.
 * @returns f32 `[texts, projection_dim]`.
 * @throws {ShapeError} when ids are no such tensor, or there are more tokens than positions.
 */
export function clipText(params: Params, config: ClipConfig, ids: Tensor, options: ClipTextOptions = {}): Tensor {
  const { get } = layersOf(params, "clip", config.text_config.layer_norm_eps);
  return unitLength(linear(clipTextPooled(params, config, ids, options), get("text_projection.weight")));
}

/**
 * What the tower of texts says at the token that ends each text, as `pooler_output` of Hugging Face.
 *
 * @returns f32 `[texts, hidden]`; otherwise as {@linkcode clipText}.
 */
export function clipTextPooled(
  params: Params,
  config: ClipConfig,
  ids: Tensor,
  { mask, ...options }: ClipTextOptions = {},
): Tensor {
  const text = config.text_config;
  const [texts, tokens] = ids.shape as [number, number];
  if (ids.shape.length !== 2 || tokens > text.max_position_embeddings) {
    throw new ShapeError(
      `clip: ids ${formatType(ids)}; give [texts, tokens] of at most ${text.max_position_embeddings} tokens`,
    );
  }
  const layers = layersOf(params, "clip", text.layer_norm_eps);
  const positions = slice(layers.get("text_model.embeddings.position_embedding.weight"), 0, 0, tokens);
  const embedded = add(embedding(layers.get("text_model.embeddings.token_embedding.weight"), ids), positions);
  const square = [1, 1, tokens, tokens];
  const before = lessEqual(iota(square, 3), iota(square, 2));
  const seen = mask ? and(before, reshape(notEqual(mask, 0), [texts, 1, 1, tokens])) : before;
  const hidden = clipEncoder(layers, "text_model", text, embedded, { ...options, mask: seen, site: 0 });
  // One element of each column is not masked, so the sum picks it; its gradient needs no scatter.
  const end = equal(iota([texts, tokens], 1), reshape(endOfText(ids, text.eos_token_id), [texts, 1]));
  const pooled = sum(where(reshape(end, [texts, tokens, 1]), hidden, 0), 1);
  return layers.norm(pooled, "text_model.final_layer_norm");
}

/** Where each text ends, u32 `[texts]`: the first end token, or 0 where there is none. */
function endOfText(ids: Tensor, eos: number): Tensor {
  // Checkpoints with 2 were trained with the greatest id of their vocabulary as the end, and say 2 by mistake.
  return argmax(eos === 2 ? ids : cast(equal(ids, eos), "u32"));
}

/**
 * Embeddings of images: what the tower says at the class token, projected, of length 1.
 *
 * @param params parameters by checkpoint name.
 * @param config the checkpoint's configuration.
 * @param images f32 `[images, channels, height, width]`, normalised as the checkpoint's preprocessor says.
 * @param options dropout; what to look at on the way.
 * @returns f32 `[images, projection_dim]`.
 * @throws {ShapeError} when the images are of another size than the model's.
 */
export function clipImage(params: Params, config: ClipConfig, images: Tensor, options: ClipOptions = {}): Tensor {
  const { get } = layersOf(params, "clip", config.vision_config.layer_norm_eps);
  const pooled = clipImagePooled(params, config, clipImageEncoder(params, config, images, options));
  return unitLength(linear(pooled, get("visual_projection.weight")));
}

/**
 * Hidden states of images: the class token, then patches row by row, as `last_hidden_state` of Hugging Face.
 *
 * @returns f32 `[images, tokens, hidden]`, not normalised; otherwise as {@linkcode clipImage}.
 */
export function clipImageEncoder(
  params: Params,
  config: ClipConfig,
  images: Tensor,
  options: ClipOptions = {},
): Tensor {
  const vision = config.vision_config;
  const { image_size: size, num_channels, hidden_size } = vision;
  if (images.shape.length !== 4 || images.shape.slice(1).join() !== [num_channels, size, size].join()) {
    throw new ShapeError(
      `clip: images ${formatType(images)}; give [images, ${num_channels}, ${size}, ${size}], or take a ` +
        "configuration of that image_size and fit the checkpoint's positions to it with clipParams",
    );
  }
  const layers = layersOf(params, "clip", vision.layer_norm_eps);
  const embedded = imageEmbeddings(layers, images, hidden_size);
  return clipEncoder(layers, "vision_model", vision, layers.norm(embedded, "vision_model.pre_layrnorm"), {
    ...options,
    site: config.text_config.num_hidden_layers,
  });
}

function imageEmbeddings({ get }: Layers, images: Tensor, width: number): Tensor {
  const patches = patchEmbedding(images, get("vision_model.embeddings.patch_embedding.weight"));
  const first = broadcastTo(get("vision_model.embeddings.class_embedding"), [images.shape[0]!, 1, width]);
  return add(concat([first, patches], 1), get("vision_model.embeddings.position_embedding.weight"));
}

/**
 * What the tower of images says at the class token, as `pooler_output` of Hugging Face.
 *
 * @param hidden f32 `[images, tokens, hidden]`, of {@linkcode clipImageEncoder}.
 * @returns f32 `[images, hidden]`.
 */
export function clipImagePooled(params: Params, config: ClipConfig, hidden: Tensor): Tensor {
  const { norm } = layersOf(params, "clip", config.vision_config.layer_norm_eps);
  return norm(take(hidden, 1, 0), "vision_model.post_layernorm");
}

/**
 * How well each image and each text go together: cosines times the exponential of `logit_scale`.
 *
 * @param params parameters by checkpoint name, of which only `logit_scale` is read.
 * @param images f32 `[images, projection_dim]`, of {@linkcode clipImage}.
 * @param texts f32 `[texts, projection_dim]`, of {@linkcode clipText}.
 * @returns f32 `[images, texts]`, as `logits_per_image` of Hugging Face.
 */
export function clipLogits(params: Params, images: Tensor, texts: Tensor): Tensor {
  const scale = exp(layersOf(params, "clip", 0).get("logit_scale"));
  return mul(matmul(images, transpose(texts)), scale);
}

/** Rows of length 1. A row of zeros stays one, with a gradient that is finite. */
export function unitLength(x: Tensor): Tensor {
  return div(x, sqrt(maximum(sum(square(x), -1, { keep: true }), 1e-24)));
}
