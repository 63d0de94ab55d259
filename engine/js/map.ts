/**
 * Map kernels: one nest of loops, all values, then all stores; the innermost one as a vector loop where that can be.
 *
 * @module
 */
import { strideAlong } from "../compile/index.ts";
import type { MapKernel, Store } from "../compile/kernel.ts";
import { CELL_BYTES } from "../wasm/vector.ts";
import { type Emitted, finish, shareOf } from "./code.ts";
import { closeLoops, type Context, emitStores, type Loop, newContext, openLoops, startLoop } from "./expr.ts";
import { rootFrame } from "./frame.ts";
import { type Axis, indicesOf, rewriter, simplifySpace } from "./space.ts";
import { addressOf, canVectorize, emitVectorLoop, vectorConstants, type Vectors } from "./vector.ts";

/** Code of a map kernel. */
export function emitMap(kernel: MapKernel): Emitted {
  const indices = kernel.stores.flatMap((store) => [store.index, ...indicesOf([store.value])]);
  const space = simplifySpace([kernel.dims], indices);
  const stores = kernel.stores.map(rewriter(space).store);
  const values = stores.map((store) => store.value);
  const nest = loopsOf(space.axes, 0);
  const context = newContext();
  const root = rootFrame();
  const contiguous = stores.every((store) => strideAlong(store.index, nest.at(-1)!.axis) === 1);
  startLoop(context, values);
  if (contiguous && canVectorize(context, nest.at(-1)!, values)) return emitVectorMap(kernel, context, nest, stores);
  const loops = openLoops(root, nest);
  emitStores(context, loops.at(-1)!, stores);
  closeLoops(loops, nest, shareOf(root, nest[0]!.size));
  return finish(context, root, kernel.args.length, nest[0]!.size);
}

/** The same with the innermost loop as a vector loop. */
function emitVectorMap(
  kernel: MapKernel,
  context: Context,
  nest: readonly Loop[],
  stores: readonly Store[],
): Emitted {
  const { axis, size } = nest.at(-1)!;
  const vectors: Vectors = { functions: [] };
  const root = rootFrame();
  root.lines.push("const cells = heap.scratch | 0;");
  const [low, high] = shareOf(root, nest[0]!.size);
  const around = openLoops(root, nest.slice(0, -1));
  const [from, count] = around.length ? ["0", String(size)] : [low, `${high} - ${low}`];
  const span = { axis, from, count };
  const frame = around.at(-1) ?? root;
  emitVectorLoop(vectors, context, frame, span, {
    folds: [],
    stores: stores.map(({ arg, index, value }) => ({ address: addressOf(frame, index, arg, span), value })),
  });
  if (around.length) closeLoops(around, nest, [low, high]);
  const constants = vectorConstants(vectors);
  return finish(context, root, kernel.args.length, nest[0]!.size, { constants, scratchBytes: CELL_BYTES });
}

/** Loops over the axes of a group; where it has none, one round over an axis of its own. */
export function loopsOf(axes: readonly Axis[], group: number): readonly Loop[] {
  const loops = axes.flatMap((axis, number) => axis.group === group ? [{ axis: number, size: axis.size }] : []);
  return loops.length ? loops : [{ axis: axes.length + group, size: 1 }];
}
