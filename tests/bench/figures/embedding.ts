/**
 * The gradient of an embedding: rows of a gradient summed by token id, `scatterAdd` beside the other ways to get it.
 *
 * @module
 */
import { cast, equal, hostTensor, iota, matmul, reshape, scatterAdd, type Tensor, zeros } from "../../../engine/mod.ts";
import { uniformSource } from "../data.ts";
import { type Compiled, compileStep, countsOf, type NamedTensors, type OpenBench } from "../ours/task.ts";
import { failedRow, rowOf } from "../result.ts";
import { summarize } from "../statistics.ts";
import type { OwnFigure } from "./figure.ts";
import { onDevices, sampled } from "./on_devices.ts";

const BUDGET_MS = 1000;
/** Sizes of the table: BERT's vocabulary, BERT-tiny's width. */
const ROWS = 30522, WIDTH = 128;
/** Ids up to which the product with one-hot rows is timed: its work grows with ids times vocabulary. */
const MOST_ONE_HOT = 2048;

/** Ids as text has them: few that are frequent, many that are rare (log-uniform). */
function idsOf(count: number): Uint32Array {
  const next = uniformSource(11);
  return Uint32Array.from({ length: count }, () => Math.min(ROWS - 1, Math.floor(ROWS ** ((next() + 1) / 2)) - 1));
}

/** One loop over positions, as plain JavaScript. */
function plainLoop(ids: Uint32Array, updates: Float32Array, sums: Float32Array): void {
  sums.fill(0);
  ids.forEach((id, position) => {
    const from = position * WIDTH, to = id * WIDTH;
    for (let i = 0; i < WIDTH; i++) sums[to + i]! += updates[from + i]!;
  });
}

/** Equal up to rounding: updates are within 1, so sums of some hundred differ by far less than this in any order. */
const sameSums = (a: Float32Array, b: Float32Array): boolean =>
  a.length === b.length && a.every((sum, i) => Math.abs(sum - b[i]!) <= 1e-4);

const scattered = ({ ids, updates }: NamedTensors): Tensor => scatterAdd(ids!, updates!, ROWS);

/** The product of the one-hot rows' transpose with the updates; the one-hot rows exist in registers only. */
function oneHotProduct({ ids, updates }: NamedTensors): Tensor {
  const count = ids!.shape[0]!;
  return matmul(cast(equal(iota([ROWS, count]), reshape(ids!, [1, count])), "f32"), updates!);
}

function timed(bench: OpenBench, compiled: Compiled): Promise<number[]> {
  return sampled(async () => {
    const start = performance.now();
    compiled.run({});
    await bench.sync();
    return performance.now() - start;
  }, BUDGET_MS);
}

function embeddingFigure(count: number): OwnFigure {
  const name = `embedding-gradient-${count}`;
  return onDevices(name, "always", async (bench) => {
    const ids = idsOf(count), next = uniformSource(12);
    const updates = Float32Array.from({ length: count * WIDTH }, () => next());
    const expected = new Float32Array(ROWS * WIDTH);
    plainLoop(ids, updates, expected);
    const state = {
      ids: hostTensor(ids),
      updates: hostTensor(updates, [count, WIDTH]),
      sums: zeros({ shape: [ROWS, WIDTH], dtype: "f32" }),
    };
    /** Compiles a way, checks its result and hands it to `use`. */
    const tried = async <R>(way: (state: NamedTensors) => Tensor, use: (compiled: Compiled) => Promise<R>) => {
      const step = (state: NamedTensors) => ({ state: { ...state, sums: way(state) }, metrics: {} });
      using compiled = await compileStep(bench.device, step as never, state);
      compiled.run({});
      const { data } = await compiled.state.read("sums");
      if (!sameSums(data as Float32Array, expected)) return undefined;
      return await use(compiled);
    };
    const ours = await tried(scattered, async (compiled) => ({
      times: summarize(await timed(bench, compiled)),
      counts: { dispatches: countsOf(compiled).dispatches! },
    }));
    if (!ours) return [failedRow(name, bench.kind, "scatterAdd differs from the plain loop")];
    const sums = new Float32Array(ROWS * WIDTH);
    const loop = await sampled(() => {
      const start = performance.now();
      plainLoop(ids, updates, sums);
      return performance.now() - start;
    }, BUDGET_MS / 2);
    const peers = [{ name: "JavaScript loop", summary: summarize(loop) }];
    if (count <= MOST_ONE_HOT) {
      const product = await tried(oneHotProduct, (compiled) => timed(bench, compiled));
      if (!product) return [failedRow(name, bench.kind, "the one-hot product differs from the plain loop")];
      peers.unshift({ name: "our one-hot product", summary: summarize(product) });
    }
    return peers.map((peer) => rowOf(name, bench.kind, ours.times, peer, { counts: ours.counts }));
  });
}

/** The gradient of an embedding for batches of 2,048 and 8,192 tokens. */
export const embeddingFigures: readonly OwnFigure[] = [embeddingFigure(2048), embeddingFigure(8192)];
