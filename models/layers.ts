/**
 * What transformers have in common: layers looked up by the checkpoint's own names.
 *
 * @module
 */
import {
  attention,
  type AttentionOptions,
  checkpoint,
  layerNorm,
  linear,
  permute,
  reshape,
  ShapeError,
  type Tensor,
} from "../engine/mod.ts";

/** Parameters by checkpoint name. */
export type Params = Readonly<Record<string, Tensor>>;

/** Layers of a model over its parameters. */
export interface Layers {
  /** The parameter of that name. @throws {ShapeError} when there is none. */
  get(name: string): Tensor;
  /** `x W^T + b` with `name.weight` `[out, in]` and, where there is one, `name.bias`. */
  dense(x: Tensor, name: string): Tensor;
  /** Layer normalisation of the last axis with `name.weight` and `name.bias`. */
  norm(x: Tensor, name: string): Tensor;
}

/**
 * Looks layers up in parameters.
 *
 * @param params Parameters by checkpoint name.
 * @param model Name of the model, for errors.
 * @param eps Added to the variance in norms.
 */
export function layersOf(params: Params, model: string, eps: number): Layers {
  const get = (name: string): Tensor => {
    const found = params[name];
    if (!found) throw new ShapeError(`${model}: no parameter "${name}"; load a checkpoint of this configuration`);
    return found;
  };
  return {
    get,
    dense: (x, name) => linear(x, get(`${name}.weight`), params[`${name}.bias`]),
    norm: (x, name) => layerNorm(x, get(`${name}.weight`), get(`${name}.bias`), eps),
  };
}

/** Names of the projections of an attention, and how many heads they are split into. */
export interface SelfAttentionOptions {
  /** Name of the projection to queries, and so on. */
  readonly query: string;
  /** Name of the projection to keys. */
  readonly key: string;
  /** Name of the projection to values. */
  readonly value: string;
  /** Heads. */
  readonly heads: number;
  /** Passed to the engine's `attention`: mask and dropout. */
  readonly attention?: AttentionOptions;
}

/**
 * Self-attention up to, not including, the output projection.
 *
 * @param layers The model's layers.
 * @param x f32 `[batch, tokens, width]`.
 * @param options Names, heads, mask.
 * @returns f32 `[batch, tokens, heads * head width]`.
 */
export function selfAttention(layers: Layers, x: Tensor, options: SelfAttentionOptions): Tensor {
  const [batch, tokens] = x.shape as [number, number, number];
  const split = (name: string): Tensor => {
    const y = layers.dense(x, name);
    return permute(reshape(y, [batch, tokens, options.heads, y.shape[2]! / options.heads]), [0, 2, 1, 3]);
  };
  const heard = attention(split(options.query), split(options.key), split(options.value), options.attention);
  return reshape(permute(heard, [0, 2, 1, 3]), [batch, tokens, -1]);
}

/** What a stack of layers may be told. */
export interface StackOptions {
  /** Sees the hidden states on their way: those that come in with number 0, then those of each layer from 1 on. */
  readonly onLayer?: (hidden: Tensor, layer: number) => void;
  /**
   * Whether the backward pass computes the inner values of each layer again instead of keeping them: less memory, for
   * one more forward pass.
   */
  readonly recompute?: boolean;
}

/**
 * Layers one after another.
 *
 * @param x Hidden states that come in.
 * @param count Number of layers.
 * @param layer Layer `i`, from 0.
 * @param options What to look at on the way; whether to recompute.
 * @returns Hidden states of the last layer.
 */
export function layerStack(
  x: Tensor,
  count: number,
  layer: (x: Tensor, i: number) => Tensor,
  { onLayer, recompute = false }: StackOptions = {},
): Tensor {
  onLayer?.(x, 0);
  let hidden = x;
  for (let i = 0; i < count; i++) {
    const run = (y: Tensor): Tensor => layer(y, i);
    hidden = recompute ? checkpoint(run)(hidden) : run(hidden);
    onLayer?.(hidden, i + 1);
  }
  return hidden;
}

/** Shapes of parameters by name, collected layer by layer. */
export interface ShapeList {
  /** The shapes so far. */
  readonly shapes: Record<string, readonly number[]>;
  /** Adds `name.weight` `[out, in]` and, unless told otherwise, `name.bias` `[out]`. */
  dense(name: string, out: number, into: number, bias?: boolean): void;
  /** Adds `name.weight` and `name.bias`, `[width]`. */
  norm(name: string, width: number): void;
}

/** Starts a list of shapes with those of no layer. */
export function shapeList(shapes: Record<string, readonly number[]> = {}): ShapeList {
  return {
    shapes,
    dense(name, out, into, bias = true) {
      shapes[`${name}.weight`] = [out, into];
      if (bias) shapes[`${name}.bias`] = [out];
    },
    norm(name, width) {
      shapes[`${name}.weight`] = [width];
      shapes[`${name}.bias`] = [width];
    },
  };
}
