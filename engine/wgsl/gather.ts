/**
 * `gather`: rows of a table by id, zeros for an id that names no row. Embedding look-up.
 *
 * @module
 */
import type { OpaqueKernel } from "../compile/kernel.ts";
import { sizeOf } from "../graph/node.ts";
import { rawPerUnit } from "./raw.ts";
import type { Dispatch, Target } from "./target.ts";

/** Emits `gather`: (table [V, ...rest], ids [...N]) to [...N, ...rest]. */
export function emitGather(kernel: OpaqueKernel, target: Target): readonly Dispatch[] {
  const [table, ids] = kernel.inputs as [typeof kernel.inputs[0], typeof kernel.inputs[0]];
  const rows = table!.shape[0]!, count = sizeOf(ids!);
  const width = rows === 0 ? 0 : sizeOf(table!) / rows;
  if (count === 0 || width === 0) return [];
  const element = kernel.args[0]!.dtype, fours = width % 4 === 0;
  const type = fours ? `vec4<${element}>` : element, units = fours ? width / 4 : width;
  return [rawPerUnit(
    {
      label: kernel.label,
      bindings: [
        { arg: 0, name: "table", type },
        { arg: 1, name: "ids", type: kernel.args[1]!.dtype },
        { arg: 2, name: "result", type, writes: true },
      ],
      // A negative id is a large u32.
      body: `  let id = u32(ids[unit / ${units}u]);
  let row = table[min(id, ${rows - 1}u) * ${units}u + unit % ${units}u];
  result[unit] = select(${type}(), row, id < ${rows}u);`,
    },
    count * units,
    target,
  )];
}
