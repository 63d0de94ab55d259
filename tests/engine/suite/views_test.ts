import fc from "fast-check";
import { sizeOf, type Tensor } from "../../../engine/graph/node.ts";
import * as o from "../../../engine/ops.ts";
import { type Case, checkCases, onDevices, tensor } from "./support.ts";
import { exact } from "./tolerance.ts";

/** A re-arrangement drawn by numbers: each picks what it needs from them, so shrinking keeps it valid. */
interface Link {
  readonly kind: "reshape" | "permute" | "slice" | "broadcast" | "pad" | "concat" | "scalar";
  readonly numbers: readonly [number, number, number];
}

const links: fc.Arbitrary<readonly Link[]> = fc.array(
  fc.record({
    kind: fc.constantFrom<Link["kind"][]>("reshape", "permute", "slice", "broadcast", "pad", "concat", "scalar"),
    numbers: fc.tuple(fc.nat(1000), fc.nat(1000), fc.nat(1000)),
  }),
  { minLength: 1, maxLength: 7 },
);

function apply(x: Tensor, { kind, numbers: [a, b, c] }: Link): Tensor {
  const rank = x.shape.length, size = sizeOf(x);
  if (kind === "reshape" || rank === 0) {
    const divisors = Array.from({ length: size }, (_, d) => d + 1).filter((d) => size % d === 0);
    const first = divisors[a % divisors.length]!, left = size / first;
    const inner = divisors.filter((d) => left % d === 0);
    const second = inner[b % inner.length]!;
    return o.reshape(x, [[first, second, left / second], [left / second, second * first], [size]][c % 3]!);
  }
  const axis = a % rank, along = x.shape[axis]!;
  switch (kind) {
    case "permute": {
      const axes = x.shape.map((_, i) => i);
      const [moved] = axes.splice(axis, 1);
      axes.splice(b % rank, 0, moved!);
      return o.permute(x, axes);
    }
    case "slice": {
      const start = b % along;
      return o.slice(x, axis, start, start + 1 + c % (along - start), 1 + (a + b) % 3);
    }
    case "broadcast":
      return size > 60 ? x : b % 2 ? o.broadcastTo(x, [2 + c % 2, ...x.shape]) : o.broadcastTo(
        o.reshape(x, [...x.shape, 1]),
        [...x.shape, 2 + c % 2],
      );
    case "pad":
      return o.pad(x, axis, b % 3, c % 3, -1 - a % 3);
    case "concat":
      return size > 60 ? x : o.concat(b % 2 ? [x, o.mul(x, 2), x] : [o.add(x, 100), x], axis);
    default:
      return b % 2 ? o.add(x, 1) : o.mul(x, 3);
  }
}

const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 0, maxLength: 4 });

const samples = (dtype: "f32" | "i32"): readonly Case[] =>
  fc.sample(fc.tuple(shapes, links), { numRuns: 120, seed: dtype === "f32" ? 1 : 2 }).map(([shape, chain]) => ({
    name: `[${shape}] ${chain.map(({ kind, numbers }) => `${kind} ${numbers}`).join(", ")}`,
    inputs: [tensor(shape, Array.from({ length: sizeOf({ shape }) }, (_, i) => i + 1), dtype)],
    build: (x: Tensor) => chain.reduce(apply, x),
    tolerance: exact,
  }));

onDevices("views and piecewise operations compose", async (device) => {
  await checkCases(device, samples("f32"));
  if (device.kind === "cpu") await checkCases(device, samples("i32"));
});

onDevices("guards hold under views of what is padded or joined", async (device) => {
  const x = tensor([2, 3], [1, 2, 3, 4, 5, 6]);
  const y = tensor([2, 1], [7, 8]);
  const build = (f: (x: Tensor, y: Tensor) => Tensor) => ({ inputs: [x, y], build: f, tolerance: exact });
  await checkCases(device, [
    { name: "reshape of pad", ...build((x) => o.reshape(o.pad(x, 1, 1, 1, -1), [10])) },
    { name: "reshape of pad of reshape", ...build((x) => o.reshape(o.pad(o.reshape(x, [3, 2]), 0, 2, 1, -1), [4, 3])) },
    { name: "pad of pad", ...build((x) => o.pad(o.pad(x, 0, 1, 1, -1), 1, 2, 0, -2)) },
    { name: "slice within padding only", ...build((x) => o.slice(o.pad(x, 1, 5, 0, -1), 1, 0, 4)) },
    { name: "slice across padding", ...build((x) => o.slice(o.pad(x, 1, 5, 5, -1), 1, 4, 9, 2)) },
    { name: "permute of concat", ...build((x, y) => o.permute(o.concat([x, y, x], 1), [1, 0])) },
    { name: "slice of one piece", ...build((x, y) => o.slice(o.concat([x, y, x], 1), 1, 3, 4)) },
    { name: "reshape of concat", ...build((x, y) => o.reshape(o.concat([y, x, y], 1), [5, 2])) },
    { name: "concat of pads", ...build((x, y) => o.concat([o.pad(y, 1, 2, 0, -1), x], 0)) },
    { name: "concat of many", ...build((x, y) => o.concat(Array.from({ length: 40 }, (_, i) => i % 2 ? y : x), 1)) },
    { name: "padded sum", ...build((x) => o.sum(o.pad(x, 0, 3, 3, 1))) },
    { name: "padded operand", ...build((x) => o.matmul(o.pad(x, 1, 1, 1, 0), o.pad(o.transpose(x), 0, 1, 1, 5))) },
  ]);
});
