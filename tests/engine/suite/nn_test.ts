import { grad } from "../../../engine/grad.ts";
import { sizeOf, type Tensor } from "../../../engine/graph/node.ts";
import type { HostTensor } from "../../../engine/host.ts";
import * as nn from "../../../engine/nn/mod.ts";
import * as o from "../../../engine/ops.ts";
import { adam, adamax, adamw, clipByGlobalNorm, sgd } from "../../../engine/optim.ts";
import { bernoulli, foldIn, keyFromSeed, normal, randomBits, uniform } from "../../../engine/random.ts";
import { checkSteps } from "./steps.ts";
import { type Case, checkCases, integers, onDevices, randoms, tensor } from "./support.ts";
import { rounding, transcendental } from "./tolerance.ts";

/**
 * The value and the gradients, with respect to all f32 inputs, of the sum of its squares: forward and backward at once.
 */
function both(name: string, inputs: readonly HostTensor[], f: (...x: Tensor[]) => Tensor, length = 64): Case {
  const build = (...x: Tensor[]) => {
    const y = f(...x);
    const wrt = x.filter((one) => one.dtype === "f32");
    return [y, ...grad(o.mean(o.square(y)), wrt)];
  };
  return { name, inputs, build, tolerance: rounding(length, 32) };
}

const x = randoms([6, 9], 1, -3, 3);

onDevices("activations, forward and backward", async (device) => {
  const { gelu, geluTanh, quickGelu, relu, sigmoid, silu } = nn;
  await checkCases(
    device,
    Object.entries({ gelu, geluTanh, quickGelu, relu, sigmoid, silu, tanh: o.tanh }).map(([name, f]) =>
      both(name, [x], f)
    ),
  );
});

onDevices("layers, forward and backward", async (device) => {
  const key = tensor([2], keyFromSeed(7), "u32"), rows = randoms([2, 5, 8], 2);
  await checkCases(device, [
    both("softmax", [x], nn.softmax),
    both("logSoftmax", [x], nn.logSoftmax),
    both("softmax of one class", [randoms([4, 1], 3)], nn.softmax),
    both("normalize", [x], (x) => nn.normalize(x, 1e-5)),
    both("layerNorm", [rows, randoms([8], 4), randoms([8], 5)], (x, g, b) => nn.layerNorm(x, g, b, 1e-5)),
    both("linear", [rows, randoms([7, 8], 6), randoms([7], 7)], nn.linear),
    both("linear without bias", [rows, randoms([7, 8], 8)], (x, w) => nn.linear(x, w)),
    both("embedding", [randoms([11, 4], 9), integers([2, 5], 10, 11)], nn.embedding),
    both("patchEmbedding", [randoms([2, 3, 6, 6], 11), randoms([5, 3, 2, 2], 12), randoms([5], 13)], nn.patchEmbedding),
    both("dropout", [rows, key], (x, key) => nn.dropout(x, 0.3, key, 5)),
  ]);
});

const qkv = [1, 2, 3].map((seed) => randoms([2, 3, 5, 4], seed));

onDevices("attention, forward and backward", async (device) => {
  const mask = tensor([2, 5], [1, 1, 1, 0, 0, 1, 1, 1, 1, 1], "bool");
  const key = tensor([2], [1, 2], "u32");
  await checkCases(device, [
    both("attention", qkv, (q, k, v) => nn.attention(q, k, v)),
    both("attention with padding", [...qkv, mask], (q, k, v, mask) => nn.attention(q, k, v, { mask })),
    both(
      "attention with nothing to attend to",
      [...qkv, tensor([2, 5], new Array(10).fill(0), "bool")],
      (q, k, v, mask) => nn.attention(q, k, v, { mask }),
    ),
    both(
      "attention with dropout",
      [...qkv, key],
      (q, k, v, key) => nn.attention(q, k, v, { dropout: { rate: 0.2, key, site: 1 } }),
    ),
  ]);
});

onDevices("losses, forward and backward", async (device) => {
  const logits = randoms([8, 5], 1, -4, 4), labels = tensor([8], [0, 1, 2, 3, 4, 0, 1, 2], "u32");
  const some = tensor([8], [0, -100, 2, 3, 9, 0, 1, 2], "i32"), weights = tensor([8], [1, 1, 0, 1, 2, 1, 0.5, 0]);
  await checkCases(device, [
    both("crossEntropy", [logits, labels], (x, y) => nn.crossEntropy(x, y)),
    both("crossEntropy with smoothing", [logits, labels], (x, y) => nn.crossEntropy(x, y, { labelSmoothing: 0.1 })),
    both("crossEntropy with ignored rows", [logits, some], (x, y) => nn.crossEntropy(x, y, { ignoreIndex: 2 })),
    both("crossEntropy with weights", [logits, labels, weights], (x, y, weights) => nn.crossEntropy(x, y, { weights })),
    both("mse", [randoms([8, 3], 2), randoms([8, 3], 3)], (a, b) => nn.mse(a, b)),
    both(
      "mse with weights",
      [randoms([8, 3], 4), randoms([8, 3], 5), weights],
      (a, b, weights) => nn.mse(a, b, { weights }),
    ),
    {
      name: "correctCount",
      inputs: [logits, labels, weights],
      build: (x, y, w) => [nn.correctCount(x, y), nn.correctCount(x, y, { weights: w })],
    },
  ]);
});

onDevices("random numbers", async (device) => {
  const key = tensor([2], keyFromSeed(2 ** 40 + 12345), "u32");
  await checkCases(device, [
    {
      name: "bits",
      inputs: [key],
      build: (key) => [randomBits(key, [1000]), randomBits(key, [3, 5], 7), foldIn(key, 9)],
    },
    { name: "flags", inputs: [key], build: (key) => bernoulli(key, 0.3, [4, 100]) },
    {
      name: "uniform numbers",
      inputs: [key],
      build: (key) => uniform(key, [500], { low: -2, high: 3 }),
      tolerance: rounding(),
    },
    // Cosines of WGSL are within 2^-11 in [-pi, pi] by the specification; measured ones within a few roundings.
    { name: "normal numbers", inputs: [key], build: (key) => normal(key, [500]), tolerance: transcendental },
  ]);
});

const parameters = { "dense.weight": randoms([5, 4], 1), "dense.bias": randoms([4], 2) };
const names = Object.keys(parameters);

onDevices("optimisers, three steps", async (device) => {
  const optimisers = [
    sgd({ momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
    sgd(),
    adam({ weightDecay: 0.1 }),
    adamw(),
    adamax(),
  ];
  for (const optimizer of optimisers) {
    const kept = optimizer.init(parameters);
    const flat = Object.entries(kept).flatMap(([average, values]) =>
      Object.entries(values).map(([name, value]) => [`${average} ${name}`, value] as const)
    );
    await checkSteps(device, {
      name: optimizer.name,
      state: { ...parameters, ...Object.fromEntries(flat) },
      batches: [1, 2, 3].map((step) => ({
        x: randoms([6, 5], step + 10),
        ...Object.fromEntries(
          Object.entries(optimizer.scalars(step, 0.1)).map(([name, value]) => [name, tensor([], [value])]),
        ),
      })),
      step: (s, b) => {
        const params = Object.fromEntries(names.map((name) => [name, s[name]!]));
        const state = Object.fromEntries(
          Object.keys(kept).map((
            average,
          ) => [average, Object.fromEntries(names.map((name) => [name, s[`${average} ${name}`]!]))]),
        );
        const y = o.tanh(o.add(o.matmul(b.x!, params["dense.weight"]!), params["dense.bias"]!));
        const loss = o.mean(o.square(y));
        const clipped = clipByGlobalNorm(grad(loss, params), 0.05);
        const next = optimizer.update(clipped.grads, state, params, b);
        const averages = Object.entries(next.state).flatMap(([average, values]) =>
          Object.entries(values).map(([name, value]) => [`${average} ${name}`, value] as const)
        );
        return { state: { ...next.params, ...Object.fromEntries(averages) }, metrics: { loss, norm: clipped.norm } };
      },
      // Adam divides the gradient by its own size: near zero gradients, rounding shows in the direction.
      tolerance: rounding(sizeOf(parameters["dense.weight"]), 128),
    });
  }
});
