/**
 * A small two-layer network on fixed data, for properties of pruning steps.
 *
 * @module
 */
import {
  adamw,
  type Device,
  Device as EngineDevice,
  type HostTensor,
  hostTensor,
  linear,
  mse,
  mul,
  type Optimizer,
  relu,
  type Tensor,
} from "../../../engine/mod.ts";
import { openCpu } from "../../../engine/device/cpu.ts";
import type { LossContext, Named } from "../../../seven/mod.ts";
import { uniformArray } from "../../support/values.ts";

/** Inputs and targets. */
export interface ToyData<T> {
  readonly x: T;
  readonly y: T;
}

/** Rows, widths: prunable are w1 [24, 10] and w2 [5, 24], 360 weights. */
export const toy = {
  prunable: (name: string): boolean => name.startsWith("w"),
  count: 360,
  params: (seed = 1): Record<string, HostTensor> => ({
    w1: hostTensor(Float32Array.from(uniformArray(240, seed)), [24, 10]),
    b1: hostTensor(Float32Array.from(uniformArray(24, seed + 1)), [24]),
    w2: hostTensor(Float32Array.from(uniformArray(120, seed + 2)), [5, 24]),
    b2: hostTensor(Float32Array.from(uniformArray(5, seed + 3)), [5]),
  }),
  loss: (params: Named<Tensor>, { x, y }: ToyData<Tensor>, { temperature }: LossContext): Tensor =>
    mse(mul(linear(relu(linear(x, params.w1!, params.b1!)), params.w2!, params.b2!), 1 / temperature), y),
  dataTypes: {
    x: { shape: [16, 10], dtype: "f32" },
    y: { shape: [16, 5], dtype: "f32" },
  } as const,
  optimizer: (): Optimizer => adamw(),
  *batches(seed = 9): Generator<ToyData<Float32Array>, void, void> {
    for (let i = 0;; i++) {
      yield {
        x: Float32Array.from(uniformArray(160, seed + 2 * i)),
        y: Float32Array.from(uniformArray(80, seed + 2 * i + 1)),
      };
    }
  },
  /** The same batches as host tensors. */
  *hostBatches(seed = 9): Generator<ToyData<HostTensor>, void, void> {
    for (const { x, y } of toy.batches(seed)) yield { x: hostTensor(x, [16, 10]), y: hostTensor(y, [16, 5]) };
  },
};

/** The cpu device. */
export function cpuDevice(): Device {
  return new EngineDevice(openCpu());
}
