import { apply, sizeOf, type Tensor } from "../../../engine/graph/node.ts";
import { selectThresholdOp } from "../../../engine/graph/index_ops.ts";
import { grad } from "../../../engine/grad.ts";
import type { HostTensor } from "../../../engine/host.ts";
import * as o from "../../../engine/ops.ts";
import { keepTopK, rankKey } from "../../../engine/select.ts";
import { type Case, checkCases, integers, onDevices, randoms, tensor } from "./support.ts";
import { exact, rounding } from "./tolerance.ts";

onDevices("gather() and scatterAdd()", async (device) => {
  const table = randoms([7, 5], 1), ids = integers([4, 3], 2, 7), updates = randoms([4, 3, 5], 3);
  const outside = tensor([6], [-1, 0, 6, 7, 100, 3], "i32");
  const many = integers([500], 4, 3), small = randoms([500, 2], 5);
  await checkCases(device, [
    { name: "gather", inputs: [table, ids], build: (t, i) => o.gather(t, i), tolerance: exact },
    { name: "gather outside", inputs: [table, outside], build: (t, i) => o.gather(t, i), tolerance: exact },
    {
      name: "gather of a computed table",
      inputs: [table, ids],
      build: (t, i) => o.gather(o.mul(t, 2), i),
      tolerance: exact,
    },
    {
      name: "gather by a view of ids",
      inputs: [table, ids],
      build: (t, i) => o.gather(t, o.reshape(o.slice(i, 0, 1, 3), [6])),
      tolerance: exact,
    },
    {
      name: "gather of single numbers",
      inputs: [randoms([9], 6), ids],
      build: (t, i) => o.gather(t, i),
      tolerance: exact,
    },
    {
      name: "gather by one id",
      inputs: [table, tensor([1], [4], "u32")],
      build: (t, i) => o.gather(t, o.reshape(i, [])),
      tolerance: exact,
    },
    { name: "scatterAdd", inputs: [ids, updates], build: (i, u) => o.scatterAdd(i, u, 7), tolerance: rounding(12) },
    {
      name: "scatterAdd outside",
      inputs: [outside, randoms([6, 2], 7)],
      build: (i, u) => o.scatterAdd(i, u, 7),
      tolerance: rounding(6),
    },
    {
      name: "scatterAdd of many into few",
      inputs: [many, small],
      build: (i, u) => o.scatterAdd(i, u, 3),
      tolerance: rounding(500),
    },
    {
      name: "rows that no id names stay zero",
      inputs: [tensor([2], [1, 1], "u32"), randoms([2, 3], 8)],
      build: (i, u) => o.scatterAdd(i, u, 4),
      tolerance: rounding(2),
    },
    {
      name: "gradient of a look-up",
      inputs: [table, ids],
      build: (t, i) => grad(o.sum(o.square(o.gather(t, i))), t),
      tolerance: rounding(12),
    },
  ]);
});

onDevices("packBits() and unpackBits() are each other's inverse", async (device) => {
  const cases = [1, 31, 32, 33, 100].map((n): Case => ({
    name: `${n} flags`,
    inputs: [integers([n], n, 2, "bool")],
    build: (flags) => [o.packBits(flags), o.unpackBits(o.packBits(flags), [n])],
  }));
  await checkCases(device, [...cases, {
    name: "flags that are computed, in two axes",
    inputs: [randoms([6, 11], 1)],
    build: (x) => [o.packBits(o.greater(x, 0)), o.unpackBits(o.packBits(o.greater(x, 0)), [6, 11])],
  }]);
});

const keysOf = (data: readonly number[]): HostTensor => tensor([data.length], data, "u32");

/** Every k for several sets of keys: ties within and across tensors, zeros, the least and the greatest key. */
function thresholds(): Case[] {
  const sets: readonly (readonly (readonly number[])[])[] = [
    [[5, 3, 9, 3], [3, 7]],
    [[4, 4, 4], [4, 4, 4, 4]],
    [[0, 0, 2 ** 32 - 1, 2 ** 32 - 1, 1]],
    [[2 ** 31, 2 ** 31 - 1, 1, 2 ** 31], [0], [2 ** 31]],
  ];
  return sets.flatMap((keys, set) => {
    const total = keys.reduce((sum, list) => sum + list.length, 0);
    return Array.from({ length: total + 2 }, (_, k): Case => ({
      name: `set ${set}, k ${k}`,
      inputs: [...keys.map(keysOf), tensor([], [k], "u32")],
      build: (...tensors) => kept(tensors.slice(0, -1), tensors.at(-1)!),
    }));
  });
}

/** Which keys the threshold keeps: what it promises, however it is written. */
function kept(keys: readonly Tensor[], k: Tensor): Tensor[] {
  const cut = apply(selectThresholdOp, [...keys, k]);
  let first = 0;
  return keys.map((key) => {
    const position = o.add(o.iota(key.shape), first);
    first += sizeOf(key);
    const [threshold, limit] = [o.take(cut, 0, 0), o.take(cut, 0, 1)];
    return o.or(o.greater(key, threshold), o.and(o.equal(key, threshold), o.less(position, limit)));
  });
}

onDevices("selectThreshold keeps exactly k, whatever the keys", async (device) => {
  const all = thresholds();
  await checkCases(device, device.kind === "cpu" ? all : all.filter((_, i) => i % 3 === 0));
});

onDevices("keepTopK() of large and of odd scores", async (device) => {
  const scores = { a: randoms([40, 50], 1), b: randoms([999], 2) };
  const odd = tensor([2, 6], [NaN, 0, -0, Infinity, -Infinity, 1, 1, 1, -1, NaN, 1e-45, -1e-45]);
  const eligible = integers([2, 6], 3, 2, "bool");
  const masks = (...[a, b, k]: Tensor[]) => Object.values(keepTopK({ a: a!, b: b! }, k!));
  const cases = [1, 1500, 2998].map((k): Case => ({
    name: `k ${k} of 2999`,
    inputs: [scores.a, scores.b, tensor([], [k], "u32")],
    build: masks,
  }));
  const oddCases = [0, 1, 5, 9, 10, 12].map((k): Case => ({
    name: `odd scores, k ${k}`,
    inputs: [odd, eligible, tensor([], [k], "u32")],
    build: (x, e, k) => [keepTopK({ x }, k).x!, keepTopK({ x }, k, { x: e }).x!],
  }));
  await checkCases(device, [...cases, ...oddCases]);
});

onDevices("rankKey() orders as the scores do", async (device) => {
  const scores = tensor([9], [-Infinity, -2, -1e-38, -0, 0, 1e-38, 3, Infinity, NaN]);
  await checkCases(device, [{ name: "keys", inputs: [scores], build: (x) => rankKey(x) }]);
});
