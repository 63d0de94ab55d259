/**
 * Sorting and selecting at scale: the bitonic sort beside `Float32Array.sort`, and the exact mask of all weights of
 * BERT-base in tensors of their real shapes.
 *
 * @module
 */
import {
  add,
  argsort,
  type HostTensor,
  hostTensor,
  keepTopK,
  packBits,
  sizeOf,
  type Tensor,
  zeros,
} from "../../../engine/mod.ts";
import { uniformSource } from "../data.ts";
import { compileStep, countsOf, type NamedTensors, type OpenBench } from "../ours/task.ts";
import { failedRow, rowOf } from "../result.ts";
import { summarize } from "../statistics.ts";
import type { OwnFigure, When } from "./figure.ts";
import { onDevices, sampled } from "./on_devices.ts";
import { keepByRadix } from "./references.ts";

const BUDGET_MS = 1500;
const GB = 1e9;

function scoresOf(count: number, seed: number): Float32Array {
  const next = uniformSource(seed);
  return Float32Array.from({ length: count }, () => Math.abs(next() + next() + next() - 1.5));
}

/** Milliseconds of `work`, waiting for the device. */
async function timeOf({ sync }: OpenBench, work: () => void): Promise<number> {
  const start = performance.now();
  work();
  await sync();
  return performance.now() - start;
}

/** Gigabytes that a sort of 2^power f32 moves on WebGPU: keys, tiles, and a read and a write of all pairs per pass. */
function sortedGigabytes(power: number, dispatches: number): number {
  const count = 2 ** power, passes = dispatches - 3;
  // Keys 4 + 4; tiles 4 + 8; passes 8 + 8, the last of which writes positions only.
  return count * (8 + 12 + 16 * passes - 4) / GB;
}

/** `argsort` of 2^power numbers. */
function sortFigure(power: number, when: When): OwnFigure {
  const name = `bitonic-sort-2^${power}`;
  return onDevices(name, when, async (bench) => {
    const x = scoresOf(2 ** power, 1);
    const state = { x: hostTensor(x), order: zeros({ shape: [x.length], dtype: "u32" }) };
    const step = ({ x }: { x: Tensor }) => ({ state: { x, order: argsort(x) }, metrics: {} });
    using compiled = await compileStep(bench.device, step, state);
    compiled.run({});
    const order = (await compiled.state.read("order")).data;
    for (let i = 1; i < order.length; i++) {
      if (!(x[order[i - 1]!]! <= x[order[i]!]!)) return [failedRow(name, bench.kind, `not sorted at ${i}`)];
    }
    const ours = await sampled(() => timeOf(bench, () => compiled.run({})), BUDGET_MS);
    const theirs = await sampled(() => {
      const copy = x.slice(), start = performance.now();
      copy.sort();
      return performance.now() - start;
    }, BUDGET_MS);
    const { dispatches } = countsOf(compiled) as { dispatches: number };
    const moved: Record<string, number> = { dispatches, "GB moved": sortedGigabytes(power, dispatches) };
    const counts = bench.kind === "cpu" ? {} : moved;
    const peer = { name: "Float32Array.sort (values only)", summary: summarize(theirs) };
    return [rowOf(name, bench.kind, summarize(ours), peer, { counts })];
  });
}

/** Shapes of the prunable weights of BERT-base: 85,524,480 in all. */
function bertShapes(): Record<string, readonly number[]> {
  const shapes: Record<string, readonly number[]> = {};
  for (let layer = 0; layer < 12; layer++) {
    const of = (name: string) => `encoder.layer.${layer}.${name}.weight`;
    for (const name of ["query", "key", "value"]) shapes[of(`attention.self.${name}`)] = [768, 768];
    shapes[of("attention.output.dense")] = [768, 768];
    shapes[of("intermediate.dense")] = [3072, 768];
    shapes[of("output.dense")] = [768, 3072];
  }
  return { ...shapes, "pooler.dense.weight": [768, 768] };
}

/** GB/s of the simplest kernel that reads and writes a large tensor. */
async function bandwidthOf(bench: OpenBench): Promise<number> {
  const count = 2 ** 24;
  const state = { x: hostTensor(new Float32Array(count)), y: hostTensor(new Float32Array(count)) };
  const step = ({ x }: { x: Tensor }) => ({ state: { x, y: add(x, 1) }, metrics: {} });
  using compiled = await compileStep(bench.device, step, state);
  await timeOf(bench, () => compiled.run({}));
  const { median } = summarize(await sampled(() => timeOf(bench, () => compiled.run({})), 500));
  return 8 * count / (median / 1000) / GB;
}

/**
 * The mask of the greatest tenth of BERT-base's weights, or, with half of them pruned before (score 0), of 49 %.
 *
 * Bytes of the way without ties: scores read and keys written, keys read for the candidates and for the masks.
 */
function bertFigure(pruned: boolean): OwnFigure {
  const name = pruned ? "keep-top-k-bert-base-half-pruned" : "keep-top-k-bert-base";
  return onDevices(name, "named", async (bench) => {
    const shapes = Object.entries(bertShapes()), next = uniformSource(7);
    const scores: Record<string, HostTensor> = {}, masks: Record<string, HostTensor> = {};
    let total = 0;
    for (const [name, shape] of shapes) {
      const data = scoresOf(sizeOf({ shape }), total + 1);
      if (pruned) { for (let i = 0; i < data.length; i++) if (next() < 0.5) data[i] = 0; }
      scores[name] = hostTensor(data, shape);
      masks[name] = zeros({ shape: [data.length / 32], dtype: "u32" });
      total += data.length;
    }
    const k = Math.floor((pruned ? 0.49 : 0.1) * total);
    const keep = { keep: { shape: [], dtype: "u32", data: Uint32Array.of(k) } } as const;
    const step = ({ scores }: { scores: NamedTensors }, { keep }: NamedTensors) => {
      const kept = keepTopK(scores, keep!);
      return {
        state: { scores, masks: Object.fromEntries(Object.entries(kept).map(([name, m]) => [name, packBits(m)])) },
        metrics: {},
      };
    };
    const types = { keep: { shape: [], dtype: "u32" } } as const;
    using compiled = await compileStep(bench.device, step as never, { scores, masks }, types);
    compiled.run(keep);
    let kept = 0;
    for (const [name] of shapes) {
      for (let word of (await compiled.state.read(`masks/${name}`)).data) {
        for (; word; word = (word & (word - 1)) >>> 0) kept++;
      }
    }
    if (kept !== k) return [failedRow(name, bench.kind, `keeps ${kept}, not ${k}`)];
    const ours = summarize(await sampled(() => timeOf(bench, () => compiled.run(keep)), 2 * BUDGET_MS));
    const moved = 16.125 * total / GB, bandwidth = await bandwidthOf(bench);
    const flat = new Float32Array(total);
    let at = 0;
    for (const { data } of Object.values(scores)) {
      flat.set(data as Float32Array, at);
      at += data.length;
    }
    const theirs = summarize(
      await sampled(() => {
        const start = performance.now();
        keepByRadix(flat, k);
        return performance.now() - start;
      }, BUDGET_MS),
    );
    const counts = {
      scores: total,
      dispatches: countsOf(compiled).dispatches!,
      "GB moved": moved,
      "share of bandwidth": moved / (ours.median / 1000) / bandwidth,
    };
    const peer = { name: "JavaScript radix select", summary: theirs };
    return [rowOf(name, bench.kind, ours, peer, { counts })];
  });
}

/** Figures of sorting and of selection over a whole model. */
export const sortingFigures: readonly OwnFigure[] = [
  sortFigure(20, "always"),
  sortFigure(24, "named"),
  bertFigure(false),
  bertFigure(true),
];
