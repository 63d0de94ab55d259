/**
 * From what users wrote to what fusion expects: markers are erased, reductions fold one contiguous run of axes, and
 * long reductions of few results go in two stages. Chunks depend on shapes alone, so results do not depend on the
 * device or on the number of threads.
 *
 * @module
 */
import { barrierOp } from "../graph/barrier.ts";
import { apply, type Params, sizeOf, type Tensor, withTable } from "../graph/node.ts";
import { scalarOps } from "../graph/scalar_ops.ts";
import { concatOp, permuteOp, reshapeOp } from "../graph/tensor_ops.ts";

/** A reduction longer than this, of fewer results than {@linkcode FEW_RESULTS}, is split in two. */
const LONG_REDUCTION = 4096;
const FEW_RESULTS = 4096;
/** Most operands of a concatenation: fewer than any device lets a kernel bind. */
const MOST_PIECES = 6;

/** Rewrites the graph under `outputs`; the map gives for each old node its new one. */
export function lower(outputs: readonly Tensor[]): Map<Tensor, Tensor> {
  return withTable(() => {
    const done = new Map<Tensor, Tensor>();
    for (const node of reachable(outputs)) {
      if (node.op.kind === "marker") {
        done.set(node, done.get(node.inputs[0]!)!);
        continue;
      }
      let inputs: readonly Tensor[] = node.inputs.map((input) => done.get(input)!);
      // A hand-written kernel binds each operand once, and none that lies in another's buffer.
      if (node.op.kind === "opaque") {
        inputs = inputs.map((x, i) => inputs.slice(0, i).some(sameBuffer(x)) ? copyOf(x) : x);
      }
      if (node.op.name === "concat") inputs = fewPieces(inputs, node.params);
      const same = inputs.length === node.inputs.length && inputs.every((input, i) => input === node.inputs[i]);
      const lowered = node.op.kind === "reduce" ? lowerReduction(node, inputs[0]!) : undefined;
      done.set(node, lowered ?? (same ? node : apply(node.op, inputs, node.params, node.attachment)));
    }
    return done;
  });
}

/** Joins pieces in groups until they are few, so that a kernel may stop at a group. */
function fewPieces(pieces: readonly Tensor[], params: Params): readonly Tensor[] {
  if (pieces.length <= MOST_PIECES) return pieces;
  const groups: Tensor[] = [];
  for (let first = 0; first < pieces.length; first += MOST_PIECES) {
    const group = pieces.slice(first, first + MOST_PIECES);
    groups.push(group.length === 1 ? group[0]! : apply(concatOp, group, params));
  }
  return fewPieces(groups, params);
}

const sameBuffer = (x: Tensor) => (y: Tensor): boolean => storageOf(x) === storageOf(y);

/** The same value in storage of its own. */
export function copyOf(x: Tensor): Tensor {
  return apply(scalarOps.copy!, [x]);
}

/** Strips reshapes and barriers: the node whose buffer, read in row-major order, is this value. */
export function storageOf(node: Tensor): Tensor {
  return node.op.name === "reshape" || node.op === barrierOp ? storageOf(node.inputs[0]!) : node;
}

/** True for values that exist before the program runs. */
export function isGiven(node: Tensor): boolean {
  return node.op.name === "input" || node.op.name === "literal";
}

/** Nodes that `outputs` need, ascending. A marker needs its first input only. */
export function reachable(outputs: readonly Tensor[]): readonly Tensor[] {
  const seen = new Set<Tensor>();
  const stack = [...outputs];
  while (stack.length) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.op.kind === "marker") stack.push(node.inputs[0]!);
    else stack.push(...node.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

function lowerReduction(node: Tensor, x: Tensor): Tensor | undefined {
  const axes: readonly number[] = node.params.axes;
  const contiguous = axes.every((axis, i) => i === 0 || axis === axes[i - 1]! + 1);
  if (!contiguous) {
    const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
    const trailing = apply(permuteOp, [x], { axes: [...kept, ...axes] });
    const moved = apply(node.op, [trailing], { axes: axes.map((_, i) => kept.length + i) });
    return lowerReduction(moved, trailing) ?? moved;
  }
  const length = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
  const results = sizeOf(node);
  if (length === 1) return apply(reshapeOp, [x], { shape: [...node.shape] });
  if (length <= LONG_REDUCTION || results >= FEW_RESULTS) {
    return x === node.inputs[0] ? undefined : apply(node.op, [x], node.params);
  }
  const chunk = chunkOf(length);
  if (chunk === 1) return x === node.inputs[0] ? undefined : apply(node.op, [x], node.params);
  const before = x.shape.slice(0, axes[0]!);
  const after = x.shape.slice(axes.at(-1)! + 1);
  // Columns keep their chunks on the outside, rows likewise: element (chunk, i) is chunk * size + i.
  const split = apply(reshapeOp, [x], { shape: [...before, length / chunk, chunk, ...after] });
  const partial = apply(node.op, [split], { axes: [before.length + 1] });
  return apply(reshapeOp, [apply(node.op, [partial], { axes: [before.length] })], { shape: [...node.shape] });
}

/** The divisor of `length` nearest above its square root (both stages are then short), or 1 for primes. */
function chunkOf(length: number): number {
  for (let chunk = Math.ceil(Math.sqrt(length)); chunk < length; chunk++) {
    if (length % chunk === 0) return length / chunk > 1 ? chunk : 1;
  }
  return 1;
}
