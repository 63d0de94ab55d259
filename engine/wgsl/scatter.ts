/**
 * `scatterAdd`: sums of updates by id. The gradient of an embedding.
 *
 * Ids are sorted with their positions (ties keep position order, so sums are added in ascending position and come out
 * the same in every run), and the first of each run of equal ids adds up the run. No atomics: f32 has none.
 *
 * @module
 */
import type { OpaqueKernel } from "../compile/kernel.ts";
import { sizeOf } from "../graph/node.ts";
import { rawPerUnit } from "./raw.ts";
import { emitSort } from "./sort.ts";
import type { Dispatch, Target } from "./target.ts";

/** Emits `scatterAdd`: (ids [...N], updates [...N, ...rest]) to [rows, ...rest]; scratch: two u32 [N]. */
export function emitScatterAdd(kernel: OpaqueKernel, target: Target): readonly Dispatch[] {
  const count = sizeOf(kernel.inputs[0]!), rows = kernel.params.rows as number;
  const total = sizeOf(kernel.outputs[0]!), width = rows === 0 ? 0 : total / rows;
  if (total === 0) return [];
  const element = kernel.args[2]!.dtype, fours = width % 4 === 0;
  const type = fours ? `vec4<${element}>` : element, units = fours ? width / 4 : width;
  const label = (step: string) => `${kernel.label} ${step}`;
  const clear = rawPerUnit(
    {
      label: label("clear"),
      bindings: [{ arg: 2, name: "sums", type, writes: true }],
      body: `  sums[unit] = ${type}();`,
    },
    rows * units,
    target,
  );
  if (count === 0) return [clear];
  const keys = { arg: 3, name: "keys", type: "u32" }, positions = { arg: 4, name: "positions", type: "u32" };
  return [
    clear,
    rawPerUnit(
      {
        label: label("keys"),
        bindings: [
          { arg: 0, name: "ids", type: kernel.args[0]!.dtype },
          { ...keys, writes: true },
          { ...positions, writes: true },
        ],
        // Ids that name no row (a negative one is a large u32) sort to the end.
        body: `  let id = u32(ids[unit]);
  keys[unit] = select(0xffffffffu, id, id < ${rows}u);
  positions[unit] = unit;`,
      },
      count,
      target,
    ),
    ...emitSort(label("sort"), 3, 4, count, target),
    rawPerUnit(
      {
        label: label("sum"),
        bindings: [keys, positions, { arg: 1, name: "updates", type }, { arg: 2, name: "sums", type, writes: true }],
        body: `  let start = unit / ${units}u;
  let column = unit % ${units}u;
  let id = keys[start];
  if (id >= ${rows}u || (start > 0u && keys[max(start, 1u) - 1u] == id)) { return; }
  var sum = ${type}();
  for (var i = start; i < ${count}u; i++) {
    if (keys[i] != id) { break; }
    sum += updates[positions[i] * ${units}u + column];
  }
  sums[id * ${units}u + column] = sum;`,
      },
      count * units,
      target,
    ),
  ];
}
