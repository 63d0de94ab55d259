/**
 * `argsort`: where the elements of each row stand in ascending order, ties in the order of the row.
 *
 * @module
 */
import type { OpaqueKernel } from "../compile/kernel.ts";
import { sizeOf } from "../graph/node.ts";
import { emitSort } from "./sort.ts";
import type { Dispatch, Target } from "./target.ts";

/** Emits `argsort`: keys u32 [...rows, n] to positions u32 [...rows, n]; scratch: pairs and the table of passes. */
export function emitArgsort(kernel: OpaqueKernel, target: Target): readonly Dispatch[] {
  const [keys] = kernel.inputs;
  const length = keys!.shape.at(-1)!;
  return emitSort({
    label: kernel.label,
    rows: length === 0 ? 0 : sizeOf(keys!) / length,
    length,
    source: { bindings: [{ arg: 0, name: "keys", type: "u32" }], text: "vec2<u32>(keys[at], position)" },
    sink: { bindings: [{ arg: 1, name: "positions", type: "u32", writes: true }], text: "positions[at] = pair.y;" },
    pairs: 2,
    passes: 3,
  }, target);
}
