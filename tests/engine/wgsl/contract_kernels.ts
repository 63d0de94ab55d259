/**
 * Contractions of any shape, with operands that lie as the letters say.
 *
 * @module
 */
import type { Index } from "../../../engine/compile/index.ts";
import type { ContractKernel, Expr } from "../../../engine/compile/kernel.ts";
import { accumulator, argsOf, axes, constant, linearize, load, op, store } from "./support.ts";

export interface Shape {
  readonly batch: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

export interface Parts {
  readonly args: ContractKernel["args"];
  readonly a: (b: readonly Index[], m: Index, k: Index) => Expr;
  readonly b: (b: readonly Index[], k: Index, n: Index) => Expr;
  readonly stores: (b: readonly Index[], m: Index, n: Index) => ContractKernel["stores"];
}

/** A contraction from its parts. */
export function contract({ batch, m, n, k }: Shape, parts: Parts): ContractKernel {
  const at = axes([...batch, m, n, k]), rank = batch.length, b = at.slice(0, rank);
  const [im, jn, ik] = [at[rank]!, at[rank + 1]!, at[rank + 2]!];
  return {
    kind: "contract",
    label: `contract ${batch}|${m}x${n}x${k}`,
    args: parts.args,
    batch,
    m,
    n,
    k,
    a: parts.a(b, im, ik),
    b: parts.b(b, ik, jn),
    stores: parts.stores(b, im, jn),
  };
}

/** Which operands are stored transposed. */
export type Lie = "NN" | "NT" | "TN" | "TT";

/** A plain product; `mode` says which operands are stored transposed. */
export function product(shape: Shape, mode: Lie): ContractKernel {
  const { batch, m, n, k } = shape, count = batch.reduce((p, s) => p * s, 1);
  return contract(shape, {
    args: argsOf([["read", count * m * k], ["read", count * k * n], ["write", count * m * n]]),
    a: (b, i, l) =>
      load(0, mode[0] === "N" ? linearize([...b, i, l], [...batch, m, k]) : linearize([...b, l, i], [...batch, k, m])),
    b: (b, l, j) =>
      load(1, mode[1] === "N" ? linearize([...b, l, j], [...batch, k, n]) : linearize([...b, j, l], [...batch, n, k])),
    stores: (b, i, j) => [store(2, linearize([...b, i, j], [...batch, m, n]), accumulator)],
  });
}

/** A masked weight, a bias, an activation and a residual in place; a second output before the residual. */
export function fused({ batch, m, n, k }: Shape): ContractKernel {
  return contract({ batch, m, n, k }, {
    args: argsOf([
      ["read", m * k],
      ["read", n * k],
      ["read", n * k, "u32"],
      ["read", n],
      ["update", m * n],
      ["write", m * n],
      ["read", m],
    ]),
    a: (_, i, l) => op("mul", [load(0, linearize([i, l], [m, k])), load(6, i)]),
    b: (_, l, j) => {
      const at = linearize([j, l], [n, k]);
      return op("select", [op("less", [constant(40, "u32"), load(2, at, "u32")], "bool"), load(1, at), constant(0)]);
    },
    stores: (_, i, j) => {
      const at = linearize([i, j], [m, n]), biased = op("add", [accumulator, load(3, j)]);
      return [
        store(5, at, biased),
        store(4, at, op("add", [op("mul", [biased, op("erf", [biased])]), load(4, at)])),
      ];
    },
  });
}
