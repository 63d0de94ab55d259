import fc from "fast-check";
import { sizeOf, type Tensor } from "../../../engine/graph/node.ts";
import { gelu } from "../../../engine/nn/mod.ts";
import * as o from "../../../engine/ops.ts";
import { type Case, checkCases, integers, onDevices, randoms } from "./support.ts";
import { rounding } from "./tolerance.ts";

const sizes = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 33);

const shapes = fc.record({
  m: sizes,
  n: sizes,
  k: sizes,
  batch: fc.constantFrom<number[][]>([], [1], [3], [2, 2]),
  a: fc.constantFrom("plain", "transposed", "sliced", "broadcast"),
  b: fc.constantFrom("plain", "transposed", "sliced", "broadcast"),
});

/** An operand of `[...batch, rows, columns]` and the view that makes it of its input. */
function operand(batch: readonly number[], rows: number, columns: number, how: string, seed: number) {
  switch (how) {
    case "transposed":
      return { input: randoms([...batch, columns, rows], seed), view: o.transpose };
    case "sliced":
      return {
        input: randoms([...batch, rows + 3, columns], seed),
        view: (x: Tensor) => o.slice(x, -2, 2, rows + 2),
      };
    case "broadcast":
      return {
        input: randoms([rows, columns], seed),
        view: (x: Tensor) => o.broadcastTo(x, [...batch, rows, columns]),
      };
    default:
      return { input: randoms([...batch, rows, columns], seed), view: (x: Tensor) => x };
  }
}

const products: readonly Case[] = fc.sample(shapes, { numRuns: 40, seed: 3 }).map((s, seed) => {
  const a = operand(s.batch, s.m, s.k, s.a, seed), b = operand(s.batch, s.k, s.n, s.b, seed + 1000);
  return {
    name: `[${s.batch}] ${s.m}x${s.n}x${s.k}, ${s.a} by ${s.b}`,
    inputs: [a.input, b.input],
    build: (x, y) => o.matmul(a.view(x), b.view(y)),
    tolerance: rounding(s.k),
  };
});

onDevices("matmul() of any shape through views", async (device) => {
  await checkCases(device, device.kind === "cpu" ? products : products.filter((_, i) => i % 2 === 0));
});

onDevices("matmul() spreads leading axes", async (device) => {
  const shapes = [[[2, 3, 4, 5], [5, 6]], [[2, 1, 4, 5], [3, 5, 2]], [[1, 5], [2, 5, 3]]] as const;
  await checkCases(
    device,
    shapes.map(([a, b], i) => ({
      name: `[${a}] x [${b}]`,
      inputs: [randoms(a, i), randoms(b, i + 10)],
      build: (x: Tensor, y: Tensor) => o.matmul(x, y),
      tolerance: rounding(5),
    })),
  );
});

const [B, H, T, D] = [2, 3, 5, 4];
const heads = (x: Tensor) => o.permute(o.reshape(x, [B, T, H, D]), [0, 2, 1, 3]);
const merged = (x: Tensor) => o.reshape(o.permute(x, [0, 2, 1, 3]), [B * T, H * D]);

onDevices("work on the loads and stores of contractions", async (device) => {
  const x = randoms([10, 12], 1), w = randoms([12, 8], 2), bias = randoms([8], 3), residual = randoms([10, 8], 4);
  const mask = integers([12, 8], 5, 2, "bool"), words = integers([3], 6, 2 ** 32);
  const q = randoms([B * T, H * D], 7), k = randoms([B * T, H * D], 8), v = randoms([H * D, H * D], 9);
  const tolerance = rounding(12, 16);
  await checkCases(device, [
    {
      name: "bias, gelu, residual",
      inputs: [x, w, bias, residual],
      build: (x, w, b, r) => o.add(r, gelu(o.add(o.matmul(x, w), b))),
      tolerance,
    },
    {
      name: "the pre-activation too",
      inputs: [x, w, bias],
      build: (x, w, b) => {
        const y = o.add(o.matmul(x, w), b);
        return [y, gelu(y)];
      },
      tolerance,
    },
    {
      name: "a mask on the load",
      inputs: [x, w, mask],
      build: (x, w, m) => o.matmul(x, o.where(m, w, 0)),
      tolerance,
    },
    {
      name: "a packed mask on the load",
      inputs: [x, w, words],
      build: (x, w, bits) => o.matmul(x, o.mul(w, o.cast(o.unpackBits(bits, [12, 8]), "f32"))),
      tolerance,
    },
    {
      name: "heads apart and together again",
      inputs: [q, k, v],
      build: (q, k, v) => {
        const scores = o.mul(o.matmul(heads(q), o.transpose(heads(k))), 0.5);
        return [scores, o.matmul(merged(o.matmul(scores, heads(k))), v)];
      },
      tolerance: rounding(60, 16),
    },
    {
      name: "a permuted store of a chain",
      inputs: [x, w, bias],
      build: (x, w, b) =>
        o.reshape(o.permute(o.reshape(o.tanh(o.add(o.matmul(x, w), b)), [2, 5, 8]), [2, 0, 1]), [8, 10]),
      tolerance,
    },
    {
      name: "a product of products",
      inputs: [x, w, residual],
      build: (x, w, r) => o.matmul(o.transpose(o.matmul(x, w)), o.add(o.matmul(x, w), r)),
      tolerance: rounding(120, 16, 12),
    },
    {
      name: "a product reduced at once",
      inputs: [x, w],
      build: (x, w) => [o.sum(o.matmul(x, w)), o.max(o.matmul(x, w), 1), o.sum(o.matmul(x, w), 0)],
      tolerance: rounding(12 * sizeOf(residual)),
    },
  ]);
});
