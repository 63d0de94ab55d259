/**
 * Map kernels: one nest of loops, all values, then all stores.
 *
 * @module
 */
import type { MapKernel } from "../compile/kernel.ts";
import { type Emitted, finish, shareOf } from "./code.ts";
import { closeLoops, emitStores, type Loop, newContext, openLoops, startLoop } from "./expr.ts";
import { rootFrame } from "./frame.ts";
import { type Axis, indicesOf, rewriter, simplifySpace } from "./space.ts";

/** Code of a map kernel. */
export function emitMap(kernel: MapKernel): Emitted {
  const values = kernel.stores.map((store) => store.value);
  const space = simplifySpace([kernel.dims], [...indicesOf(values), ...kernel.stores.map((store) => store.index)]);
  const stores = kernel.stores.map(rewriter(space).store);
  const nest = loopsOf(space.axes, 0);
  const context = newContext();
  const root = rootFrame();
  const loops = openLoops(root, nest);
  startLoop(context, stores.map((store) => store.value));
  emitStores(context, loops.at(-1)!, stores);
  closeLoops(loops, nest, shareOf(root, nest[0]!.size));
  return finish(context, root, kernel.args.length, nest[0]!.size);
}

/** Loops over the axes of a group; where it has none, one round over an axis of its own. */
export function loopsOf(axes: readonly Axis[], group: number): readonly Loop[] {
  const loops = axes.flatMap((axis, number) => axis.group === group ? [{ axis: number, size: axis.size }] : []);
  return loops.length ? loops : [{ axis: axes.length + group, size: 1 }];
}
