/**
 * Random well-typed graphs: elementwise work, views, piecewise, reductions, products, rows by number and gradients,
 * mixed. Values stay of size 1 and every operation on floats is continuous, so rounding cannot blow up.
 *
 * @module
 */
import { grad } from "../../../engine/grad.ts";
import { sizeOf, type Tensor } from "../../../engine/graph/node.ts";
import { layerNorm, softmax } from "../../../engine/nn/mod.ts";
import * as o from "../../../engine/ops.ts";
import { generator } from "../../support/values.ts";
import { type Case, integers, randoms } from "./support.ts";
import { rounding } from "./tolerance.ts";

/** Longest chain of operations and longest reduction that a graph has: 25 nodes of up to 8 operations each. */
const TOLERANCE = rounding(256, 128);

const SIZES = [1, 2, 3, 4, 5, 8] as const;

/** Draws that a graph is made of. */
class Draw {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = generator(seed);
  }

  below(end: number): number {
    return Math.floor(this.#next() * end);
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  shape(rank = 1 + this.below(3)): number[] {
    return Array.from({ length: rank }, () => this.of(SIZES));
  }
}

/** `x` in another shape: flattened, cut or padded, reshaped. */
function fit(x: Tensor, shape: readonly number[]): Tensor {
  const wanted = sizeOf({ shape }), flat = o.reshape(x, [sizeOf(x)]);
  const cut = sizeOf(x) > wanted ? o.slice(flat, 0, 0, wanted) : flat;
  return o.reshape(sizeOf(x) < wanted ? o.pad(cut, 0, 0, wanted - sizeOf(x), 0.5) : cut, shape);
}

/** A random factorisation of the number of elements. */
function regroup(draw: Draw, x: Tensor): Tensor {
  const shape: number[] = [];
  let left = sizeOf(x);
  for (let i = 0; i < 3 && left > 1; i++) {
    const divisors = Array.from({ length: left }, (_, d) => d + 1).filter((d) => left % d === 0);
    const size = draw.of(divisors);
    shape.push(size);
    left /= size;
  }
  return o.reshape(x, [...shape, left]);
}

function shuffled(draw: Draw, x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  for (let i = axes.length - 1; i > 0; i--) {
    const j = draw.below(i + 1);
    [axes[i], axes[j]] = [axes[j]!, axes[i]!];
  }
  return o.permute(x, axes);
}

function view(draw: Draw, x: Tensor): Tensor {
  const axis = x.shape.length ? draw.below(x.shape.length) : 0;
  const size = x.shape[axis] ?? 1;
  switch (x.shape.length ? draw.below(6) : 0) {
    case 0:
      return regroup(draw, x);
    case 1:
      return shuffled(draw, x);
    case 2: {
      const start = draw.below(size);
      return o.slice(x, axis, start, start + 1 + draw.below(size - start), 1 + draw.below(2));
    }
    case 3:
      return sizeOf(x) > 128 ? x : o.broadcastTo(x, [draw.of([2, 3]), ...x.shape]);
    case 4:
      return o.pad(x, axis, draw.below(3), draw.below(3), draw.of([0, 0.5]));
    default:
      return sizeOf(x) > 128 ? x : o.concat([x, o.mul(x, 0.5), x].slice(0, 2 + draw.below(2)), axis);
  }
}

function unary(draw: Draw, x: Tensor): Tensor {
  switch (draw.below(8)) {
    case 0:
      return o.tanh(x);
    case 1:
      return o.neg(x);
    case 2:
      return o.abs(x);
    case 3:
      return o.exp(o.minimum(x, 0));
    case 4:
      return o.rsqrt(o.add(o.square(x), 1));
    case 5:
      return o.erf(x);
    case 6:
      return o.div(x, o.add(o.square(x), 1));
    default:
      return o.mul(x, 0.75);
  }
}

/** Flags that do not depend on floats: they are the same on all devices. */
function flags(draw: Draw, shape: readonly number[]): Tensor {
  const position = o.reshape(o.iota([sizeOf({ shape })]), shape);
  return o.less(o.rem(o.mul(position, draw.of([3, 7, 2654435761])), 8), draw.of([2, 4, 6]));
}

function binary(draw: Draw, x: Tensor, y: Tensor): Tensor {
  const other = draw.below(2) && x.shape.length ? fit(y, x.shape.slice(-1)) : fit(y, x.shape);
  switch (draw.below(6)) {
    case 0:
      return o.mul(o.add(x, other), 0.5);
    case 1:
      return o.mul(o.sub(x, other), 0.5);
    case 2:
      return o.maximum(x, other);
    case 3:
      return o.minimum(x, other);
    case 4:
      return o.where(flags(draw, x.shape), x, other);
    default:
      return o.mul(x, other);
  }
}

function reduction(draw: Draw, x: Tensor): Tensor {
  if (!x.shape.length) return x;
  const axes = x.shape.map((_, axis) => axis).filter(() => draw.below(2));
  const some = axes.length ? axes : [draw.below(x.shape.length)];
  const reduced = draw.of([o.mean, o.max, o.min, o.mean])(x, some, { keep: true });
  switch (draw.below(3)) {
    case 0:
      return o.mul(o.sub(x, reduced), 0.5);
    case 1:
      return reduced;
    default:
      return o.reshape(reduced, reduced.shape.filter((_, axis) => !some.includes(axis)));
  }
}

function product(draw: Draw, x: Tensor, y: Tensor): Tensor {
  const [m, n, k] = [draw.of(SIZES), draw.of(SIZES), draw.of(SIZES)];
  const batch = draw.below(2) ? [draw.of([2, 3])] : [];
  const a = draw.below(2) ? fit(x, [...batch, m, k]) : o.transpose(fit(x, [...batch, k, m]));
  const b = draw.below(2) ? fit(y, [...batch, k, n]) : o.transpose(fit(y, [...batch, n, k]));
  return o.mul(o.matmul(a, b), 1 / k);
}

function rows(draw: Draw, x: Tensor, ids: Tensor): Tensor {
  const wide = fit(x, [4, draw.of(SIZES)]);
  switch (draw.below(4)) {
    case 0:
      return o.gather(wide, o.rem(ids, 5));
    case 1:
      return o.mul(o.scatterAdd(o.rem(o.slice(ids, 0, 0, 4), 3), wide, 3), 0.25);
    case 2:
      return softmax(wide);
    default:
      return o.mul(layerNorm(fit(x, [4, 8]), fit(x, [8]), fit(x, [8]), 0.5), 0.5);
  }
}

/** The case of a seed: 5 to 25 nodes over three inputs, several of them outputs. */
export function randomGraph(seed: number): Case {
  const draw = new Draw(seed);
  const inputs = [randoms(draw.shape(), seed + 1), randoms(draw.shape(), seed + 2), integers([8], seed + 3, 100)];
  const build = (...[a, b, ids]: Tensor[]): Tensor[] => {
    const again = new Draw(seed + 7);
    const pool = [a!, b!];
    const pick = () => pool[Math.max(again.below(pool.length), again.below(pool.length))]!;
    const count = 5 + again.below(21);
    while (pool.length < count) {
      const x = pick();
      const next = (() => {
        switch (again.below(12)) {
          case 0:
          case 1:
            return unary(again, x);
          case 2:
          case 3:
          case 4:
            return binary(again, x, pick());
          case 5:
          case 6:
          case 7:
            return view(again, x);
          case 8:
            return reduction(again, x);
          case 9:
            return product(again, x, pick());
          case 10:
            return rows(again, x, ids!);
          default:
            return o.tanh(grad(o.mean(o.square(x)), again.of([a!, b!])));
        }
      })();
      pool.push(sizeOf(next) > 512 ? o.reshape(o.slice(o.reshape(next, [-1]), 0, 0, 60), [3, 4, 5]) : next);
    }
    return [...new Set([pool.at(-1)!, pick(), pick(), o.sum(pick())])];
  };
  return { name: `random graph ${seed}`, inputs, build, tolerance: TOLERANCE };
}
