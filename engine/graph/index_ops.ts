/**
 * Opaque primitives that address elements by number or by rank.
 *
 * @module
 */
import { apply, formatType, type Params, sameShape, sizeOf, type Tensor } from "./node.ts";
import { selectScratch, sortScratch } from "./scratch.ts";
import { fail, type StructuralPrimitive } from "./structural.ts";

function checkIds(op: string, ids: Tensor): void {
  if (ids.dtype !== "u32" && ids.dtype !== "i32") fail(op, `ids ${formatType(ids)}`, "ids are u32 or i32");
}

/** Rows of a table by number: `[v, ...rest], ids [...n] -> [...n, ...rest]`; an id outside the table gives zeros. */
export const gatherOp: StructuralPrimitive = {
  name: "gather",
  kind: "opaque",
  infer([table, ids]) {
    checkIds("gather", ids!);
    if (table!.shape.length < 1) fail("gather", `table ${formatType(table!)}`, "the table needs an axis of rows");
    return { shape: [...ids!.shape, ...table!.shape.slice(1)], dtype: table!.dtype };
  },
  vjp: (g, { inputs: [table, ids] }) => [apply(scatterAddOp, [ids!, g], { rows: table!.shape[0]! }), null],
  evaluate([table, ids], node) {
    const width = sizeOf(node) / Math.max(1, ids!.length);
    const rows = node.inputs[0]!.shape[0]!;
    const out = new Float64Array(sizeOf(node));
    ids!.forEach((id, i) => {
      if (id >= 0 && id < rows) out.set(table!.subarray(id * width, (id + 1) * width), i * width);
    });
    return out;
  },
};

/** Sums updates into the rows that ids name, in ascending position: `ids [...n], updates [...n, ...rest] -> [rows, ...rest]`. */
export const scatterAddOp: StructuralPrimitive = {
  name: "scatterAdd",
  kind: "opaque",
  infer([ids, updates], { rows }: Params) {
    checkIds("scatterAdd", ids!);
    if (!sameShape(ids!.shape, updates!.shape.slice(0, ids!.shape.length))) {
      fail(
        "scatterAdd",
        `ids ${formatType(ids!)}, updates ${formatType(updates!)}`,
        "updates start with the axes of ids",
      );
    }
    return { shape: [rows, ...updates!.shape.slice(ids!.shape.length)], dtype: updates!.dtype };
  },
  vjp: (g, { inputs: [ids] }) => [null, apply(gatherOp, [g, ids!])],
  scratch: ({ inputs: [ids] }) => sortScratch(sizeOf(ids!)),
  evaluate([ids, updates], node) {
    const out = new Float64Array(sizeOf(node));
    const width = out.length / Math.max(1, node.params.rows);
    ids!.forEach((id, i) => {
      if (!(id >= 0 && id < node.params.rows)) return;
      for (let c = 0; c < width; c++) out[id * width + c]! += updates![i * width + c]!;
    });
    return out;
  },
};

/**
 * Where to cut: `keys u32 ..., k u32[] -> u32[2] = [T, L]`. Of all keys, numbered in the order of operands and
 * positions, exactly min(k, N) satisfy `key > T || (key == T && position < L)`: the k greatest, ties to the lowest
 * position.
 */
export const selectThresholdOp: StructuralPrimitive = {
  name: "selectThreshold",
  kind: "opaque",
  infer(inputs) {
    const keys = inputs.slice(0, -1);
    const k = inputs.at(-1)!;
    if (!keys.length || keys.some((key) => key.dtype !== "u32") || k.dtype !== "u32" || k.shape.length) {
      fail("selectThreshold", inputs.map(formatType).join(", "), "takes u32 keys and then k as a rank-0 u32");
    }
    const total = keys.reduce((sum, key) => sum + sizeOf(key), 0);
    if (total >= 2 ** 32) fail("selectThreshold", `${total} keys`, "at most 4,294,967,295 keys can be ranked together");
    return { shape: [2], dtype: "u32" };
  },
  scratch: ({ inputs }) => selectScratch(inputs.slice(0, -1).map(sizeOf)),
  evaluate(inputs) {
    const keys = inputs.slice(0, -1).flatMap((values) => [...values]);
    const k = Math.min(inputs.at(-1)![0]!, keys.length);
    if (k === 0) return Float64Array.of(2 ** 32 - 1, 0);
    if (k === keys.length) return Float64Array.of(0, keys.length);
    const order = keys.map((_, i) => i).sort((a, b) => keys[b]! - keys[a]! || a - b);
    const last = order[k - 1]!;
    return Float64Array.of(keys[last]!, last + 1);
  },
};
