/**
 * The barrier: its input, told apart from it.
 *
 * What is computed from a barrier is another node than the same computed from its input, so neither hash-consing nor a
 * rule of `simplify.ts` makes them one, and fusion joins no kernels that lie on different sides of one
 * (`compile/fuse.ts`). The input is stored, the barrier costs nothing: it reads the same buffer.
 *
 * @module
 */
import type { StructuralPrimitive } from "./structural.ts";

/** `barrier(x; of)`: x, for the recomputation of the checkpoint numbered `of`. */
export const barrierOp: StructuralPrimitive = {
  name: "barrier",
  kind: "view",
  infer: ([x]) => ({ shape: x!.shape, dtype: x!.dtype }),
  vjp: (g) => [g],
  evaluate: ([x]) => x!,
};
