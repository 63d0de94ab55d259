/**
 * Lowering of kernels to WGSL dispatches, by kind.
 *
 * @module
 */
import type { Kernel } from "../compile/kernel.ts";
import { DeviceError } from "../device/backend.ts";
import { emitArgsort } from "./argsort.ts";
import { emitColumn } from "./column.ts";
import { emitContract } from "./contract.ts";
import { emitGather } from "./gather.ts";
import { emitMap } from "./map.ts";
import { emitRow } from "./row.ts";
import { emitScatterAdd } from "./scatter.ts";
import { emitSelectThreshold } from "./select.ts";
import { splitKernel, type Splittable } from "./split.ts";
import type { Dispatch, Target } from "./target.ts";

/** Emits a kernel: the dispatches that compute it, in order. */
export function emitKernel(kernel: Kernel, target: Target): readonly Dispatch[] {
  switch (kernel.kind) {
    case "map":
      return emitParts(kernel, emitMap, target);
    case "row":
      return emitParts(kernel, emitRow, target);
    case "column":
      return emitParts(kernel, emitColumn, target);
    case "contract":
      return emitContract(kernel, target);
    case "opaque": {
      const emit = opaques[kernel.op];
      if (emit) return emit(kernel, target);
      throw new DeviceError(
        `wgsl: there is no kernel named "${kernel.op}"; known are ${Object.keys(opaques).join(", ")}`,
      );
    }
  }
}

/** Emits a kernel, in parts that bind slices where an argument is larger than a binding. */
function emitParts<K extends Splittable>(
  kernel: K,
  emit: (kernel: K, target: Target) => readonly Dispatch[],
  target: Target,
): readonly Dispatch[] {
  const parts = splitKernel(kernel, target);
  if (!parts) return emit(kernel, target);
  return parts.flatMap(({ kernel, slices }) =>
    emit(kernel, target).map((dispatch) => ({
      ...dispatch,
      bindings: dispatch.bindings.map((binding) => ({ ...binding, ...slices[binding.arg]! })),
    }))
  );
}

const opaques: Readonly<Record<string, typeof emitGather>> = {
  argsort: emitArgsort,
  gather: emitGather,
  scatterAdd: emitScatterAdd,
  selectThreshold: emitSelectThreshold,
};
