/**
 * The primitive under `sort`, `argsort` and `topk`.
 *
 * @module
 */
import { formatType, ShapeError, sizeOf } from "./node.ts";
import { sortScratch } from "./scratch.ts";
import type { StructuralPrimitive } from "./structural.ts";

/** Rows up to this length are sorted without going through memory: they need no scratch. */
const SHORT_ROW = 2048;

/**
 * Where the elements of each row stand in ascending order: `keys u32 [...rows, n] -> u32 [...rows, n]`, ties in the
 * order of the row. Positions have no gradient.
 */
export const argsortOp: StructuralPrimitive = {
  name: "argsort",
  kind: "opaque",
  infer(inputs) {
    const [keys] = inputs;
    if (inputs.length !== 1 || keys!.dtype !== "u32" || keys!.shape.length < 1) {
      throw new ShapeError(
        `argsort: takes one u32 tensor with a last axis, got ${inputs.map(formatType).join(", ")}; ` +
          "the function argsort makes keys of other types",
      );
    }
    return { shape: keys!.shape, dtype: "u32" };
  },
  scratch: ({ inputs: [keys] }) => keys!.shape.at(-1)! > SHORT_ROW ? sortScratch(sizeOf(keys!)) : [],
  evaluate([keys], node) {
    const length = node.shape.at(-1)!;
    const out = new Float64Array(keys!.length);
    for (let first = 0; first < out.length; first += length) {
      const order = Array.from({ length }, (_, i) => i).sort((a, b) => keys![first + a]! - keys![first + b]! || a - b);
      out.set(order, first);
    }
    return out;
  },
};
