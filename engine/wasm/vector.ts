/**
 * Elementwise loops and folds over contiguous elements as WebAssembly SIMD: one function per innermost loop of a kernel.
 *
 * A loop reads and writes streams (addresses that advance by one element per round), uniforms (values that stay the
 * same throughout) and ramps (integers that grow by a step). Four elements are computed at a time, and what is left over in one more round of which only the
 * valid lanes are stored or folded; it may read up to twelve bytes beyond a stream, which the memory allows for. Sums
 * are kept in f64.
 *
 * @module
 */
import type { Expr, Fold } from "../compile/kernel.ts";
import { branch, type Code, i32, type Local, loopWhile, v128, type WasmFunction, wasmFunction } from "./assembler.ts";
import { bits, integers, splatFloat, storeLane } from "./simd.ts";
import type { Parts } from "./vector_math.ts";
import { accumulate, foldCode, isWide, narrowed } from "./vector_folds.ts";
import { ruleOf } from "./vector_rules.ts";

/** Most uniforms and folds of a loop. */
export const MOST_CELLS = 16;
/** Byte of the cells where results of folds begin; uniforms begin at 0. */
export const RESULTS: number = 4 * MOST_CELLS;
/** Bytes of the cells through which uniforms go in and results of folds come out. */
export const CELL_BYTES: number = 2 * RESULTS;

/**
 * Where a leaf of an expression comes from, by number. A wide stream is one of f64. A ramp starts at a uniform. Flags are
 * 0 or all bits as uniforms.
 */
export type Leaf =
  | { readonly stream: number; readonly wide?: boolean }
  | { readonly uniform: number }
  | { readonly ramp: number; readonly step: number };

/** One loop. */
export interface VectorLoop {
  readonly name: string;
  readonly streams: number;
  readonly uniforms: number;
  readonly leaves: ReadonlyMap<Expr, Leaf>;
  readonly folds: readonly { readonly fold: Fold; readonly value: Expr }[];
  readonly stores: readonly { readonly stream: number; readonly value: Expr }[];
  /**
   * Folds into a stream, element by element: {@linkcode isWide} sums into one of f64. Whole vectors are written, up to
   * three elements beyond the last.
   */
  readonly accumulations: readonly { readonly stream: number; readonly fold: Fold; readonly value: Expr }[];
}

/** True for values that a loop can compute from leaves. */
export function isVector(root: Expr, isLeaf: (expr: Expr) => boolean): boolean {
  if (root.dtype === "f16") return false;
  if (root.kind === "constant" || isLeaf(root)) return true;
  if (root.kind !== "scalar" || !ruleOf(root)) return false;
  return root.inputs.every((input) => isVector(input, isLeaf));
}

function constantOf({ value, dtype }: Expr & { kind: "constant" }, { float, integer }: Parts): Code {
  return dtype === "f32" ? float(value) : integer(dtype === "bool" ? -Number(value !== 0) : value | 0);
}

/** The function `(count, cells, ...streams)` of a loop; addresses in bytes. */
export function vectorFunction(loop: VectorLoop): WasmFunction {
  const { name, leaves, folds, stores, accumulations } = loop;
  return wasmFunction(name, 2 + loop.streams, ([count, cells, ...streams], local) => {
    const uniforms = Array.from({ length: loop.uniforms }, () => local("v128"));
    const valid = local("v128");
    const foldings = folds.map(({ fold, value }) => foldCode(fold, value.dtype, () => local("v128")));
    const ramps = new Map<Expr, { readonly value: Local; readonly start: Local; readonly step: number }>();
    for (const [expr, leaf] of leaves) {
      if ("ramp" in leaf) ramps.set(expr, { value: local("v128"), start: uniforms[leaf.ramp]!, step: leaf.step });
    }
    const wide = new Set([
      ...accumulations.filter(({ fold, value }) => isWide(fold, value.dtype)).map(({ stream }) => stream),
      ...[...leaves.values()].flatMap((leaf) => "wide" in leaf && leaf.wide ? [leaf.stream] : []),
    ]);
    // Numbers that all rounds need: set up once.
    const setUp: number[] = [];
    const numbers = new Map<string, Local>();
    const number = (kind: string, value: number, code: () => Code): Code => {
      const key = `${kind} ${Object.is(value, -0) ? "-0" : value}`;
      let own = numbers.get(key);
      if (!own) {
        numbers.set(key, own = local("v128"));
        setUp.push(...own.set(code()));
      }
      return own.get;
    };
    const parts: Parts = {
      local,
      float: (value) => number("f32", Math.fround(value), () => splatFloat(value)),
      integer: (value) => number("i32", value, () => integers.splat(i32.const(value))),
    };
    const round = (partial: boolean): Code => {
      const code: number[] = [];
      const known = new Map<Expr, Local>();
      const named = (value: Code): Local => {
        const own = local("v128");
        code.push(...own.set(value));
        return own;
      };
      const valueOf = (expr: Expr): Code => {
        if (expr.kind === "constant") return constantOf(expr, parts);
        const leaf = leaves.get(expr);
        if (leaf && "uniform" in leaf) return uniforms[leaf.uniform]!.get;
        if (leaf && "ramp" in leaf) return ramps.get(expr)!.value.get;
        let own = known.get(expr);
        if (!own) {
          if (leaf) {
            const from = streams[leaf.stream]!.get;
            own = named(leaf.wide ? narrowed(from) : v128.load(from));
            if (expr.dtype === "bool") own = named(integers.ne(own.get, parts.integer(0)));
          } else if (expr.kind !== "scalar") throw new TypeError(`vector loop: a ${expr.kind} is no operation`);
          else own = named(ruleOf(expr)!(expr.inputs.map(valueOf), parts));
          known.set(expr, own);
        }
        return own.get;
      };
      const values = stores.map(({ value }) =>
        value.dtype === "bool" ? bits.and(valueOf(value), parts.integer(1)) : valueOf(value)
      );
      folds.forEach(({ value }, i) => {
        const { identity, take } = foldings[i]!;
        const all = valueOf(value);
        code.push(...take(named(partial ? bits.select(all, identity(parts), valid.get) : all)));
      });
      const added = accumulations.map(({ value }) => named(valueOf(value)));
      accumulations.forEach(({ stream, fold, value }, i) =>
        code.push(...accumulate(fold, value.dtype, streams[stream]!.get, added[i]!))
      );
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
    const [rounds, rest] = [round(false), round(true)];
    const starts = foldings.flatMap(({ start }) => start(parts));
    return [
      ...setUp,
      ...uniforms.flatMap((uniform, i) => uniform.set(v128.load32Splat(cells!.get, 4 * i))),
      ...starts,
      ...[...ramps.values()].flatMap(({ value, start, step }) =>
        value.set(integers.add(start.get, integers.of(0, step, 2 * step, 3 * step)))
      ),
      ...branch(
        atLeastFour,
        loopWhile(
          atLeastFour,
          rounds,
          ...streams.map((stream, i) => stream.set(i32.add(stream.get, i32.const(wide.has(i) ? 32 : 16)))),
          ...[...ramps.values()].map(({ value, step }) =>
            value.set(integers.add(value.get, integers.splat(i32.const(4 * step))))
          ),
          count!.set(i32.sub(count!.get, i32.const(4))),
        ),
      ),
      ...branch(count!.get, [
        ...valid.set(integers.gtS(integers.splat(count!.get), integers.of(0, 1, 2, 3))),
        ...rest,
      ]),
      ...foldings.flatMap(({ finish }, i) => finish(cells!.get, RESULTS + 4 * i)),
    ];
  });
}
