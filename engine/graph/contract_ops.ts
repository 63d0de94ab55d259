/**
 * The contraction: a batched matrix product.
 *
 * @module
 */
import { apply, formatType, sameShape, sizeOf, type Tensor } from "./node.ts";
import { fail, type StructuralPrimitive } from "./structural.ts";
import { permuteOp } from "./tensor_ops.ts";

/** `[..., m, k] x [..., k, n] -> [..., m, n]`, leading axes equal. Transposes are views of the operands and cost nothing. */
export const matmulOp: StructuralPrimitive = {
  name: "matmul",
  kind: "contract",
  infer([a, b]) {
    const types = `${formatType(a!)} x ${formatType(b!)}`;
    if (a!.dtype !== b!.dtype || (a!.dtype !== "f32" && a!.dtype !== "f16")) {
      fail("matmul", types, "both operands must be of one floating type");
    }
    if (
      a!.shape.length < 2 || a!.shape.length !== b!.shape.length ||
      !sameShape(a!.shape.slice(0, -2), b!.shape.slice(0, -2))
    ) {
      fail(
        "matmul",
        `batch axes differ, ${types}`,
        "give both the same leading axes (the function matmul broadcasts them)",
      );
    }
    if (a!.shape.at(-1) !== b!.shape.at(-2)) {
      fail("matmul", `inner sizes differ, ${types}`, "the last axis of the left is the last but one of the right");
    }
    return { shape: [...a!.shape.slice(0, -1), b!.shape.at(-1)!], dtype: a!.dtype };
  },
  vjp(g, { inputs: [a, b] }) {
    const transpose = (x: Tensor): Tensor => {
      const axes = x.shape.map((_, axis) => axis);
      axes.push(...axes.splice(-2).reverse());
      return apply(permuteOp, [x], { axes });
    };
    return [apply(matmulOp, [g, transpose(b!)]), apply(matmulOp, [transpose(a!), g])];
  },
  evaluate([a, b], node) {
    const k = node.inputs[0]!.shape.at(-1)!;
    const [m, n] = node.shape.slice(-2) as [number, number];
    const out = new Float64Array(sizeOf(node));
    for (let batch = 0; batch < out.length / (m * n); batch++) {
      for (let row = 0; row < m; row++) {
        for (let i = 0; i < k; i++) {
          const left = a![(batch * m + row) * k + i]!;
          for (let col = 0; col < n; col++) out[(batch * m + row) * n + col]! += left * b![(batch * k + i) * n + col]!;
        }
      }
    }
    return out;
  },
};
