import { grad } from "../../../engine/grad.ts";
import type { Tensor } from "../../../engine/graph/node.ts";
import type { HostTensor } from "../../../engine/host.ts";
import * as o from "../../../engine/ops.ts";
import { argsort, sort, takeAlongLast, topk } from "../../../engine/sort.ts";
import { generator } from "../../support/values.ts";
import { type Case, checkCases, integers, onDevices, randoms, tensor } from "./support.ts";
import { exact, rounding } from "./tolerance.ts";

const odd = [NaN, 0, -0, Infinity, -Infinity, 1e-45, -1e-45, 1e-40, -3.4e38, 1, -1];

/** Rows of numbers of which many are equal and some are odd. */
function mixed(shape: readonly number[], seed: number): HostTensor {
  const next = generator(seed), count = shape.reduce((a, b) => a * b, 1);
  return tensor(
    shape,
    Float64Array.from({ length: count }, () => {
      const coin = next();
      return coin < 0.3 ? odd[Math.floor(next() * odd.length)]! : coin < 0.6 ? Math.floor(next() * 9) : next() - 0.5;
    }),
  );
}

const both = (x: Tensor): Tensor[] => [argsort(x), argsort(x, { descending: true })];

onDevices("argsort() of rows of every length class, alone and in batches", async (device) => {
  // Registers of a thread; part of a tile, a whole one; one to three doublings beyond it.
  const shapes = [[1], [3, 1], [2], [40, 3], [200, 4], [7, 8], [33, 13], [5, 16], [17], [70, 31], [9, 100], [
    2,
    3,
    768,
  ]];
  const long = [[2047], [2, 2048], [3, 2049], [5000], [2, 9000]];
  await checkCases(
    device,
    [...shapes, ...long].map((shape, i): Case => ({
      name: `argsort [${shape}]`,
      inputs: [mixed(shape, i + 1)],
      build: both,
    })),
  );
});

onDevices("argsort() of equal elements keeps their order", async (device) => {
  await checkCases(
    device,
    [[6, 15], [5, 40], [2100]].map((shape): Case => ({
      name: `equal [${shape}]`,
      inputs: [tensor(shape, new Array(shape.reduce((a, b) => a * b, 1)).fill(0))],
      build: both,
    })),
  );
});

onDevices("sort() of f32, i32 and u32", async (device) => {
  const wide = (dtype: "i32" | "u32") =>
    tensor([3, 20], Array.from({ length: 60 }, (_, i) => Math.imul(i + 1, 0x9e3779b1)), dtype);
  await checkCases(device, [
    {
      name: "f32",
      inputs: [mixed([4, 50], 1)],
      build: (x) => [sort(x), sort(x, { descending: true })],
      tolerance: exact,
    },
    { name: "i32", inputs: [wide("i32")], build: (x) => [sort(x), sort(x, { descending: true })] },
    { name: "u32", inputs: [wide("u32")], build: (x) => [sort(x), sort(x, { descending: true })] },
    { name: "a computed operand", inputs: [randoms([3, 30], 2)], build: (x) => sort(o.mul(x, 2)), tolerance: exact },
    {
      name: "a transposed operand",
      inputs: [randoms([6, 5], 3)],
      build: (x) => sort(o.transpose(x)),
      tolerance: exact,
    },
  ]);
});

onDevices("topk() and takeAlongLast(), with gradients", async (device) => {
  const x = randoms([5, 40], 1), indices = integers([5, 7], 2, 45);
  await checkCases(device, [
    {
      name: "topk",
      inputs: [mixed([6, 33], 3)],
      build: (x) => [topk(x, 5).values, topk(x, 5).indices, topk(x, 33).indices],
      tolerance: exact,
    },
    {
      name: "gradient of topk",
      inputs: [x],
      build: (x) => grad(o.sum(o.square(topk(x, 4).values)), x),
      tolerance: rounding(),
    },
    {
      name: "gradient of sort",
      inputs: [x],
      build: (x) => grad(o.sum(o.mul(sort(x), o.iota([5, 40], 1, "f32"))), x),
      tolerance: rounding(),
    },
    { name: "takeAlongLast", inputs: [x, indices], build: (x, i) => takeAlongLast(x, i), tolerance: exact },
    {
      name: "gradient of takeAlongLast",
      inputs: [x, indices],
      build: (x, i) => grad(o.sum(o.square(takeAlongLast(x, i))), x),
      tolerance: rounding(7),
    },
  ]);
});
