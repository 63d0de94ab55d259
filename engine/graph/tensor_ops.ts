/**
 * Structural primitives: one record each. `kind` is all that lowering needs to know; `evaluate` is the meaning, in plain
 * f64 loops, for the oracle.
 *
 * @module
 */
import {
  apply,
  type Dtype,
  formatType,
  type Params,
  type Primitive,
  sameShape,
  ShapeError,
  sizeOf,
  type Tensor,
  type Type,
} from "./node.ts";
import { constantOp, scalarOps } from "./scalar_ops.ts";
import { selectScratch, sortScratch } from "./scratch.ts";

/** A value in the oracle: every element as f64 (integers exact, booleans 0 or 1), row-major. */
export type Values = Float64Array;

/** A primitive that is not elementwise. */
export interface StructuralPrimitive extends Primitive {
  /** Reference meaning: operands and result as f64, row-major. */
  evaluate(inputs: readonly Values[], node: Tensor): Values;
  /** Opaque kernels: types of the scratch buffers they need. */
  scratch?(node: Tensor): readonly Type[];
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
const constant = (value: number, shape: readonly number[], dtype: Dtype): Tensor =>
  apply(constantOp, [], { value, shape: [...shape], dtype });

function fail(op: string, problem: string, remedy: string): never {
  throw new ShapeError(`${op}: ${problem}; ${remedy}`);
}

/** Row-major strides. */
function strides(shape: readonly number[]): number[] {
  const result = new Array<number>(shape.length);
  for (let axis = shape.length - 1, stride = 1; axis >= 0; stride *= shape[axis]!, axis--) result[axis] = stride;
  return result;
}

/** Calls `visit(linear, coordinates)` for every element of `shape` in row-major order. */
function forEach(shape: readonly number[], visit: (linear: number, at: readonly number[]) => void): void {
  const count = product(shape);
  const at = new Array<number>(shape.length).fill(0);
  for (let linear = 0; linear < count; linear++) {
    visit(linear, at);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++at[axis]! < shape[axis]!) break;
      at[axis] = 0;
    }
  }
}

/** Fills the result of `node` element by element. */
function tabulate(node: Tensor, value: (at: readonly number[], linear: number) => number): Values {
  const out = new Float64Array(sizeOf(node));
  forEach(node.shape, (linear, at) => out[linear] = value(at, linear));
  return out;
}

const dot = (at: readonly number[], steps: readonly number[]): number => {
  let sum = 0;
  for (let axis = 0; axis < steps.length; axis++) sum += at[axis]! * steps[axis]!;
  return sum;
};

/** A program input: leaf number `index` of the traced arguments. */
export const inputOp: StructuralPrimitive = {
  name: "input",
  kind: "leaf",
  infer: (_, { shape, dtype }) => ({ shape, dtype }),
  evaluate: () => {
    throw new Error("input: the oracle takes values of inputs from its caller");
  },
};

/** Data known when the graph is built; `attachment` is the typed array. */
export const literalOp: StructuralPrimitive = {
  name: "literal",
  kind: "leaf",
  infer: (_, { shape, dtype }) => ({ shape, dtype }),
  evaluate: (_, node) => Float64Array.from(node.attachment as ArrayLike<number>),
};

/** Coordinates along one axis: element (..., i, ...) is i. */
export const iotaOp: StructuralPrimitive = {
  name: "iota",
  kind: "leaf",
  infer(_, { shape, axis, dtype }) {
    if (!(axis >= 0 && axis < shape.length)) {
      fail("iota", `axis ${axis} of [${shape.join()}]`, "name an axis of the shape");
    }
    return { shape, dtype };
  },
  evaluate: (_, node) => tabulate(node, (at) => at[node.params.axis]!),
};

/** Another shape over the same elements in row-major order. */
export const reshapeOp: StructuralPrimitive = {
  name: "reshape",
  kind: "view",
  infer([x], { shape }) {
    if (product(shape) !== sizeOf(x!) || shape.some((size: number) => !(Number.isInteger(size) && size >= 0))) {
      fail(
        "reshape",
        `${formatType(x!)} has ${sizeOf(x!)} elements, [${shape.join()}] has ${product(shape)}`,
        "keep the number of elements",
      );
    }
    return { shape, dtype: x!.dtype };
  },
  vjp: (g, { inputs: [x] }) => [apply(reshapeOp, [g], { shape: [...x!.shape] })],
  evaluate: ([x]) => x!,
};

/** Axis i of the result is axis `axes[i]` of the operand. */
export const permuteOp: StructuralPrimitive = {
  name: "permute",
  kind: "view",
  infer([x], { axes }: Params) {
    const sorted = [...axes].sort((a: number, b: number) => a - b);
    if (axes.length !== x!.shape.length || sorted.some((axis: number, i: number) => axis !== i)) {
      fail("permute", `axes [${axes.join()}] of ${formatType(x!)}`, "name every axis once");
    }
    return { shape: axes.map((axis: number) => x!.shape[axis]!), dtype: x!.dtype };
  },
  vjp(g, { params: { axes } }) {
    const inverse = new Array<number>(axes.length);
    axes.forEach((axis: number, i: number) => inverse[axis] = i);
    return [apply(permuteOp, [g], { axes: inverse })];
  },
  evaluate([x], node) {
    const from = strides(node.inputs[0]!.shape);
    const steps = node.params.axes.map((axis: number) => from[axis]!);
    return tabulate(node, (at) => x![dot(at, steps)]!);
  },
};

/** Repeats: axis i of the operand becomes axis `axes[i]` of `shape`; its size is the same there, or 1. */
export const broadcastOp: StructuralPrimitive = {
  name: "broadcast",
  kind: "view",
  infer([x], { shape, axes }: Params) {
    const ascending = axes.every((axis: number, i: number) => i === 0 || axis > axes[i - 1]);
    const fits = x!.shape.every((size, i) => size === 1 || size === shape[axes[i]]);
    if (axes.length !== x!.shape.length || !ascending || !fits) {
      fail(
        "broadcast",
        `${formatType(x!)} does not fit [${shape.join()}] at axes [${axes.join()}]`,
        "sizes must be equal or 1",
      );
    }
    return { shape, dtype: x!.dtype };
  },
  vjp(g, { inputs: [x], params: { shape, axes } }) {
    const folded = shape.map((_: number, axis: number) => axis)
      .filter((axis: number) => !axes.includes(axis) || (x!.shape[axes.indexOf(axis)] === 1 && shape[axis] !== 1));
    const sum = folded.length ? apply(sumOp, [g], { axes: folded }) : g;
    return [apply(reshapeOp, [sum], { shape: [...x!.shape] })];
  },
  evaluate([x], node) {
    const from = strides(node.inputs[0]!.shape);
    const steps = new Array<number>(node.shape.length).fill(0);
    node.params.axes.forEach((axis: number, i: number) => steps[axis] = node.inputs[0]!.shape[i] === 1 ? 0 : from[i]!);
    return tabulate(node, (at) => x![dot(at, steps)]!);
  },
};

/** Elements `start, start + step, ...` below `stop` along each axis. */
export const sliceOp: StructuralPrimitive = {
  name: "slice",
  kind: "view",
  infer([x], { start, stop, step }: Params) {
    const shape = x!.shape.map((size, axis) => {
      if (!(start[axis] >= 0 && start[axis] <= stop[axis] && stop[axis] <= size && step[axis] >= 1)) {
        fail(
          "slice",
          `[${start}]..[${stop}] by [${step}] of ${formatType(x!)}`,
          "0 <= start <= stop <= size and step >= 1",
        );
      }
      return Math.ceil((stop[axis] - start[axis]) / step[axis]);
    });
    return { shape, dtype: x!.dtype };
  },
  vjp(g, { inputs: [x], params: { start, step } }) {
    // Between the elements of a stepped slice the gradient is 0: spread by padding each element's own axis.
    let spread = g;
    step.forEach((by: number, axis: number) => {
      if (by === 1) return;
      const { shape } = spread;
      const split = [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)];
      const padded = pad(
        apply(reshapeOp, [spread], { shape: split }),
        split.map(() => 0),
        split.map((_, i) => i === axis + 1 ? by - 1 : 0),
      );
      const joined = apply(reshapeOp, [padded], { shape: shape.map((size, i) => i === axis ? size * by : size) });
      spread = apply(sliceOp, [joined], {
        start: shape.map(() => 0),
        stop: joined.shape.map((size, i) => i === axis ? Math.min(size, x!.shape[axis]! - start[axis]) : size),
        step: shape.map(() => 1),
      });
    });
    return [pad(spread, start, x!.shape.map((size, axis) => size - start[axis] - spread.shape[axis]!))];
  },
  evaluate([x], node) {
    const from = strides(node.inputs[0]!.shape);
    const base = dot(node.params.start, from);
    const steps = from.map((stride, axis) => stride * node.params.step[axis]);
    return tabulate(node, (at) => x![base + dot(at, steps)]!);
  },
};

const pad = (x: Tensor, low: readonly number[], high: readonly number[]): Tensor =>
  apply(padOp, [x], { low: [...low], high: [...high], value: 0 });

/** `low[i]` elements of `value` before and `high[i]` after the operand along axis i. */
export const padOp: StructuralPrimitive = {
  name: "pad",
  kind: "piecewise",
  infer([x], { low, high }: Params) {
    if (
      low.length !== x!.shape.length || high.length !== low.length || [...low, ...high].some((n: number) => !(n >= 0))
    ) {
      fail("pad", `low [${low}], high [${high}] for ${formatType(x!)}`, "give one count >= 0 for each axis");
    }
    return { shape: x!.shape.map((size, axis) => low[axis] + size + high[axis]), dtype: x!.dtype };
  },
  vjp: (g, { inputs: [x], params: { low } }) => [
    apply(sliceOp, [g], {
      start: [...low],
      stop: x!.shape.map((size, axis) => low[axis] + size),
      step: low.map(() => 1),
    }),
  ],
  evaluate([x], node) {
    const { shape } = node.inputs[0]!;
    const from = strides(shape);
    const { low, value } = node.params;
    return tabulate(node, (at) => {
      let linear = 0;
      for (let axis = 0; axis < shape.length; axis++) {
        const c = at[axis]! - low[axis];
        if (c < 0 || c >= shape[axis]!) return value;
        linear += c * from[axis]!;
      }
      return x![linear]!;
    });
  },
};

/** Operands one after the other along `axis`. */
export const concatOp: StructuralPrimitive = {
  name: "concat",
  kind: "piecewise",
  infer(inputs, { axis }: Params) {
    const [first] = inputs;
    if (!first || !(axis >= 0 && axis < first.shape.length)) {
      fail("concat", `axis ${axis}, ${inputs.length} operands`, "give operands of rank above the axis");
    }
    for (const x of inputs) {
      const fits = x.dtype === first.dtype && x.shape.length === first.shape.length &&
        x.shape.every((size, i) => i === axis || size === first.shape[i]);
      if (!fits) {
        fail(
          "concat",
          `${formatType(first)} and ${formatType(x)} along axis ${axis}`,
          "all other sizes and the types must agree",
        );
      }
    }
    const total = inputs.reduce((sum, x) => sum + x.shape[axis]!, 0);
    return { shape: first.shape.map((size, i) => i === axis ? total : size), dtype: first.dtype };
  },
  vjp(g, { inputs, params: { axis } }) {
    let from = 0;
    return inputs.map((x) => {
      const start = x.shape.map((_, i) => i === axis ? from : 0);
      from += x.shape[axis]!;
      return apply(sliceOp, [g], {
        start,
        stop: x.shape.map((size, i) => i === axis ? from : size),
        step: x.shape.map(() => 1),
      });
    });
  },
  evaluate(values, node) {
    const { axis } = node.params;
    return tabulate(node, (at) => {
      let c = at[axis]!;
      let which = 0;
      while (c >= node.inputs[which]!.shape[axis]!) c -= node.inputs[which++]!.shape[axis]!;
      const local = at.map((value, i) => i === axis ? c : value);
      return values[which]![dot(local, strides(node.inputs[which]!.shape))]!;
    });
  },
};

/** Puts back axes that a reduction folded away, as a broadcast to the operand's shape. */
function restore(reduced: Tensor, like: Tensor, axes: readonly number[]): Tensor {
  const kept = like.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  return apply(broadcastOp, [reduced], { shape: [...like.shape], axes: kept });
}

function reduction(
  name: string,
  start: (dtype: Dtype) => number,
  fold: (a: number, b: number) => number,
  vjp: StructuralPrimitive["vjp"],
): StructuralPrimitive {
  return {
    name,
    kind: "reduce",
    infer([x], { axes }: Params) {
      const valid = axes.every((axis: number, i: number) =>
        axis >= 0 && axis < x!.shape.length && (i === 0 || axis > axes[i - 1])
      );
      if (!axes.length || !valid) {
        fail(name, `axes [${axes}] of ${formatType(x!)}`, "name axes of the operand in ascending order, each once");
      }
      if (x!.dtype === "bool") fail(name, `operand ${formatType(x!)}`, "cast it to u32 or f32 first");
      return { shape: x!.shape.filter((_, axis) => !axes.includes(axis)), dtype: x!.dtype };
    },
    ...(vjp ? { vjp } : {}),
    evaluate([x], node) {
      const out = new Float64Array(sizeOf(node)).fill(start(node.dtype));
      const to = strides(node.shape);
      const steps = new Array<number>(node.inputs[0]!.shape.length).fill(0);
      let kept = 0;
      steps.forEach((_, axis) => node.params.axes.includes(axis) || (steps[axis] = to[kept++]!));
      forEach(node.inputs[0]!.shape, (linear, at) => {
        const i = dot(at, steps);
        out[i] = fold(out[i]!, x![linear]!);
      });
      if (node.dtype === "u32") return out.map((v) => v >>> 0);
      return node.dtype === "i32" ? out.map((v) => v | 0) : out;
    },
  };
}

/** Shares the cotangent of an extremum equally among the elements that attain it. */
const extremumVjp: StructuralPrimitive["vjp"] = (g, node) => {
  const [x] = node.inputs;
  const { axes } = node.params;
  const attained = apply(scalarOps.cast!, [apply(scalarOps.equal!, [x!, restore(node, x!, axes)])], {
    dtype: x!.dtype,
  });
  const share = apply(scalarOps.div!, [g, apply(sumOp, [attained], { axes })]);
  return [apply(scalarOps.mul!, [attained, restore(share, x!, axes)])];
};

const least: Record<Dtype, number> = { f32: -Infinity, f16: -Infinity, i32: -(2 ** 31), u32: 0, bool: 0 };
const greatest: Record<Dtype, number> = { f32: Infinity, f16: Infinity, i32: 2 ** 31 - 1, u32: 2 ** 32 - 1, bool: 1 };

/** Sum over `axes`, which the result no longer has. */
export const sumOp: StructuralPrimitive = reduction("sum", () => 0, (a, b) => a + b, (g, node) => [
  restore(g, node.inputs[0]!, node.params.axes),
]);
/** Largest element over `axes`. */
export const maxOp: StructuralPrimitive = reduction("reduceMax", (t) => least[t], (a, b) => a < b ? b : a, extremumVjp);
/** Smallest element over `axes`. */
export const minOp: StructuralPrimitive = reduction(
  "reduceMin",
  (t) => greatest[t],
  (a, b) => b < a ? b : a,
  extremumVjp,
);

/** `[..., m, k] x [..., k, n] -> [..., m, n]`, leading axes equal. Transposes are views of the operands and cost nothing. */
export const matmulOp: StructuralPrimitive = {
  name: "matmul",
  kind: "contract",
  infer([a, b]) {
    const types = `${formatType(a!)} x ${formatType(b!)}`;
    if (a!.dtype !== b!.dtype || (a!.dtype !== "f32" && a!.dtype !== "f16")) {
      fail("matmul", types, "both operands must be of one floating type");
    }
    if (
      a!.shape.length < 2 || a!.shape.length !== b!.shape.length ||
      !sameShape(a!.shape.slice(0, -2), b!.shape.slice(0, -2))
    ) {
      fail(
        "matmul",
        `batch axes differ, ${types}`,
        "give both the same leading axes (the function matmul broadcasts them)",
      );
    }
    if (a!.shape.at(-1) !== b!.shape.at(-2)) {
      fail("matmul", `inner sizes differ, ${types}`, "the last axis of the left is the last but one of the right");
    }
    return { shape: [...a!.shape.slice(0, -1), b!.shape.at(-1)!], dtype: a!.dtype };
  },
  vjp(g, { inputs: [a, b] }) {
    const transpose = (x: Tensor): Tensor => {
      const axes = x.shape.map((_, axis) => axis);
      axes.push(...axes.splice(-2).reverse());
      return apply(permuteOp, [x], { axes });
    };
    return [apply(matmulOp, [g, transpose(b!)]), apply(matmulOp, [transpose(a!), g])];
  },
  evaluate([a, b], node) {
    const k = node.inputs[0]!.shape.at(-1)!;
    const [m, n] = node.shape.slice(-2) as [number, number];
    const out = new Float64Array(sizeOf(node));
    for (let batch = 0; batch < out.length / (m * n); batch++) {
      for (let row = 0; row < m; row++) {
        for (let i = 0; i < k; i++) {
          const left = a![(batch * m + row) * k + i]!;
          for (let col = 0; col < n; col++) out[(batch * m + row) * n + col]! += left * b![(batch * k + i) * n + col]!;
        }
      }
    }
    return out;
  },
};

function checkIds(op: string, ids: Tensor): void {
  if (ids.dtype !== "u32" && ids.dtype !== "i32") fail(op, `ids ${formatType(ids)}`, "ids are u32 or i32");
}

/** Rows of a table by number: `[v, ...rest], ids [...n] -> [...n, ...rest]`; an id outside the table gives zeros. */
export const gatherOp: StructuralPrimitive = {
  name: "gather",
  kind: "opaque",
  infer([table, ids]) {
    checkIds("gather", ids!);
    if (table!.shape.length < 1) fail("gather", `table ${formatType(table!)}`, "the table needs an axis of rows");
    return { shape: [...ids!.shape, ...table!.shape.slice(1)], dtype: table!.dtype };
  },
  vjp: (g, { inputs: [table, ids] }) => [apply(scatterAddOp, [ids!, g], { rows: table!.shape[0]! }), null],
  evaluate([table, ids], node) {
    const width = sizeOf(node) / Math.max(1, ids!.length);
    const rows = node.inputs[0]!.shape[0]!;
    const out = new Float64Array(sizeOf(node));
    ids!.forEach((id, i) => {
      if (id >= 0 && id < rows) out.set(table!.subarray(id * width, (id + 1) * width), i * width);
    });
    return out;
  },
};

/** Sums updates into the rows that ids name, in ascending position: `ids [...n], updates [...n, ...rest] -> [rows, ...rest]`. */
export const scatterAddOp: StructuralPrimitive = {
  name: "scatterAdd",
  kind: "opaque",
  infer([ids, updates], { rows }: Params) {
    checkIds("scatterAdd", ids!);
    if (!sameShape(ids!.shape, updates!.shape.slice(0, ids!.shape.length))) {
      fail(
        "scatterAdd",
        `ids ${formatType(ids!)}, updates ${formatType(updates!)}`,
        "updates start with the axes of ids",
      );
    }
    return { shape: [rows, ...updates!.shape.slice(ids!.shape.length)], dtype: updates!.dtype };
  },
  vjp: (g, { inputs: [ids] }) => [null, apply(gatherOp, [g, ids!])],
  scratch: ({ inputs: [ids] }) => sortScratch(sizeOf(ids!)),
  evaluate([ids, updates], node) {
    const out = new Float64Array(sizeOf(node));
    const width = out.length / Math.max(1, node.params.rows);
    ids!.forEach((id, i) => {
      if (!(id >= 0 && id < node.params.rows)) return;
      for (let c = 0; c < width; c++) out[id * width + c]! += updates![i * width + c]!;
    });
    return out;
  },
};

/**
 * Where to cut: `keys u32 ..., k u32[] -> u32[2] = [T, L]`. Of all keys, numbered in the order of operands and
 * positions, exactly min(k, N) satisfy `key > T || (key == T && position < L)`: the k greatest, ties to the lowest
 * position.
 */
export const selectThresholdOp: StructuralPrimitive = {
  name: "selectThreshold",
  kind: "opaque",
  infer(inputs) {
    const keys = inputs.slice(0, -1);
    const k = inputs.at(-1)!;
    if (!keys.length || keys.some((key) => key.dtype !== "u32") || k.dtype !== "u32" || k.shape.length) {
      fail("selectThreshold", inputs.map(formatType).join(", "), "takes u32 keys and then k as a rank-0 u32");
    }
    const total = keys.reduce((sum, key) => sum + sizeOf(key), 0);
    if (total >= 2 ** 32) fail("selectThreshold", `${total} keys`, "at most 4,294,967,295 keys can be ranked together");
    return { shape: [2], dtype: "u32" };
  },
  scratch: ({ inputs }) => selectScratch(inputs.slice(0, -1).map(sizeOf)),
  evaluate(inputs) {
    const keys = inputs.slice(0, -1).flatMap((values) => [...values]);
    const k = Math.min(inputs.at(-1)![0]!, keys.length);
    if (k === 0) return Float64Array.of(2 ** 32 - 1, 0);
    if (k === keys.length) return Float64Array.of(0, keys.length);
    const order = keys.map((_, i) => i).sort((a, b) => keys[b]! - keys[a]! || a - b);
    const last = order[k - 1]!;
    return Float64Array.of(keys[last]!, last + 1);
  },
};

/**
 * Its first input, with a gradient of its own: `attachment` is `(cotangent, node) => cotangents of the further inputs`.
 * The further inputs are what the backward rule may read and give cotangents to. Lowering erases the marker.
 */
export const markerOp: StructuralPrimitive = {
  name: "withVjp",
  kind: "marker",
  infer: ([x]) => ({ shape: x!.shape, dtype: x!.dtype }),
  vjp(g, node) {
    const backward = node.attachment as (g: Tensor, node: Tensor) => readonly (Tensor | null)[];
    return [null, ...backward(g, node)];
  },
  evaluate: ([x]) => x!,
};

/** What `evaluate` needs of constants: they have no data of their own. */
export function evaluateConstant(node: Tensor): Values {
  return new Float64Array(sizeOf(node)).fill(node.params.value);
}

/** A constant tensor of one value. */
export function constantTensor(value: number, type: Type): Tensor {
  return constant(value, type.shape, type.dtype);
}
