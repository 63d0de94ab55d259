/**
 * The numbers that workloads compute on: drawn from seeds, the same in every run.
 *
 * @module
 */
import { type HostTensor, hostTensor } from "../../engine/mod.ts";
import { isViTPrunable, type ViTConfig, viTConfig, viTShapes } from "../../models/mod.ts";
import { type EncoderSizes, operandShapes, type ViTSizes, type Work } from "./work.ts";

/** Tensors by name. */
export type Arrays = Readonly<Record<string, HostTensor>>;

/** Uniform numbers in [-1, 1) from Marsaglia's xorshift32 (13, 17, 5). */
export function uniformSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state ^ (state << 13)) >>> 0;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function drawn(shape: readonly number[], next: () => number, scale = 1): HostTensor {
  return hostTensor(Float32Array.from({ length: count(shape) }, () => next() * scale), shape);
}

const filledWith = (shape: readonly number[], value: number): HostTensor =>
  hostTensor(new Float32Array(count(shape)).fill(value), shape);

/** Scale of weights for a fan-in: 0.1 at the width of the reference step, its usual root law beyond. */
const weightScale = (fanIn: number): number => fanIn <= 128 ? 0.1 : 0.1 * Math.sqrt(128 / fanIn);

type Shaped = readonly [name: string, shape: readonly number[], scale: number | "one" | "zero"];

function blockShapes(prefix: string, { width: d, inner: f }: EncoderSizes): Shaped[] {
  const w = weightScale(d);
  return [
    [`${prefix}.norm1.gamma`, [d], "one"],
    [`${prefix}.norm1.beta`, [d], "zero"],
    ...["query", "key", "value", "output"].map((part): Shaped => [`${prefix}.${part}`, [d, d], w]),
    [`${prefix}.norm2.gamma`, [d], "one"],
    [`${prefix}.norm2.beta`, [d], "zero"],
    [`${prefix}.up.weight`, [d, f], w],
    [`${prefix}.up.bias`, [f], "zero"],
    [`${prefix}.down.weight`, [f, d], 0.5 * w],
    [`${prefix}.down.bias`, [d], "zero"],
  ];
}

function draw(shapes: readonly Shaped[], seed: number): Record<string, HostTensor> {
  const next = uniformSource(seed);
  return Object.fromEntries(shapes.map(([name, shape, scale]) => [
    name,
    scale === "one" ? filledWith(shape, 1) : scale === "zero" ? filledWith(shape, 0) : drawn(shape, next, scale),
  ]));
}

/** Parameters of an encoder, in the order in which they are drawn. */
export function encoderParams(sizes: EncoderSizes): Record<string, HostTensor> {
  const { layers, width: d, tokens, vocabulary, classes } = sizes;
  return draw([
    ["embed.token", [vocabulary, d], 0.05],
    ["embed.position", [tokens, d], 0.05],
    ...Array.from({ length: layers }, (_, layer) => blockShapes(`block.${layer}`, sizes)).flat(),
    ["final.gamma", [d], "one"],
    ["final.beta", [d], "zero"],
    ["head", [d, classes], 0.05],
  ], 12345);
}

function encoderData({ batch, tokens, vocabulary, classes, head }: EncoderSizes): Arrays {
  const next = uniformSource(777);
  const ids = Uint32Array.from({ length: batch * tokens }, () => Math.floor((next() + 1) / 2 * vocabulary));
  const labels = head === "token"
    ? ids.map((id) => (id * 7 + 3) % classes)
    : Uint32Array.from({ length: batch }, (_, row) => ids[row * tokens]! % classes);
  return { ids: hostTensor(ids), labels: hostTensor(labels) };
}

/** The configuration of a ViT of these sizes, as models/ reads it. */
export function vitConfigOf(sizes: ViTSizes): ViTConfig {
  return viTConfig({
    model_type: "vit",
    hidden_size: sizes.width,
    num_hidden_layers: sizes.layers,
    num_attention_heads: sizes.heads,
    head_dim: sizes.headWidth,
    intermediate_size: sizes.inner,
    hidden_act: sizes.activation,
    qkv_bias: sizes.qkvBias,
    layer_norm_eps: sizes.eps,
    image_size: sizes.image,
    patch_size: sizes.patch,
    num_channels: sizes.channels,
    num_labels: sizes.classes,
  }, "bench");
}

function vitArrays(sizes: ViTSizes): Arrays {
  const shapes = Object.entries(viTShapes(vitConfigOf(sizes)));
  const params = draw(
    shapes.map(([name, shape]): Shaped => [
      name,
      shape,
      name.endsWith(".bias") ? "zero" : /layernorm/.test(name) ? "one" : isViTPrunable(name) ? 0.1 : 0.05,
    ]),
    12345,
  );
  const next = uniformSource(777);
  const { batch, channels, image, classes } = sizes;
  return {
    ...params,
    images: drawn([batch, channels, image, image], next),
    labels: hostTensor(Uint32Array.from({ length: batch }, (_, row) => row * 7 % classes)),
  };
}

/** The numbers of a workload. */
export function arraysOf(work: Work): Arrays {
  const next = uniformSource(2463534242);
  switch (work.kind) {
    case "matmul": {
      const { a, b } = operandShapes(work);
      return { a: drawn(a, next), b: drawn(b, next) };
    }
    case "softmax":
      return { x: drawn([work.rows, work.columns], next, 4) };
    case "layer-norm": {
      const { rows, columns } = work;
      return { x: drawn([rows, columns], next), gamma: drawn([columns], next), beta: drawn([columns], next) };
    }
    case "cross-entropy": {
      const labels = Uint32Array.from({ length: work.rows }, (_, row) => (row * 7 + 3) % work.columns);
      return { logits: drawn([work.rows, work.columns], next), labels: hostTensor(labels) };
    }
    case "adamw":
      return { param: drawn([work.size], next), grad: drawn([work.size], next) };
    case "top-k":
      return { scores: drawn([work.size], next) };
    case "encoder-layer": {
      const { batch, tokens, width } = work.sizes;
      return { ...draw(blockShapes("block.0", work.sizes), 12345), x: drawn([batch * tokens, width], next) };
    }
    case "encoder-step":
      return { ...encoderParams(work.sizes), ...encoderData(work.sizes) };
    case "vit-step":
      return vitArrays(work.sizes);
    case "chain":
      return {
        x: drawn([8, 8], next),
        w: hostTensor(Float32Array.from({ length: 64 }, (_, i) => i % 9 === 1 || i === 56 ? 1 : 0), [8, 8]),
      };
  }
}
