/**
 * ViTForImageClassification (Dosovitskiy et al. 2021, "An image is worth 16x16 words") and its sibling with a
 * distillation token, DeiT (Touvron et al. 2021, "Training data-efficient image transformers"), as pure functions over
 * the checkpoint's own names, as Hugging Face writes them.
 *
 * Dropout happens only where a random key is given: without one these functions are those of evaluation.
 *
 * @module
 */
import {
  activation,
  add,
  broadcastTo,
  concat,
  dropout,
  formatType,
  mul,
  patchEmbedding,
  ShapeError,
  take,
  type Tensor,
} from "../../engine/mod.ts";
import { headsOf } from "../layer_sizes.ts";
import { layersOf, layerStack, type Params, selfAttention, type StackOptions } from "../layers.ts";
import { type ViTConfig, viTHeads, viTSpecialTokens } from "./config.ts";

export { isViTPrunable, type ViTConfig, viTConfig, viTHeads, viTShapes, viTSpecialTokens } from "./config.ts";

/** What the model may be told. The layers that are seen are those of `output_hidden_states` of Hugging Face. */
export interface ViTOptions extends StackOptions {
  /** Random key of the step, u32 `[2]`, that serves nothing else; without it there is no dropout. */
  readonly key?: Tensor;
}

/**
 * Class logits of images: what the class token's head says, or the mean of both heads of a distilled DeiT.
 *
 * @param params parameters by checkpoint name.
 * @param config the checkpoint's configuration.
 * @param images f32 [batch, channels, height, width], normalised as the checkpoint's preprocessor says.
 * @param options dropout; what to look at on the way.
 * @returns f32 [batch, num_labels].
 * @throws {ShapeError} when the images are of another size than the model's.
 */
export function viT(params: Params, config: ViTConfig, images: Tensor, options: ViTOptions = {}): Tensor {
  const logits = viTLogits(params, config, viTEncoder(params, config, images, options));
  return logits.length === 1 ? logits[0]! : mul(add(logits[0]!, logits[1]!), 0.5);
}

/**
 * Logits of each head: one, or two of a distilled DeiT (class token, distillation token), which learn from labels and
 * from a teacher's decisions: Touvron et al. 2021, equation 3.
 *
 * @param hidden f32 [batch, tokens, hidden], of {@linkcode viTEncoder}.
 * @returns f32 [batch, num_labels] for each name of {@linkcode viTHeads}.
 */
export function viTLogits(params: Params, config: ViTConfig, hidden: Tensor): readonly Tensor[] {
  const { norm, dense } = layersOf(params, config.model_type, config.layer_norm_eps);
  return viTHeads(config).map((head, token) =>
    dense(norm(take(hidden, 1, token), `${config.model_type}.layernorm`), head)
  );
}

/** Numbers of the places where dropout draws; three for each layer: attention weights, attention output, feed-forward. */
const sites = { embeddings: 0, layer: (i: number): number => 1 + 3 * i } as const;

/**
 * Hidden states of images: class token, distillation token with DeiT, patches row by row.
 *
 * @returns f32 [batch, tokens, hidden], before the last normalisation.
 * @throws {ShapeError} when the images are of another size than the model's.
 */
export function viTEncoder(
  params: Params,
  config: ViTConfig,
  images: Tensor,
  { key, ...stack }: ViTOptions = {},
): Tensor {
  const { model_type: model, image_size: size, num_channels } = config;
  if (images.shape.length !== 4 || images.shape.slice(1).join() !== [num_channels, size, size].join()) {
    throw new ShapeError(
      `${model}: images ${formatType(images)}; give [batch, ${num_channels}, ${size}, ${size}], or take a ` +
        "configuration of that image_size and fit the checkpoint's positions to it with viTParams",
    );
  }
  const layers = layersOf(params, model, config.layer_norm_eps);
  const { get, norm, dense } = layers;
  const drop = (y: Tensor, site: number): Tensor => key ? dropout(y, config.hidden_dropout_prob, key, site) : y;
  const projection = `${model}.embeddings.patch_embeddings.projection`;
  const patches = patchEmbedding(images, get(`${projection}.weight`), get(`${projection}.bias`));
  const special = ["cls_token", "distillation_token"].slice(0, viTSpecialTokens(config)).map((token) =>
    broadcastTo(get(`${model}.embeddings.${token}`), [images.shape[0]!, 1, config.hidden_size])
  );
  const embedded = add(concat([...special, patches], 1), get(`${model}.embeddings.position_embeddings`));

  const act = activation(config.hidden_act);
  return layerStack(drop(embedded, sites.embeddings), config.num_hidden_layers, (x, i) => {
    const layer = `${model}.encoder.layer.${i}`;
    const site = sites.layer(i);
    const heard = selfAttention(layers, norm(x, `${layer}.layernorm_before`), {
      query: `${layer}.attention.attention.query`,
      key: `${layer}.attention.attention.key`,
      value: `${layer}.attention.attention.value`,
      heads: headsOf(config, i),
      ...(key ? { attention: { dropout: { rate: config.attention_probs_dropout_prob, key, site } } } : {}),
    });
    const attended = add(x, drop(dense(heard, `${layer}.attention.output.dense`), site + 1));
    const inner = act(dense(norm(attended, `${layer}.layernorm_after`), `${layer}.intermediate.dense`));
    return add(attended, drop(dense(inner, `${layer}.output.dense`), site + 2));
  }, stack);
}
