/**
 * The encoder of a tower of CLIP: layers that normalise before attention and before the feed-forward part.
 *
 * @module
 */
import { activation, add, type Tensor } from "../../engine/mod.ts";
import type { ClipTowerConfig } from "./config.ts";
import type { ClipTower } from "./names.ts";
import { type Layers, selfAttention } from "../layers.ts";

/** What a tower may be told. */
export interface ClipOptions {
  /** Random key of the step, u32 `[2]`, that serves nothing else; without it there is no dropout. */
  readonly key?: Tensor;
  /**
   * Sees the hidden states `[batch, tokens, hidden]` of a tower on their way: what its first layer reads with number 0,
   * then those of each layer, from 1 on. The order of `output_hidden_states` of Hugging Face.
   */
  readonly onLayer?: (hidden: Tensor, layer: number) => void;
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
  { key, mask, site, onLayer }: ClipEncoderOptions,
): Tensor {
  const { dense, norm } = layers;
  const act = activation(config.hidden_act);
  let x = embedded;
  onLayer?.(x, 0);
  for (let i = 0; i < config.num_hidden_layers; i++) {
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
    x = add(x, dense(heard, `${layer}.self_attn.out_proj`));
    x = add(x, dense(act(dense(norm(x, `${layer}.layer_norm2`), `${layer}.mlp.fc1`)), `${layer}.mlp.fc2`));
    onLayer?.(x, i + 1);
  }
  return x;
}
