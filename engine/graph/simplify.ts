/**
 * Rules applied while nodes are built. None changes a value: there is no `x * 0 = 0` (x may be infinite), no
 * `x - x = 0`, no `x + 0 = x` (it would keep a negative zero). All executors see the simplified graph, so a property
 * test evaluates random graphs with and without the rules.
 *
 * @module
 */
import { apply, type Params, type Primitive, sameShape, setSimplifier, sizeOf, type Tensor } from "./node.ts";
import { constantTensor } from "./leaf_ops.ts";
import { broadcastOp, permuteOp, reshapeOp, sliceOp } from "./tensor_ops.ts";
import { scalarOps } from "./scalar_ops.ts";

const isConstant = (x: Tensor, value?: number): boolean =>
  x.op.name === "constant" && (value === undefined || Object.is(x.params.value, value));

function simplifyView(op: Primitive, x: Tensor, params: Params): Tensor | undefined {
  if (isConstant(x)) {
    const { shape } = op.infer([x], params);
    return constantTensor(x.params.value, { shape, dtype: x.dtype });
  }
  switch (op) {
    case reshapeOp:
      if (sameShape(params.shape, x.shape)) return x;
      if (x.op === reshapeOp) return apply(reshapeOp, [x.inputs[0]!], params);
      return undefined;
    case permuteOp:
      if (params.axes.every((axis: number, i: number) => axis === i)) return x;
      if (x.op === permuteOp) {
        return apply(permuteOp, [x.inputs[0]!], { axes: params.axes.map((axis: number) => x.params.axes[axis]) });
      }
      // Moving axes of size 1 only: the order of elements stays.
      if (sizeOf(x) > 0) {
        const moving = params.axes.filter((axis: number) => x.shape[axis] !== 1);
        if (moving.every((axis: number, i: number) => i === 0 || axis > moving[i - 1])) {
          return apply(reshapeOp, [x], { shape: params.axes.map((axis: number) => x.shape[axis]!) });
        }
      }
      return undefined;
    case broadcastOp:
      if (sizeOf(x) === params.shape.reduce((a: number, b: number) => a * b, 1)) {
        return apply(reshapeOp, [x], { shape: [...params.shape] });
      }
      if (x.op === broadcastOp) {
        return apply(broadcastOp, [x.inputs[0]!], {
          shape: params.shape,
          axes: x.params.axes.map((axis: number) => params.axes[axis]),
        });
      }
      return undefined;
    case sliceOp:
      return sameShape(op.infer([x], params).shape, x.shape) ? x : undefined;
    default:
      return undefined;
  }
}

function simplifyScalar(op: Primitive, inputs: readonly Tensor[], params: Params): Tensor | undefined {
  const [a, b, c] = inputs as [Tensor, Tensor, Tensor];
  switch (op) {
    case scalarOps.mul:
      return isConstant(b, 1) ? a : isConstant(a, 1) ? b : undefined;
    case scalarOps.div:
      return isConstant(b, 1) ? a : undefined;
    case scalarOps.sub:
      return isConstant(b, 0) ? a : undefined;
    case scalarOps.neg:
      if (isConstant(a) && a.dtype === "f32") return constantTensor(-a.params.value, a);
      return a.op === scalarOps.neg ? a.inputs[0] : undefined;
    case scalarOps.not:
      return a.op === scalarOps.not ? a.inputs[0] : undefined;
    case scalarOps.cast:
      return params.dtype === a.dtype ? a : undefined;
    case scalarOps.select:
      return isConstant(a, 1) ? b : isConstant(a, 0) ? c : undefined;
    default:
      return undefined;
  }
}

/** The rules: something simpler than `op(inputs)` of the same value, or nothing. */
export function simplify(op: Primitive, inputs: readonly Tensor[], params: Params): Tensor | undefined {
  if (op.kind === "view") return simplifyView(op, inputs[0]!, params);
  if (op.kind === "scalar") return simplifyScalar(op, inputs, params);
  return undefined;
}

setSimplifier(simplify);
