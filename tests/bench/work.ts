/**
 * Workloads: what is computed, in words that every contender understands. Data travel in a safetensors file, so that
 * all compute on the same numbers.
 *
 * @module
 */

/** Sizes of a pre-LN transformer encoder over tokens. */
export interface EncoderSizes {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  /** Width of the hidden layer of the feed-forward part. */
  readonly inner: number;
  readonly tokens: number;
  readonly batch: number;
  readonly vocabulary: number;
  /** Classes of the head: one prediction per token, or one from the first token of each row. */
  readonly classes: number;
  readonly head: "token" | "first";
}

/** Sizes of a ViT, as in its checkpoint's configuration, and the batch. */
export interface ViTSizes {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly headWidth: number;
  readonly inner: number;
  readonly activation: "relu" | "gelu";
  readonly image: number;
  readonly patch: number;
  readonly channels: number;
  readonly classes: number;
  readonly batch: number;
  readonly qkvBias: boolean;
  readonly eps: number;
}

/** `c = a b`, with `a` or `b` stored transposed: nt has b as [n, k], tn has a as [k, m]. */
export interface MatmulWork {
  readonly kind: "matmul";
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly form: "nn" | "nt" | "tn";
}

/** One operation over rows; cross-entropy with its gradient. */
export interface RowsWork {
  readonly kind: "softmax" | "layer-norm" | "cross-entropy";
  readonly rows: number;
  readonly columns: number;
}

/** One AdamW update of a parameter vector; learning rate 1e-3, weight decay 0.01. */
export interface AdamWWork {
  readonly kind: "adamw";
  readonly size: number;
}

/** Exact mask of the `keep` greatest of `size` scores. */
export interface TopKWork {
  readonly kind: "top-k";
  readonly size: number;
  readonly keep: number;
}

/** Loss and gradients of one encoder layer; the loss is the mean square of its result. */
export interface LayerWork {
  readonly kind: "encoder-layer";
  readonly sizes: EncoderSizes;
}

/** Adam step (1e-3) of an encoder. */
export interface EncoderWork {
  readonly kind: "encoder-step";
  readonly sizes: EncoderSizes;
  /** Losses of the first steps that everyone must print. */
  readonly losses: number;
}

/** AdamW step (1e-3, decay 0.01 of all but biases and norms) of a ViT classifier. */
export interface ViTWork {
  readonly kind: "vit-step";
  readonly sizes: ViTSizes;
  readonly losses: number;
}

/** A chain of `length` products of 8 x 8 matrices: a program of many kernels that do next to nothing. */
export interface ChainWork {
  readonly kind: "chain";
  readonly length: number;
}

/** Any workload. */
export type Work =
  | MatmulWork
  | RowsWork
  | AdamWWork
  | TopKWork
  | LayerWork
  | EncoderWork
  | ViTWork
  | ChainWork;

/** Sizes of a matrix product's operands as they are stored. */
export function operandShapes({ batch, m, k, n, form }: MatmulWork): { readonly a: number[]; readonly b: number[] } {
  const lead = batch === 1 ? [] : [batch];
  return {
    a: [...lead, ...(form === "tn" ? [k, m] : [m, k])],
    b: [...lead, ...(form === "nt" ? [n, k] : [k, n])],
  };
}
