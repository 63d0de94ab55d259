/**
 * Structural primitives that rearrange, repeat, cut, join and fold: views, piecewise values and reductions. They stand
 * together because their gradients are one another.
 *
 * @module
 */
import { apply, type Dtype, formatType, type Params, sizeOf, type Tensor } from "./node.ts";
import { scalarOps } from "./scalar_ops.ts";
import { product, stridesOf } from "../shape.ts";
import { dot, fail, forEach, type StructuralPrimitive, tabulate } from "./structural.ts";

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
    const from = stridesOf(node.inputs[0]!.shape);
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
    const from = stridesOf(node.inputs[0]!.shape);
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
    const from = stridesOf(node.inputs[0]!.shape);
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
    const from = stridesOf(shape);
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
      return values[which]![dot(local, stridesOf(node.inputs[which]!.shape))]!;
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
      const to = stridesOf(node.shape);
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
