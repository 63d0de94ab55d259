import { sizeOf, type Tensor } from "../../../engine/graph/node.ts";
import * as o from "../../../engine/ops.ts";
import { grad } from "../../../engine/grad.ts";
import { type Case, checkCases, integers, onDevices, randoms, tensor } from "./support.ts";
import { exact, rounding } from "./tolerance.ts";

/** All subsets of the axes but the empty one. */
function subsets(rank: number): number[][] {
  return Array.from({ length: 2 ** rank - 1 }, (_, i) => i + 1)
    .map((mask) => Array.from({ length: rank }, (_, axis) => axis).filter((axis) => mask >> axis & 1));
}

const lengthOf = (shape: readonly number[], axes: readonly number[]) => axes.reduce((n, axis) => n * shape[axis]!, 1);

function allSubsets(shape: readonly number[], seed: number): Case[] {
  const x = randoms(shape, seed);
  const u = integers(shape, seed, 2 ** 31), i = integers(shape, seed + 1, 1000, "i32");
  return subsets(shape.length).map((axes) => ({
    name: `reductions of [${shape}] over ${axes}`,
    inputs: [x, u, i],
    build: (x: Tensor, u: Tensor, i: Tensor) => [
      o.sum(x, axes),
      o.max(x, axes),
      o.min(x, axes, { keep: true }),
      o.mean(o.square(x), axes),
      o.sum(u, axes),
      o.max(u, axes),
      o.min(o.sub(i, 500), axes),
      o.sum(o.sub(i, 500), axes),
    ],
    tolerance: rounding(lengthOf(shape, axes)),
  }));
}

onDevices("reductions over every subset of axes", async (device) => {
  const shapes = device.kind === "cpu"
    ? [[3, 4, 5], [2, 1, 7, 3], [64, 3], [1, 1], [5, 33, 8]]
    : [[3, 4, 5], [5, 33, 8]];
  await checkCases(device, shapes.flatMap((shape, i) => allSubsets(shape, 10 * i)));
});

onDevices("long reductions, in two stages and in one", async (device) => {
  const shape = (size: readonly number[], seed: number) => ({ inputs: [randoms(size, seed)] });
  const all = (x: Tensor) => [o.sum(x), o.max(x), o.min(x)];
  await checkCases(device, [
    { name: "10,000 to one", ...shape([10000], 1), build: all, tolerance: rounding(10000) },
    { name: "a prime number to one", ...shape([4099], 2), build: all, tolerance: rounding(4099) },
    { name: "rows of 8,192", ...shape([3, 8192], 3), build: (x) => o.sum(x, 1), tolerance: rounding(8192) },
    {
      name: "columns of 5,000",
      ...shape([5000, 7], 4),
      build: (x) => [o.sum(x, 0), o.max(x, 0)],
      tolerance: rounding(5000),
    },
    { name: "a middle axis of 4,500", ...shape([2, 4500, 3], 5), build: (x) => o.sum(x, 1), tolerance: rounding(4500) },
    { name: "outer axes, apart", ...shape([90, 2, 70], 6), build: (x) => o.sum(x, [0, 2]), tolerance: rounding(6300) },
    { name: "a norm", ...shape([120, 100], 7), build: (x) => o.sqrt(o.sum(o.square(x))), tolerance: rounding(12000) },
  ]);
});

onDevices("argmax takes the first of equals; extrema share gradients", async (device) => {
  const ties = tensor([3, 5], [1, 3, 3, 2, 0, 5, 5, 5, 5, 5, -4, -3, -2, -1, -1]);
  const product = randoms([150, 40], 3);
  await checkCases(device, [
    { name: "argmax", inputs: [ties], build: (x) => o.argmax(x) },
    {
      name: "argmax of a computed value",
      inputs: [randoms([6, 9], 1), randoms([9], 2)],
      build: (a, b) => o.argmax(o.mul(a, b)),
    },
    { name: "gradient of max", inputs: [ties], build: (x) => grad(o.sum(o.max(x, 1)), x), tolerance: rounding() },
    { name: "gradient of min", inputs: [ties], build: (x) => grad(o.min(x), x), tolerance: rounding() },
    {
      // The maximum is found in two stages of f32, the operand is computed again where it is compared.
      name: "gradient of a long maximum of a computed value",
      inputs: [product, randoms([40], 4)],
      build: (a, b) => grad(o.max(o.mul(a, b)), a),
      tolerance: rounding(),
    },
    {
      name: "infinities",
      inputs: [tensor([2, 2], [-Infinity, -Infinity, Infinity, 1])],
      build: (x) => [o.max(x, 1), o.min(x, 1)],
      tolerance: exact,
    },
  ]);
});

onDevices("a scalar's gradient and a bias' gradient", async (device) => {
  const x = randoms([33, 20], 1), bias = randoms([20], 2), scale = randoms([], 3);
  await checkCases(device, [{
    name: "sum of tanh",
    inputs: [x, bias, scale],
    build: (x, b, s) => Object.values(grad(o.sum(o.tanh(o.mul(o.add(x, b), s))), { x, b, s })),
    tolerance: rounding(sizeOf(x), 8),
  }]);
});
