/**
 * Any workload on one of our devices.
 *
 * @module
 */
import type { Device } from "../../../engine/mod.ts";
import type { Arrays } from "../data.ts";
import type { Work } from "../work.ts";
import { encoderTask, layerTask } from "./encoder.ts";
import { adamwTask, chainTask, matmulTask, rowsTask, topKTask } from "./operations.ts";
import type { Task } from "./task.ts";
import { vitTask } from "./vit.ts";

/** Compiles a workload and runs it for its check. */
export function prepareOurs(device: Device, work: Work, arrays: Arrays): Promise<Task> {
  switch (work.kind) {
    case "matmul":
      return matmulTask(device, work, arrays);
    case "softmax":
    case "layer-norm":
    case "cross-entropy":
      return rowsTask(device, work, arrays);
    case "adamw":
      return adamwTask(device, work, arrays);
    case "top-k":
      return topKTask(device, work, arrays);
    case "encoder-layer":
      return layerTask(device, work, arrays);
    case "encoder-step":
      return encoderTask(device, work, arrays);
    case "vit-step":
      return vitTask(device, work, arrays);
    case "chain":
      return chainTask(device, work, arrays);
  }
}
