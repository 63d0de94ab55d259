/**
 * Random steps: state leaves of a matrix's shape, of its rows and of its columns, replaced by values that mix all of
 * them. They provoke what is delicate in a plan: updates in place, swaps, readers before an overwrite, reductions and
 * broadcasts of the same frame.
 *
 * @module
 */
import { stopGradient } from "../../../engine/grad.ts";
import type { Tensor } from "../../../engine/graph/node.ts";
import { softmax } from "../../../engine/nn/mod.ts";
import * as o from "../../../engine/ops.ts";
import { generator } from "../../support/values.ts";
import { randoms } from "./support.ts";
import { rounding } from "./tolerance.ts";
import type { StepCase } from "./steps.ts";

type Pools = Record<"full" | "row" | "column", Tensor[]>;

/** The step of a seed, over a matrix of `rows` by `columns`. */
export function randomStep(seed: number): StepCase {
  const sizes = generator(seed);
  const rows = 2 + Math.floor(sizes() * 4), columns = 2 + Math.floor(sizes() * 6);
  const shapes = { m: [rows, columns], n: [rows, columns], p: [rows, columns], r: [rows], s: [rows], c: [columns] };
  const state = Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => [name, randoms(shape, seed * 10 + i)]),
  );
  const step = (s: Record<string, Tensor>, b: Record<string, Tensor>) => {
    const next = generator(seed + 1);
    const below = (end: number) => Math.floor(next() * end);
    const pools: Pools = { full: [s.m!, s.n!, s.p!, b.x!], row: [s.r!, s.s!], column: [s.c!] };
    const pick = (kind: keyof Pools): Tensor => {
      const pool = pools[kind];
      return pool[Math.max(below(pool.length), below(pool.length))]!;
    };
    const wide = (row: Tensor) => o.reshape(row, [rows, 1]);
    for (let count = 4 + below(12); count > 0; count--) {
      switch (below(10)) {
        case 0:
          pools.full.push(o.mul(o.add(pick("full"), pick("full")), 0.5));
          break;
        case 1:
          pools.full.push(o.mul(pick("full"), wide(pick("row"))));
          break;
        case 2:
          pools.full.push(o.mul(o.sub(pick("full"), pick("column")), 0.5));
          break;
        case 3:
          pools.row.push(o.mean(pick("full"), 1));
          break;
        case 4:
          pools.column.push(o.mean(pick("full"), 0));
          break;
        case 5:
          pools.full.push(softmax(pick("full")));
          break;
        case 6:
          pools.row.push(o.tanh(o.add(pick("row"), pick("row"))));
          break;
        case 7:
          pools.row.push(o.max(o.mul(pick("full"), pick("column")), 1));
          break;
        case 8:
          pools.full.push(o.mul(o.matmul(pick("full"), o.matmul(o.transpose(pick("full")), pick("full"))), 1 / 16));
          break;
        default:
          pools.full.push(o.reshape(o.transpose(o.reshape(pick("full"), [columns, rows])), [rows, columns]));
      }
    }
    const replace = (kind: keyof Pools, old: Tensor): Tensor => {
      switch (below(6)) {
        case 0:
          return old;
        case 1:
          return stopGradient(pools[kind][below(Math.min(3, pools[kind].length))]!);
        case 2:
          return o.mul(o.add(old, pick(kind)), 0.5);
        default:
          return pick(kind);
      }
    };
    return {
      state: {
        m: replace("full", s.m!),
        n: replace("full", s.n!),
        p: replace("full", s.p!),
        r: replace("row", s.r!),
        s: replace("row", s.s!),
        c: replace("column", s.c!),
      },
      metrics: {
        full: pick("full"),
        row: pick("row"),
        loss: o.mean(pick("full")),
        same: s.m!,
        old: stopGradient(s.r!),
      },
    };
  };
  const batches = [0, 1, 2].map((i) => ({ x: randoms([rows, columns], seed * 100 + i) }));
  return { name: `random step ${seed}`, state, batches, step, tolerance: rounding(64, 64) };
}
