/**
 * The raced figures: what is computed, and against whom.
 *
 * @module
 */
import type { EncoderSizes, MatmulWork, ViTSizes } from "../work.ts";
import type { PeerName } from "../peers/mod.ts";
import type { RacedFigure, When } from "./figure.ts";
import { selectionReferences } from "./references.ts";

const processors: readonly PeerName[] = ["jax-wasm", "tfjs-wasm", "onnx", "torch"];
const everyone: readonly PeerName[] = [...processors, "jax-webgpu", "tfjs-webgpu", "torch-cuda"];
const trainers: readonly PeerName[] = everyone.filter((peer) => peer !== "onnx");
/** The WebGPU peers take a second for a large product on a software adapter: they race where they do not. */
const quick: readonly PeerName[] = [...processors, "torch-cuda"];

/** TensorFlow.js on wasm takes seconds for a transposed operand. */
const transposed: readonly PeerName[] = quick.filter((peer) => peer !== "tfjs-wasm");

const product = (
  shape: readonly [batch: number, m: number, k: number, n: number],
  form: MatmulWork["form"] = "nn",
): MatmulWork => ({ kind: "matmul", batch: shape[0], m: shape[1], k: shape[2], n: shape[3], form });

const matmul = (suffix: string, work: MatmulWork, peers: readonly PeerName[], budgetMs = 400): RacedFigure => ({
  kind: "race",
  name: `matmul-${suffix}`,
  when: "always",
  work,
  peers,
  budgetMs,
  tolerance: 1e-2,
  alsoOnGpu: true,
});

/** The sizes of the reference training step. */
export const referenceEncoder: EncoderSizes = {
  layers: 2,
  width: 128,
  heads: 4,
  inner: 512,
  tokens: 64,
  batch: 16,
  vocabulary: 1000,
  classes: 1000,
  head: "token",
};

/** The sizes of one layer of BERT-base, at a batch that a processor can afford. */
export const bertLayer: EncoderSizes = {
  ...referenceEncoder,
  layers: 1,
  width: 768,
  heads: 12,
  inner: 3072,
  tokens: 128,
  batch: 4,
};

/** The sizes of the ViT for 28 x 28 digits. */
export const mnistViT: ViTSizes = {
  layers: 6,
  width: 64,
  heads: 4,
  headWidth: 64,
  inner: 128,
  activation: "relu",
  image: 28,
  patch: 4,
  channels: 1,
  classes: 10,
  batch: 64,
  qkvBias: false,
  eps: 1e-5,
};

const select = (power: number, when: When): RacedFigure => ({
  kind: "race",
  name: `keep-top-k-2^${power}`,
  when,
  work: { kind: "top-k", size: 2 ** power, keep: Math.floor(2 ** power / 10) },
  peers: ["torch", "torch-cuda"],
  budgetMs: 1200,
  tolerance: 0,
  references: selectionReferences,
  alsoOnGpu: true,
});

const single = (name: string, work: RacedFigure["work"], tolerance?: number): RacedFigure => ({
  kind: "race",
  name,
  when: "always",
  work,
  peers: trainers,
  budgetMs: 500,
  ...(tolerance === undefined ? {} : { tolerance }),
  alsoOnGpu: true,
});

/** All raced figures, in the order in which they are measured. */
export const racedFigures: readonly RacedFigure[] = [
  matmul("256", product([1, 256, 256, 256]), quick),
  matmul("512", product([1, 512, 512, 512]), quick),
  matmul("1024", product([1, 1024, 1024, 1024]), everyone, 1500),
  matmul("512x768x768", product([1, 512, 768, 768]), quick),
  matmul("512x768x3072", product([1, 512, 768, 3072]), quick),
  matmul("3200x128x128", product([1, 3200, 128, 128]), quick),
  matmul("3200x128x512", product([1, 3200, 128, 512]), quick),
  matmul("12x128x64x128", product([12, 128, 64, 128]), quick),
  matmul("nt-512x3072x768", product([1, 512, 3072, 768], "nt"), transposed),
  matmul("tn-768x512x3072", product([1, 768, 512, 3072], "tn"), transposed),
  {
    kind: "race",
    name: "encoder-step",
    when: "always",
    work: { kind: "encoder-step", sizes: referenceEncoder, losses: 10 },
    peers: trainers,
    budgetMs: 4000,
    tolerance: 2e-4,
    expected: [[0, 6.96152], [1, 6.76682], [9, 5.39565]],
    alsoOnGpu: true,
  },
  {
    kind: "race",
    name: "vit-mnist-step",
    when: "always",
    work: { kind: "vit-step", sizes: mnistViT, losses: 3 },
    peers: ["jax-wasm", "torch", "torch-cuda"],
    budgetMs: 3000,
    alsoOnGpu: true,
  },
  {
    kind: "race",
    name: "bert-layer-forward-backward",
    when: "always",
    work: { kind: "encoder-layer", sizes: bertLayer },
    peers: ["jax-wasm", "torch", "torch-cuda"],
    budgetMs: 3000,
    tolerance: 5e-3,
    alsoOnGpu: true,
  },
  single("softmax-2048x1024", { kind: "softmax", rows: 2048, columns: 1024 }),
  single("layer-norm-1024x768", { kind: "layer-norm", rows: 1024, columns: 768 }, 5e-3),
  single("cross-entropy-1024x1000", { kind: "cross-entropy", rows: 1024, columns: 1000 }),
  {
    ...single("adamw-2^20", { kind: "adamw", size: 2 ** 20 }),
    peers: ["jax-wasm", "jax-webgpu", "torch", "torch-cuda"],
  },
  select(20, "always"),
  select(24, "named"),
];
