/**
 * How long a forward pass takes: of one model, or of several in turn.
 *
 * @module
 */
import type { Device, HostTensor, Placed } from "../engine/mod.ts";
import type { Batch } from "./data/split.ts";
import type { Params } from "./layers.ts";
import type { Network } from "./network.ts";
import { batchTypes, type Compiled, compileForward } from "./predict.ts";

/** What to measure. */
export interface LatencyOptions {
  /** Where. */
  readonly device: Device;
  /** What the models are given; by default tokens or pixels that mean nothing. */
  readonly batch?: Batch;
  /** Sequences or images of the default batch; 32. */
  readonly rows?: number;
  /** Tokens of its sequences; 128, or as many as the model takes. Of images, the model says. */
  readonly tokens?: number;
  /** Passes of each model at most; 20. */
  readonly repeats?: number;
  /** Seconds after which no other pass begins; each model has one that counts in any case; 2. */
  readonly seconds?: number;
}

/** Measured times of a forward pass, in milliseconds. */
export interface Latency {
  /** The middle one: what to compare. */
  readonly median: number;
  /** The shortest: the least disturbed by what else the machine does. */
  readonly least: number;
  /** A quarter of the times are below it. */
  readonly lower: number;
  /** A quarter of the times are above it. */
  readonly upper: number;
  /** All, in the order in which they were taken. */
  readonly all: readonly number[];
}

/**
 * Measures forward passes, after one of each model that does not count. Models take turns, so that what else the machine
 * does is shared by all; models that differ by their parameters alone have one program.
 *
 * @param networks The models. Their parameters are on the device at the same time.
 * @param options Where, and on how much.
 * @returns The times from the call to the last kernel, of each model.
 * @throws {DeviceError} when memory does not suffice.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sentinel/seven/engine";
 * import { latencies, networkOf, smallViT } from "@sentinel/seven/models";
 *
 * const { config } = smallViT([1, 8, 8], 2);
 * const request = { head: "classification", labels: ["0", "1"], seed: 1 } as const;
 * const network = await networkOf({ name: "small", config, params: {} }, request);
 * using device = await openDevice("cpu");
 * const [{ median, all }] = await latencies([network], { device, rows: 2, repeats: 3 });
 * console.assert(median > 0 && all.length === 3);
 * ```
 */
export async function latencies(networks: readonly Network[], options: LatencyOptions): Promise<Latency[]> {
  const models: Placement[] = [];
  try {
    for (const network of networks) models.push(await placed(network, models, options));
    return await inTurn(models, options);
  } finally {
    for (const owned of new Set(models.flatMap(({ program, state }) => [program, state]))) owned[Symbol.dispose]();
  }
}

/** A model on the device. */
interface Placement {
  readonly network: Network;
  readonly state: Placed<Params>;
  readonly program: Compiled<Params>;
  readonly batch: Batch;
}

/** Places a model; its program is that of one before that is alike. */
async function placed(network: Network, before: readonly Placement[], options: LatencyOptions): Promise<Placement> {
  const { device, batch = batchFor(network, options) } = options;
  const state = device.place(network.params) as Placed<Params>;
  try {
    const alike = before.find((other) => sameProgram(other.network, network));
    return {
      network,
      state,
      batch,
      program: alike?.program ?? await compileForward(device, network.outputs, state, batchTypes(batch)),
    };
  } catch (error) {
    state[Symbol.dispose]();
    throw error;
  }
}

async function inTurn(models: readonly Placement[], options: LatencyOptions): Promise<Latency[]> {
  const { device, repeats = 20, seconds = 2 } = options;
  const pass = async ({ state, program, batch }: Placement): Promise<number> => {
    const start = performance.now();
    program.run(state, batch as never);
    await device.idle();
    return performance.now() - start;
  };
  for (const model of models) await pass(model);
  const begin = performance.now();
  const times = models.map((): number[] => []);
  // There and back again: none always comes after the same other.
  const order = [...models.keys()];
  do {
    for (const i of order) times[i]!.push(await pass(models[i]!));
    order.reverse();
  } while (times[0]!.length < repeats && performance.now() - begin < 1000 * seconds);
  return times.map(latencyOf);
}

/** Whether two models are one function over parameters of the same types. */
function sameProgram(one: Network, other: Network): boolean {
  const types = ({ params }: Network): string =>
    JSON.stringify(Object.entries(params).map(([name, { shape, dtype }]) => [name, shape, dtype]));
  return one.outputs === other.outputs && types(one) === types(other);
}

function latencyOf(all: readonly number[]): Latency {
  const sorted = all.toSorted((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1), below = Math.floor(place);
    return sorted[below]! + (place - below) * (sorted[Math.ceil(place)]! - sorted[below]!);
  };
  return { median: at(0.5), least: at(0), lower: at(0.25), upper: at(0.75), all };
}

/** Tokens of the sequences of the default batch: 128, or as many as the model takes. */
export function usualTokens({ maxTokens = 128 }: Network): number {
  return Math.min(128, maxTokens);
}

function batchFor(network: Network, options: LatencyOptions): Batch {
  const { rows = 32, tokens = usualTokens(network) } = options;
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
