/**
 * The plan of a program: kernels in order and the buffers that they work on.
 *
 * @module
 */
import { sizeOf, type Tensor, type Type, withTable } from "../graph/node.ts";
import { assemble, type Location, storedDtype } from "./assemble.ts";
import { fuse, type FusedGroup, type FusionOptions } from "./fuse.ts";
import type { Kernel } from "./kernel.ts";
import { copyOf, isGiven, lower, storageOf } from "./lower.ts";
import { type Order, order, type Replacement } from "./order.ts";
import { chooseRoots, type Roots } from "./roots.ts";
import { assignSlots, bytesOf, largestLiveSet, temporaries } from "./slots.ts";
import type { Leaf, Traced } from "./trace.ts";

/** Batch inputs up to this many elements travel together in one buffer. */
const PACKED_ELEMENTS = 16;

/** What a buffer of the plan is. */
export type BufferSpec =
  /** Storage of placed state leaf `leaf`. */
  | { readonly role: "state"; readonly leaf: number; readonly bytes: number; readonly label: string }
  /** A batch input of its own. */
  | { readonly role: "batch"; readonly bytes: number; readonly label: string }
  /** All small batch inputs. */
  | { readonly role: "scalars"; readonly bytes: number; readonly label: string }
  /** Data of the program. */
  | { readonly role: "literal"; readonly data: ArrayBufferView; readonly bytes: number; readonly label: string }
  /** Temporaries, one after the other. */
  | { readonly role: "slot"; readonly bytes: number; readonly label: string };

/** Where a batch input goes or a metric comes from. */
export interface Port {
  /** Where it stands in its tree. */
  readonly path: string;
  /** Shape and element type. */
  readonly type: Type;
  /** Position in {@linkcode Plan.buffers}. */
  readonly buffer: number;
  /** Where it starts in the buffer. */
  readonly byteOffset: number;
  /** Length. */
  readonly bytes: number;
}

/** A temporary's life: from the kernel that writes it to the last one that reads it. */
export interface Lifetime {
  /** Operation and node. */
  readonly label: string;
  /** Size. */
  readonly bytes: number;
  /** Position of the kernel that writes it. */
  readonly first: number;
  /** Position of the last kernel that reads it; the number of kernels for outputs. */
  readonly last: number;
  /** The slot it lies in. */
  readonly buffer: number;
}

/** Everything a device needs to make a program. */
export interface Plan {
  /** What runs, in order. */
  readonly kernels: readonly Kernel[];
  /** What arguments refer to. */
  readonly buffers: readonly BufferSpec[];
  /** Where batch leaves go. */
  readonly batch: readonly Port[];
  /** Where metrics come from. */
  readonly metrics: readonly Port[];
  /** Copies at the end of a step: new state that could not be written in place. */
  readonly stateCopies: readonly { readonly from: number; readonly to: number; readonly bytes: number }[];
  /** When temporaries live. */
  readonly lifetimes: readonly Lifetime[];
  /** Bytes of all slots. */
  readonly slotBytes: number;
  /** Largest sum of live temporaries at any kernel: no plan can use less. */
  readonly liveBytes: number;
}

/** Limits of the device that planning respects. */
export interface PlanOptions {
  /** Buffers a kernel may bind. */
  readonly bindings: number;
}

/** Plans a traced step. */
export function plan(traced: Traced, options: PlanOptions): Plan {
  const { state, batch, metrics } = traced;
  const { nextOf, metricOf } = outputsOf(traced);
  const replacements = state.map((leaf, i) => ({ current: leaf.tensor, next: nextOf[i]! }))
    .filter(({ current, next }) => current !== next);
  const outputs = new Set([...replacements.map(({ next }) => next), ...metricOf]);
  const roots = chooseRoots([...outputs], options.bindings);

  // Which batch inputs are small enough to be packed: not those that a hand-written kernel binds whole.
  const opaque = roots.nodes.filter((node) => node.op.kind === "opaque");
  const bound = new Set(opaque.flatMap((node) => node.inputs.map(storageOf)));
  const isPacked = (tensor: Tensor) => sizeOf(tensor) <= PACKED_ELEMENTS && !bound.has(tensor);
  const packed = new Set(batch.filter((leaf) => isPacked(leaf.tensor)).map((leaf) => leaf.tensor));
  const { groups, inPlace } = schedule(roots, replacements, {
    bindings: options.bindings,
    sharedBuffer: (value) => packed.has(value) ? packed : value,
    isOutput: (value) => outputs.has(value),
  });

  const buffers: BufferSpec[] = [];
  const locations = new Map<Tensor, Location>();
  const addBuffer = (spec: BufferSpec): number => buffers.push(spec) - 1;
  const at = (value: Tensor, buffer: number, offset = 0, length = sizeOf(value)): Location => ({
    buffer,
    offset,
    length,
    dtype: storedDtype(value.dtype),
  });
  state.forEach(({ path, tensor }, leaf) => {
    locations.set(
      tensor,
      at(tensor, addBuffer({ role: "state", leaf, bytes: bytesOf(tensor), label: `state ${path}` })),
    );
  });
  const packedWords = [...packed].reduce((words, tensor) => words + sizeOf(tensor), 0);
  if (packed.size) {
    const buffer = addBuffer({ role: "scalars", bytes: packedWords * 4, label: "scalars" });
    let offset = 0;
    for (const tensor of packed) {
      locations.set(tensor, { buffer, offset, length: packedWords, dtype: "u32" });
      offset += sizeOf(tensor);
    }
  }
  for (const { path, tensor } of batch) {
    if (packed.has(tensor)) continue;
    locations.set(tensor, at(tensor, addBuffer({ role: "batch", bytes: bytesOf(tensor), label: `batch ${path}` })));
  }
  for (const node of new Set(groups.flatMap((group) => [...group.built.loads.keys()]))) {
    if (node.op.name !== "literal") continue;
    const data = node.attachment as ArrayBufferView;
    locations.set(
      node,
      at(node, addBuffer({ role: "literal", data, bytes: bytesOf(node), label: `literal #${node.id}` })),
    );
  }
  for (const [next, current] of inPlace) locations.set(next, locations.get(current)!);

  const wanted = temporaries(groups, inPlace, outputs);
  const slots = assignSlots(wanted);
  const firstSlot = buffers.length;
  slots.sizes.forEach((bytes, i) => addBuffer({ role: "slot", bytes, label: `slot ${i}` }));
  const scratchOf = new Map<Tensor, Location[]>();
  wanted.forEach((item, i) => {
    const buffer = firstSlot + slots.of[i]!;
    if (item.scratch !== undefined) {
      const location = { buffer, offset: 0, length: item.scratch, dtype: "u32" as const };
      scratchOf.set(item.value, [...scratchOf.get(item.value) ?? [], location]);
    } else locations.set(item.value, at(item.value, buffer));
  });

  const locate = (value: Tensor): Location => {
    const location = locations.get(value);
    if (!location) throw new Error(`plan: ${value.op.name} #${value.id} has no buffer; this is a defect of planning`);
    return location;
  };
  const kernels = groups.map((group) => assemble(group, locate, (value) => scratchOf.get(value) ?? []));
  const port = ({ path }: Leaf, value: Tensor, type: Type): Port => {
    const { buffer, offset } = locate(value);
    return {
      path,
      type: { shape: type.shape, dtype: type.dtype },
      buffer,
      byteOffset: offset * 4,
      bytes: bytesOf(type),
    };
  };
  return {
    kernels,
    buffers,
    batch: batch.map((leaf) => port(leaf, leaf.tensor, leaf.tensor)),
    metrics: metrics.map((leaf, i) => port(leaf, metricOf[i]!, leaf.tensor)),
    stateCopies: replacements
      .filter(({ current, next }) => locate(next).buffer !== locate(current).buffer)
      .map(({ current, next }) => ({ from: locate(next).buffer, to: locate(current).buffer, bytes: bytesOf(current) })),
    lifetimes: wanted.map((item, i) => ({
      label: item.label,
      bytes: item.bytes,
      first: item.first,
      last: item.last,
      buffer: firstSlot + slots.of[i]!,
    })),
    slotBytes: slots.sizes.reduce((sum, bytes) => sum + bytes, 0),
    liveBytes: largestLiveSet(wanted, groups.length),
  };
}

/**
 * The lowered outputs. They must be values that the program computes: an input that is handed out again (a swap, a
 * metric of the old state) gets a copy. A state leaf that a step does not touch stays as it is.
 */
function outputsOf({ state, nextState, metrics }: Traced): { nextOf: readonly Tensor[]; metricOf: readonly Tensor[] } {
  const lowered = lower([...nextState, ...metrics].map((leaf) => leaf.tensor));
  return withTable(() => {
    const own = ({ tensor }: Leaf, current?: Tensor): Tensor => {
      const value = lowered.get(tensor)!;
      return isGiven(value) && value !== current ? copyOf(value) : value;
    };
    return {
      nextOf: nextState.map((leaf, i) => own(leaf, state[i]!.tensor)),
      metricOf: metrics.map((leaf) => own(leaf)),
    };
  });
}

/**
 * Kernels in order. Fusion counts a new state value and the one it replaces as one buffer, but only the order of
 * kernels tells whether they are: where too many buffers come out, those that are not count apart, and again.
 */
function schedule(roots: Roots, replacements: readonly Replacement[], options: FusionOptions): Order {
  const apart = new Set<Tensor>();
  for (;;) {
    const replaced = new Map(replacements.map(({ current, next }) => [next, current]));
    apart.forEach((next) => replaced.delete(next));
    const bufferOf = (value: Tensor) => options.sharedBuffer(replaced.get(value) ?? value);
    const ordered = order(fuse(roots, { ...options, sharedBuffer: bufferOf }), replacements);
    const placed = (value: Tensor) => options.sharedBuffer(ordered.inPlace.get(value) ?? value);
    const widest = Math.max(0, ...ordered.groups.map((group) => bindingsOf(group, placed)));
    const wrong = [...replaced].filter(([next, current]) => ordered.inPlace.get(next) !== current);
    if (widest <= options.bindings || !wrong.length) return ordered;
    wrong.forEach(([next]) => apart.add(next));
  }
}

/** Buffers that a kernel binds. Hand-written kernels see to it themselves. */
function bindingsOf(group: FusedGroup, bufferOf: (value: Tensor) => unknown): number {
  if (group.frame.kind === "opaque") return 0;
  return new Set([...group.built.loads.keys(), ...group.stored].map(bufferOf)).size;
}
