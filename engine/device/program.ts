/**
 * A compiled step, bound to a device. Running it never waits: inputs are uploaded, kernels replayed, metrics copied to a
 * ring on the device; the host reads the ring when it likes.
 *
 * @module
 */
import type { Cost } from "../compile/cost.ts";
import { totalCost } from "../compile/cost.ts";
import { explain, type ExplainOptions } from "../compile/explain.ts";
import type { Plan, Port } from "../compile/plan.ts";
import type { Traced } from "../compile/trace.ts";
import { formatType, ShapeError, sizeOf, type Type } from "../graph/node.ts";
import type { HostData, HostTensor } from "../host.ts";
import { leavesOf, type Mapped, mapTree, type Tree } from "../tree.ts";
import type { Tensor } from "../graph/node.ts";
import type { Backend, Copy, Loaded, Recording, Storage } from "./backend.ts";
import { checkData, type Placed, toHost } from "./placed.ts";
import type { SharedSlots, Slots } from "./slots.ts";

/** A batch leaf on the host: a number for a rank-0 input, elements in row-major order for others. */
export type BatchLeaf = number | HostData | HostTensor;

/** A metric on the host: a number for rank 0, else a tensor. */
export type MetricLeaf = number | HostTensor;

/** Metrics of one step. */
export interface StepMetrics<M> {
  /** Number of the run, counted from 0 over the life of the program. */
  readonly run: number;
  /** Values in the structure that the step returned. */
  readonly values: Mapped<M, Tensor, MetricLeaf>;
  /** Values of taps, by label. */
  readonly taps: Readonly<Record<string, MetricLeaf>>;
}

/** Milliseconds of one kernel. */
export interface KernelTime {
  /** Names of the operations inside. */
  readonly label: string;
  /** Time on the device. */
  readonly milliseconds: number;
}

/** Bytes of the ring of metrics, at most, unless one block alone is larger. */
const RING_BYTES = 4 * 2 ** 20;
const RING_STEPS = 1024;

/** A program over one placed state. */
interface Bound {
  readonly recording: Recording;
  readonly copies: readonly Copy[];
  readonly metrics: readonly Copy[];
  /** Of the shared slots: in another one the slots lie elsewhere. */
  readonly generation: number;
}

/** A compiled step. Release it with `using`. */
export class Program<S, B, M> implements Disposable {
  /** Work of one run. */
  readonly cost: Cost;
  /** Runs whose metrics the device keeps; older unread ones are lost. */
  readonly ring: number;
  readonly #backend: Backend;
  readonly #traced: Traced;
  readonly #plan: Plan;
  readonly #loaded: Loaded;
  readonly #own = new Map<number, Storage>();
  readonly #shared: SharedSlots;
  readonly #slots: Slots;
  readonly #recordings = new Map<Placed<S>, Bound>();
  readonly #blockBytes: number;
  readonly #ringStorage: Storage | undefined;
  readonly #scalars: Uint32Array;
  #runs = 0;
  #read = 0;

  /** Use {@linkcode Device.compile}. */
  constructor(backend: Backend, shared: SharedSlots, traced: Traced, plan: Plan, loaded: Loaded) {
    this.#backend = backend;
    this.#shared = shared;
    this.#traced = traced;
    this.#plan = plan;
    this.#loaded = loaded;
    this.cost = totalCost(plan.kernels);
    let scalarBytes = 0;
    const slotSizes = new Map<number, number>();
    plan.buffers.forEach(({ role, bytes }, buffer) => role === "slot" && slotSizes.set(buffer, bytes));
    this.#blockBytes = plan.metrics.reduce((sum, port) => sum + port.bytes, 0);
    this.ring = Math.max(2, Math.min(RING_STEPS, Math.floor(RING_BYTES / Math.max(1, this.#blockBytes))));
    this.#slots = shared.reserve(slotSizes);
    try {
      plan.buffers.forEach((spec, buffer) => {
        if (spec.role === "state" || spec.role === "slot") return;
        const storage = backend.allocate(spec.bytes, spec.label);
        this.#own.set(buffer, storage);
        if (spec.role === "literal") backend.upload(storage, 0, spec.data);
        if (spec.role === "scalars") scalarBytes = spec.bytes;
      });
      if (this.#blockBytes) this.#ringStorage = backend.allocate(this.#blockBytes * this.ring, "metrics");
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    this.#scalars = new Uint32Array(scalarBytes / 4);
  }

  /** Kernel launches of one run. */
  get dispatches(): number {
    return this.#loaded.dispatches;
  }

  /** Kernels of one run. */
  get kernels(): number {
    return this.#plan.kernels.length;
  }

  /** The plan, for tests and tools. */
  get plan(): Plan {
    return this.#plan;
  }

  /** Generated sources, distinct ones. */
  get sources(): readonly string[] {
    return this.#loaded.sources;
  }

  /**
   * Runs one step on `state`, in place. Never waits for the device: a loop that does not read metrics awaits
   * `device.ready()` in every round.
   *
   * @throws {ShapeError} when a batch leaf is missing, surplus or of another type.
   */
  run(state: Placed<S>, batch: Mapped<B, Tensor, BatchLeaf>): void {
    const { recording, copies, metrics } = this.#bind(state);
    this.#upload(batch);
    const block = (this.#runs % this.ring) * this.#blockBytes;
    const ringCopies = metrics.map((copy) => ({ ...copy, toOffset: copy.toOffset + block }));
    this.#backend.replay(recording, [...ringCopies, ...copies]);
    this.#runs++;
  }

  /**
   * Metrics of the runs since the last call, oldest first, at most the newest {@linkcode ring}. Waits for the device.
   */
  async metrics(): Promise<StepMetrics<M>[]> {
    const from = Math.max(this.#read, this.#runs - this.ring), to = this.#runs;
    this.#read = to;
    if (!this.#ringStorage || from === to) return [];
    const bytes = await this.#backend.download(this.#ringStorage, 0, this.#ringStorage.bytes);
    return Array.from({ length: to - from }, (_, i) => this.#decode(from + i, bytes));
  }

  /** Metrics of the last run only. Waits for the device. */
  async lastMetrics(): Promise<StepMetrics<M>> {
    const all = await this.metrics();
    const last = all.at(-1);
    if (!last) {
      const why = this.#blockBytes ? "there was no run since metrics were last read" : "the step returns no metrics";
      throw new Error(`lastMetrics: ${why}`);
    }
    return last;
  }

  /** Graph, kernels, slots, peak bytes and cost, in words. */
  explain(options: ExplainOptions = {}): string {
    return explain(this.#traced, this.#plan, options);
  }

  /**
   * Runs one step and times each of its kernels. `undefined` where the device has no clock for them.
   */
  async profile(state: Placed<S>, batch: Mapped<B, Tensor, BatchLeaf>): Promise<KernelTime[] | undefined> {
    const { recording } = this.#bind(state);
    this.#upload(batch);
    const times = await this.#backend.profile(recording);
    return times?.map((milliseconds, i) => ({ label: this.#plan.kernels[i]!.label, milliseconds }));
  }

  /** Frees inputs and compiled kernels, and slots that no other program shares. */
  [Symbol.dispose](): void {
    this.#recordings.forEach(({ recording }) => recording[Symbol.dispose]());
    this.#slots[Symbol.dispose]();
    this.#own.forEach((storage) => storage[Symbol.dispose]());
    this.#ringStorage?.[Symbol.dispose]();
    this.#loaded[Symbol.dispose]();
  }

  #decode(run: number, ring: ArrayBuffer): StepMetrics<M> {
    const values = new Map<string, MetricLeaf>();
    let offset = (run % this.ring) * this.#blockBytes;
    for (const { path, type, bytes } of this.#plan.metrics) {
      const value = toHost(type, ring.slice(offset, offset + bytes));
      values.set(path, type.shape.length === 0 ? value.data[0]! : value);
      offset += bytes;
    }
    const tree = mapTree(this.#traced.metricsTree as unknown, (_, path) => values.get(path));
    const taps = [...values].filter(([path]) => path.startsWith("taps/")).map((
      [path, value],
    ) => [path.slice(5), value]);
    return { run, values: tree as Mapped<M, Tensor, MetricLeaf>, taps: Object.fromEntries(taps) };
  }

  #bind(state: Placed<S>): Bound {
    const known = this.#recordings.get(state);
    const { generation } = this.#shared;
    if (known?.generation === generation) return known;
    known?.recording[Symbol.dispose]();
    this.#recordings.delete(state);
    const { leaves } = state;
    this.#traced.state.forEach(({ path, tensor }, i) => {
      const leaf = leaves[i];
      if (leaf?.path !== path || formatType(leaf.type) !== formatType(tensor)) {
        const given = leaf ? `"${leaf.path}" ${formatType(leaf.type)}` : "nothing";
        throw new ShapeError(
          `run: the program's state has "${path}" ${formatType(tensor)}, the placed one ${given} there`,
        );
      }
    });
    if (leaves.length !== this.#traced.state.length) {
      throw new ShapeError(
        `run: the program's state has ${this.#traced.state.length} leaves, the placed one ${leaves.length}`,
      );
    }
    const resolve = (buffer: number): Storage => {
      const spec = this.#plan.buffers[buffer]!;
      if (spec.role === "state") return leaves[spec.leaf]!.storage;
      return spec.role === "slot" ? this.#slots.storage(buffer) : this.#own.get(buffer)!;
    };
    const copy = (from: number, fromOffset: number, to: Storage, toOffset: number, bytes: number): Copy => ({
      from: resolve(from),
      fromOffset,
      to,
      toOffset,
      bytes,
    });
    let offset = 0;
    // Metrics first: a metric may be the value of a buffer that a state copy overwrites.
    const metrics = this.#plan.metrics.map((port) => {
      offset += port.bytes;
      return copy(port.buffer, port.byteOffset, this.#ringStorage!, offset - port.bytes, port.bytes);
    });
    const copies = this.#plan.stateCopies.map(({ from, to, bytes }) => copy(from, 0, resolve(to), 0, bytes));
    const bound = { recording: this.#backend.bind(this.#loaded, resolve), copies, metrics, generation };
    this.#recordings.set(state, bound);
    return bound;
  }

  #upload(batch: unknown): void {
    const leaves = new Map(leavesOf<BatchLeaf>(batch as Tree<BatchLeaf>));
    let packed: number | undefined;
    for (const port of this.#plan.batch) {
      const leaf = leaves.get(port.path);
      if (leaf === undefined) {
        throw new ShapeError(`run: the batch has no "${port.path}" (${formatType(port.type)})`);
      }
      leaves.delete(port.path);
      const data = dataOf(port, leaf);
      if (this.#plan.buffers[port.buffer]!.role === "scalars") {
        packed = port.buffer;
        this.#scalars.set(new Uint32Array(data.buffer, data.byteOffset, data.length), port.byteOffset / 4);
      } else if (data.length) this.#backend.upload(this.#own.get(port.buffer)!, 0, data);
    }
    const [surplus] = leaves.keys();
    if (surplus !== undefined) throw new ShapeError(`run: the batch has "${surplus}", which the program does not take`);
    if (packed !== undefined) this.#backend.upload(this.#own.get(packed)!, 0, this.#scalars);
  }
}

function dataOf({ path, type }: Port, leaf: BatchLeaf): HostData {
  if (typeof leaf === "number") {
    if (sizeOf(type) !== 1) throw new ShapeError(`run: "${path}" is ${formatType(type)}, got the number ${leaf}`);
    if (type.dtype === "f32") return Float32Array.of(leaf);
    const [low, high] = type.dtype === "i32" ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1];
    if (!Number.isInteger(leaf) || leaf < low || leaf > high) {
      throw new ShapeError(
        `run: "${path}" is ${formatType(type)} and takes integers from ${low} to ${high}, got ${leaf}`,
      );
    }
    return type.dtype === "i32" ? Int32Array.of(leaf) : Uint32Array.of(leaf);
  }
  const data = "data" in leaf ? leaf.data : leaf;
  if ("data" in leaf && formatType(leaf) !== formatType(type)) {
    throw new ShapeError(`run: "${path}" is ${formatType(type as Type)}, got ${formatType(leaf)}`);
  }
  checkData(path, type, data);
  return data;
}
