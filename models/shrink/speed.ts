/**
 * How long a forward pass takes.
 *
 * @module
 */
import { type Device, type HostTensor, scoped } from "../../engine/mod.ts";
import type { BatchTensors } from "../predict.ts";
import type { Network } from "../network.ts";
import type { Params } from "../layers.ts";

/** What to measure. */
export interface ForwardTimeOptions {
  /** Where. */
  readonly device: Device;
  /** Sequences or images in a batch; 1. */
  readonly rows?: number;
  /** Tokens of a sequence; 128, or as many as the model takes. Of images, the model says. */
  readonly tokens?: number;
  /** Measurements; 10. */
  readonly repeats?: number;
}

/** Measured times, in milliseconds. */
export interface ForwardTime {
  /** The middle one: what to compare. */
  readonly median: number;
  /** The shortest. */
  readonly least: number;
  /** All, in the order in which they were taken. */
  readonly all: readonly number[];
}

/**
 * Measures the forward pass of a model on a batch of tokens or pixels that mean nothing, after one pass that does not
 * count. Compare two models on one quiet machine, turn by turn.
 *
 * @param network The model.
 * @param options Where, and on how much.
 * @returns The times from the call to the last kernel.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sentinel/seven/engine";
 * import { forwardTime, networkOf, smallViT } from "@sentinel/seven/models";
 *
 * const { config } = smallViT([1, 8, 8], 2);
 * const request = { head: "classification", labels: ["0", "1"], seed: 1 } as const;
 * const network = await networkOf({ name: "small", config, params: {} }, request);
 * using device = await openDevice("cpu");
 * const { median, all } = await forwardTime(network, { device, repeats: 3 });
 * console.assert(median > 0 && all.length === 3);
 * ```
 */
export async function forwardTime(network: Network, options: ForwardTimeOptions): Promise<ForwardTime> {
  const { device, repeats = 10 } = options;
  const batch = batchFor(network, options);
  const types = Object.fromEntries(Object.entries(batch).map(([name, { shape, dtype }]) => [name, { shape, dtype }]));
  const step = (state: Params, batch: BatchTensors) => ({ state, metrics: { ...network.outputs(state, batch) } });
  const all: number[] = [];
  await scoped(device.place(network.params as Record<string, HostTensor>), async (state) =>
    scoped(
      await device.compile(step as never, { state: state.types, batch: types } as never),
      async (program) => {
        for (let i = 0; i <= repeats; i++) {
          const start = performance.now();
          program.run(state as never, batch as never);
          await device.idle();
          if (i > 0) all.push(performance.now() - start);
        }
      },
    ));
  const sorted = all.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1]!, least: sorted[0]!, all };
}

function batchFor(network: Network, options: ForwardTimeOptions): Record<string, HostTensor> {
  const { rows = 1, tokens = Math.min(128, network.maxTokens ?? 128) } = options;
  const { image, vocabulary = 1 } = network;
  if (image) {
    const shape = [rows, ...image];
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i));
    return { images: { shape, dtype: "f32", data } };
  }
  const each = (value: (i: number) => number): HostTensor => ({
    shape: [rows, tokens],
    dtype: "u32",
    data: Uint32Array.from({ length: rows * tokens }, (_, i) => value(i)),
  });
  return { ids: each((i) => (i * 7919) % vocabulary), typeIds: each(() => 0), mask: each(() => 1) };
}
