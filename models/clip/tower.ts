/**
 * The encoder of a tower of CLIP: layers that normalise before attention and before the feed-forward part.
 *
 * @module
 */
import { activation, add, type Tensor } from "../../engine/mod.ts";
import type { ClipTowerConfig } from "./config.ts";
import type { ClipTower } from "./names.ts";
import { type Layers, layerStack, selfAttention, type StackOptions } from "../layers.ts";

/** What a tower may be told. */
export interface ClipOptions extends StackOptions {
  /** Random key of the step, u32 `[2]`, that serves nothing else; without it there is no dropout. */
  readonly key?: Tensor;
}

/** How one tower's encoder is run. */
export interface ClipEncoderOptions extends ClipOptions {
  /** Where attention may look, bool of rank 4; everywhere by default. */
  readonly mask?: Tensor;
  /** Number of the place where the first layer's dropout draws; one for each layer. */
  readonly site: number;
}

/**
 * The encoder layers of a tower.
 *
 * @param layers the model's layers.
 * @param tower whose.
 * @param config its configuration.
 * @param embedded f32 `[batch, tokens, hidden]`.
 * @returns f32 `[batch, tokens, hidden]`.
 */
export function clipEncoder(
  layers: Layers,
  tower: ClipTower,
  config: ClipTowerConfig,
  embedded: Tensor,
  { key, mask, site, ...stack }: ClipEncoderOptions,
): Tensor {
  const { dense, norm } = layers;
  const act = activation(config.hidden_act);
  return layerStack(embedded, config.num_hidden_layers, (x, i) => {
    const layer = `${tower}.encoder.layers.${i}`;
    const heard = selfAttention(layers, norm(x, `${layer}.layer_norm1`), {
      query: `${layer}.self_attn.q_proj`,
      key: `${layer}.self_attn.k_proj`,
      value: `${layer}.self_attn.v_proj`,
      heads: config.num_attention_heads,
      attention: {
        ...(mask ? { mask } : {}),
        ...(key ? { dropout: { rate: config.attention_dropout, key, site: site + i } } : {}),
      },
    });
    const attended = add(x, dense(heard, `${layer}.self_attn.out_proj`));
    const inner = act(dense(norm(attended, `${layer}.layer_norm2`), `${layer}.mlp.fc1`));
    return add(attended, dense(inner, `${layer}.mlp.fc2`));
  }, stack);
}
