import assert from "node:assert/strict";
import type { Device } from "../../../engine/device/device.ts";
import type { Tensor } from "../../../engine/graph/node.ts";
import type { HostTensor } from "../../../engine/host.ts";
import * as o from "../../../engine/ops.ts";
import { keepTopK } from "../../../engine/select.ts";
import { generator } from "../../support/values.ts";
import { onDevices, tensor } from "./support.ts";

type Named<T> = Record<string, T>;

/** A program that gives packed masks, to be run for many k. */
async function withMasks(
  device: Device,
  scores: Named<HostTensor>,
  check: (masksOf: (k: number) => Promise<boolean[]>) => Promise<void>,
): Promise<void> {
  const k = (value: number): HostTensor => tensor([], [value], "u32");
  const step = (state: Named<Tensor>, batch: Named<Tensor>) => {
    const masks = keepTopK(state, batch.k!);
    return {
      state,
      metrics: Object.fromEntries(Object.entries(masks).map(([name, mask]) => [name, o.packBits(mask)])),
    };
  };
  using state = device.place(scores);
  const types = { state: state.types, batch: { k: { shape: [], dtype: "u32" } } };
  // deno-lint-ignore no-explicit-any -- the step takes flat records
  using program = await device.compile<any, any, any>(step, types as any);
  await check(async (keep) => {
    program.run(state, { k: k(keep) });
    const { values } = await program.lastMetrics() as { values: Named<HostTensor | number> };
    return Object.entries(scores).flatMap(([name, { data }]) => {
      const given = values[name]!, words = typeof given === "number" ? [given] : given.data;
      return Array.from(data, (_, i) => (words[i >> 5]! >>> (i & 31) & 1) === 1);
    });
  });
}

/** Position of each score in the order of the definition: descending, NaN last, ties to the lower position. */
function rankOf(scores: Named<HostTensor>): Uint32Array {
  const all = Object.values(scores).flatMap(({ data }) => [...data]);
  const order = all.map((_, i) => i).sort((i, j) => {
    const a = all[i]!, b = all[j]!;
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b)) || i - j;
    return a === b ? i - j : a < b ? 1 : -1;
  });
  const rank = new Uint32Array(all.length);
  order.forEach((i, position) => rank[i] = position);
  return rank;
}

async function checkMasks(device: Device, name: string, scores: Named<HostTensor>, ks: readonly number[]) {
  const rank = rankOf(scores);
  await withMasks(device, scores, async (masksOf) => {
    for (const k of ks) {
      const kept = await masksOf(k);
      const wrong = kept.findIndex((flag, i) => flag !== rank[i]! < k);
      assert.equal(wrong, -1, `${device.kind}, ${name}, k ${k}: position ${wrong}`);
    }
  });
}

/** Scores of one kind. */
const kinds: Readonly<Record<string, (next: () => number) => number>> = {
  "all equal": () => 1,
  "two values": (next) => next() < 0.5 ? -1 : 2,
  "99 % zeros": (next) => next() < 0.99 ? 0 : next() - 0.5,
  "half zeros": (next) => next() < 0.5 ? 0 : next(),
  "signed zeros": (next) => next() < 0.5 ? -0 : 0,
  "denormals": (next) => Math.floor((next() - 0.5) * 2 ** 23) * 2 ** -149,
  "infinities and NaN": (next) => [Infinity, -Infinity, NaN, next(), -next()][Math.floor(next() * 5)]!,
  "fifty values": (next) => Math.floor(next() * 50),
  "sum of uniforms": (next) => next() + next() + next() - 1.5,
  "one exponent": (next) => 1 + next() / 2 ** 12,
};

const filled = (shape: readonly number[], value: (next: () => number) => number, seed: number): HostTensor => {
  const next = generator(seed);
  return tensor(shape, Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => value(next)));
};

onDevices("keepTopK() equals the sorted definition for every k of small trees", async (device) => {
  const mixed = (next: () => number) => Object.values(kinds)[Math.floor(next() * 8)]!(next);
  for (const [name, value] of [["mixed", mixed], ["all equal", kinds["all equal"]!]] as const) {
    const scores = { a: filled([3, 4], value, 1), b: filled([1], value, 2), c: filled([2, 2, 2], value, 3) };
    await checkMasks(device, name, scores, Array.from({ length: 23 }, (_, k) => k));
  }
});

onDevices("keepTopK() equals the sorted definition for scores of every kind, 2^18 of them", async (device) => {
  const n = 2 ** 18;
  for (const [name, value] of Object.entries(kinds)) {
    // A size of whole quads, one that is not, and one of a few elements.
    const scores = {
      a: filled([300, 512], value, 1),
      b: filled([n - 300 * 512 - 3], value, 2),
      c: filled([3], value, 3),
    };
    const zeros = Math.round(0.495 * n);
    await checkMasks(device, name, scores, [1, 2000, Math.floor(n / 10), zeros, Math.round(n / 2), n - 1]);
  }
});

onDevices("keepTopK() of tensors in slices, with more candidates than one binding spans", async (device) => {
  for (const name of ["half zeros", "infinities and NaN", "sum of uniforms", "one exponent"]) {
    const value = kinds[name]!, scores = { a: filled([300, 512], value, 1), b: filled([60001], value, 2) };
    await checkMasks(device, name, scores, [1, 2000, 30000, 90000, 213600]);
  }
}, { bindingBytes: 2 ** 16 });

onDevices("keepTopK() over eighty tensors at once", async (device) => {
  const value = (next: () => number) => next() < 0.3 ? 0 : next() + next();
  const scores = Object.fromEntries(
    Array.from({ length: 80 }, (_, i) => [`t${i}`, filled([3 + i % 2, 8 + i % 3], value, i + 1)]),
  );
  const total = Object.values(scores).reduce((sum, { data }) => sum + data.length, 0);
  await checkMasks(device, "eighty", scores, [0, 1, Math.floor(total / 3), Math.floor(0.69 * total), total]);
});

onDevices("keepTopK() of scores whose samples mislead", async (device) => {
  // Great scores only where no sample of the device falls for most stretches: the bracket misses, the result must not.
  const n = 2 ** 16, spike = (i: number) => i % 32 === 0 ? 1000 + i : i % 1024;
  for (const offset of [0, 7, 13]) {
    const data = Float64Array.from({ length: n }, (_, i) => spike(i + offset));
    await checkMasks(device, `spikes ${offset}`, { x: tensor([n], data) }, [100, 2000, 2048, 2100, n >> 1]);
  }
});
