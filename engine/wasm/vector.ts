/**
 * Elementwise loops and folds over contiguous f32 as WebAssembly SIMD: one function per innermost loop of a kernel.
 *
 * A loop reads and writes streams (addresses that advance by one element per round) and uniforms (values that stay the
 * same throughout). Four elements are computed at a time, and what is left over in one more round of which only the
 * valid lanes are stored or folded; it may read up to twelve bytes beyond a stream, which the memory allows for. Sums
 * are kept in f64.
 *
 * @module
 */
import type { Expr, Fold } from "../compile/kernel.ts";
import { branch, type Code, i32, type Local, loopWhile, v128, type WasmFunction, wasmFunction } from "./assembler.ts";
import { bits, doubles, float, floats, integers, storeLane } from "./simd.ts";
import { vectorRules } from "./vector_math.ts";

/** Most uniforms and folds of a loop. */
export const MOST_CELLS = 16;
/** Byte of the cells where results of folds begin; uniforms begin at 0. */
export const RESULTS: number = 4 * MOST_CELLS;
/** Bytes of the cells through which uniforms go in and results of folds come out. */
export const CELL_BYTES: number = 2 * RESULTS;

/** Where a leaf of an expression comes from, by number. */
export type Leaf = { readonly stream: number } | { readonly uniform: number };

/** One loop. All values are f32. */
export interface VectorLoop {
  readonly name: string;
  readonly streams: number;
  readonly uniforms: number;
  readonly leaves: ReadonlyMap<Expr, Leaf>;
  readonly folds: readonly { readonly fold: Fold; readonly value: Expr }[];
  readonly stores: readonly { readonly stream: number; readonly value: Expr }[];
}

/** True for values that a loop can compute from leaves. */
export function isVector(root: Expr, isLeaf: (expr: Expr) => boolean): boolean {
  if (root.dtype !== "f32" && root.dtype !== "bool") return false;
  if (isLeaf(root)) return root.dtype === "f32";
  if (root.kind === "constant") return root.dtype === "f32";
  if (root.kind !== "scalar" || !Object.hasOwn(vectorRules, root.op.name)) return false;
  return root.inputs.every((input) => isVector(input, isLeaf));
}

const swapHalves = (vector: Local): Code => v128.shuffle32([2, 3, 0, 1], vector.get, vector.get);

/** How a fold starts, takes in a vector, and ends in one number, which is stored at an address. */
interface FoldCode {
  readonly identity: number;
  readonly start: Code;
  readonly take: (value: Local) => Code;
  readonly finish: (base: Code, offset: number) => Code;
}

function foldCode(fold: Fold, local: () => Local): FoldCode {
  const low = local();
  if (fold === "sum") {
    const high = local();
    return {
      identity: 0,
      start: [],
      take: (value) => [
        ...low.set(doubles.add(low.get, doubles.promote(value.get))),
        ...high.set(doubles.add(high.get, doubles.promote(swapHalves(value)))),
      ],
      finish: (base, offset) => [
        ...low.set(doubles.add(low.get, high.get)),
        ...storeLane(base, doubles.demote(doubles.add(low.get, swapHalves(low))), 0, offset),
      ],
    };
  }
  const identity = fold === "max" ? -Infinity : Infinity;
  const better = fold === "max" ? floats.pmax : floats.pmin;
  return {
    identity,
    start: low.set(float(identity)),
    take: (value) => low.set(better(low.get, value.get)),
    finish: (base, offset) => [
      ...low.set(better(low.get, swapHalves(low))),
      ...storeLane(base, better(low.get, v128.shuffle32([1, 0, 3, 2], low.get, low.get)), 0, offset),
    ],
  };
}

/** The function `(count, cells, ...streams)` of a loop; addresses in bytes. */
export function vectorFunction(loop: VectorLoop): WasmFunction {
  const { name, leaves, folds, stores } = loop;
  return wasmFunction(name, 2 + loop.streams, ([count, cells, ...streams], local) => {
    const uniforms = Array.from({ length: loop.uniforms }, () => local("v128"));
    const valid = local("v128");
    const foldings = folds.map(({ fold }) => foldCode(fold, () => local("v128")));
    const round = (partial: boolean): Code => {
      const code: number[] = [];
      const known = new Map<Expr, Local>();
      const named = (value: Code): Local => {
        const own = local("v128");
        code.push(...own.set(value));
        return own;
      };
      const valueOf = (expr: Expr): Code => {
        if (expr.kind === "constant") return float(expr.value);
        const leaf = leaves.get(expr);
        if (leaf && "uniform" in leaf) return uniforms[leaf.uniform]!.get;
        let own = known.get(expr);
        if (!own) {
          if (leaf) own = named(v128.load(streams[leaf.stream]!.get));
          else if (expr.kind !== "scalar") throw new TypeError(`vector loop: a ${expr.kind} is no operation`);
          else own = named(vectorRules[expr.op.name]!(expr.inputs.map(valueOf), local));
          known.set(expr, own);
        }
        return own.get;
      };
      const values = stores.map(({ value }) => valueOf(value));
      folds.forEach(({ value }, i) => {
        const { identity, take } = foldings[i]!;
        const all = valueOf(value);
        code.push(...take(named(partial ? bits.select(all, float(identity), valid.get) : all)));
      });
      stores.forEach(({ stream }, i) => {
        const to = streams[stream]!.get, value = values[i]!;
        if (!partial) code.push(...v128.store(to, value));
        else {
          for (const lane of [0, 1, 2]) {
            code.push(...branch(i32.ltU(i32.const(lane), count!.get), storeLane(to, value, lane, 4 * lane)));
          }
        }
      });
      return code;
    };
    const atLeastFour = i32.geU(count!.get, i32.const(4));
    return [
      ...uniforms.flatMap((uniform, i) => uniform.set(v128.load32Splat(cells!.get, 4 * i))),
      ...foldings.flatMap(({ start }) => start),
      ...branch(
        atLeastFour,
        loopWhile(
          atLeastFour,
          round(false),
          ...streams.map((stream) => stream.set(i32.add(stream.get, i32.const(16)))),
          count!.set(i32.sub(count!.get, i32.const(4))),
        ),
      ),
      ...branch(count!.get, [
        ...valid.set(integers.gtS(integers.splat(count!.get), integers.of(0, 1, 2, 3))),
        ...round(true),
      ]),
      ...foldings.flatMap(({ finish }, i) => finish(cells!.get, RESULTS + 4 * i)),
    ];
  });
}
