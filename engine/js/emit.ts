/**
 * Kernel -> JavaScript, by kind; opaque kernels by name.
 *
 * @module
 */
import type { Kernel, OpaqueKernel } from "../compile/kernel.ts";
import { DeviceError } from "../device/backend.ts";
import { emitArgsort } from "./argsort.ts";
import type { Emitted } from "./code.ts";
import { emitColumn } from "./column.ts";
import { emitContract } from "./contract.ts";
import { emitGather } from "./gather.ts";
import { emitMap } from "./map.ts";
import { emitRow } from "./row.ts";
import { emitScatterAdd } from "./scatter.ts";
import { emitSelectThreshold } from "./select.ts";

/** Hand-written kernels of the cpu device. */
const opaque: Readonly<Record<string, (kernel: OpaqueKernel) => Emitted>> = {
  argsort: emitArgsort,
  gather: emitGather,
  scatterAdd: emitScatterAdd,
  selectThreshold: emitSelectThreshold,
};

/** Code of any kernel. @throws {DeviceError} for what the cpu device cannot run. */
export function emitKernel(kernel: Kernel): Emitted {
  switch (kernel.kind) {
    case "map":
      return emitMap(kernel);
    case "row":
      return emitRow(kernel);
    case "column":
      return emitColumn(kernel);
    case "contract":
      return emitContract(kernel);
    case "opaque": {
      const emitter = Object.hasOwn(opaque, kernel.op) ? opaque[kernel.op] : undefined;
      if (!emitter) {
        const known = Object.keys(opaque).join(", ");
        throw new DeviceError(`cpu: no kernel named ${kernel.op}; there are ${known} (engine/js/emit.ts)`);
      }
      return emitter(kernel);
    }
  }
}
