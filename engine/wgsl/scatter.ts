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

/**
 * Emits `scatterAdd`: (ids [...N], updates [...N, ...rest]) to [rows, ...rest]; scratch: pairs and the table of passes.
 */
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
  const pairs = { arg: 3, name: "pairs", type: "vec2<u32>" };
  return [
    clear,
    ...emitSort({
      label: label("sort"),
      rows: 1,
      length: count,
      // Ids that name no row (a negative one is a large u32) sort to the end.
      source: {
        bindings: [{ arg: 0, name: "ids", type: kernel.args[0]!.dtype }],
        text: `vec2<u32>(select(0xffffffffu, u32(ids[at]), u32(ids[at]) < ${rows}u), position)`,
      },
      sink: { bindings: [{ ...pairs, writes: true }], text: "pairs[at] = pair;" },
      pairs: 3,
      passes: 4,
    }, target),
    rawPerUnit(
      {
        label: label("sum"),
        bindings: [pairs, { arg: 1, name: "updates", type }, { arg: 2, name: "sums", type, writes: true }],
        body: `  let start = unit / ${units}u;
  let column = unit % ${units}u;
  let id = pairs[start].x;
  if (id >= ${rows}u || (start > 0u && pairs[max(start, 1u) - 1u].x == id)) { return; }
  var sum = ${type}();
  for (var i = start; i < ${count}u; i++) {
    let pair = pairs[i];
    if (pair.x != id) { break; }
    sum += updates[pair.y * ${units}u + column];
  }
  sums[id * ${units}u + column] = sum;`,
      },
      count * units,
      target,
    ),
  ];
}
