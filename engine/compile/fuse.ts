/**
 * Fusion: which roots share a kernel. Every root starts in a group of its own; two groups become one when a rule allows
 * it, no third group lies between them, the device can bind all their buffers, and the group can be built.
 *
 * Rules, each with a test:
 * - **epilogue**: elementwise work over a contraction's result happens at its store, permuted stores included;
 * - **rows**: work before, after and between reductions over the same rows is one kernel;
 * - **map**: elementwise work over equally many elements is one kernel with several outputs;
 * - **siblings**: reductions of the same frame, or maps, that read the same large value are one kernel.
 *
 * What is computed again behind a barrier stays apart: joined with the kernels before it, it would be computed early and
 * kept, which is what its checkpoint is there to avoid. So kernels join only if the last barrier before them is the same.
 *
 * @module
 */
import { barrierOp } from "../graph/barrier.ts";
import { sizeOf, type Tensor } from "../graph/node.ts";
import { type Frame, frameOf, type Place, placeAbove, placesIn } from "./frame.ts";
import { buildGroup, type Group } from "./group.ts";
import type { Roots } from "./roots.ts";

/** What fusion must respect. */
export interface FusionOptions {
  /** Buffers a kernel may bind. */
  readonly bindings: number;
  /** Values that will share a buffer: a new state value and the state it replaces. */
  readonly sharedBuffer: (value: Tensor) => unknown;
  /** Whether a value must be stored whatever its readers. */
  readonly isOutput: (value: Tensor) => boolean;
}

/** A kernel's group with what it must store. */
export interface FusedGroup extends Group {
  /** Members with readers outside, ascending by id. */
  readonly stored: readonly Tensor[];
}

class Fusion {
  readonly groupOf = new Map<Tensor, Group>();
  readonly readers = new Map<Tensor, Set<Tensor>>();

  constructor(
    readonly roots: ReadonlySet<Tensor>,
    readonly options: FusionOptions,
    readonly lastBarrier: ReadonlyMap<Tensor, number>,
  ) {
    const alone = new Map<Tensor, Group>();
    for (const root of roots) {
      const { frame, place } = frameOf(root);
      const group = buildGroup(frame, new Map([[root, place]]), roots);
      if (!group) throw new Error(`fusion: ${root.op.name} #${root.id} cannot be a kernel of its own`);
      alone.set(root, group);
    }
    for (const root of this.#live(alone)) {
      const group = alone.get(root)!;
      this.groupOf.set(root, group);
      for (const value of group.built.loads.keys()) {
        let readers = this.readers.get(value);
        if (!readers) this.readers.set(value, readers = new Set());
        readers.add(root);
      }
    }
  }

  /** Roots that an output needs, ascending: a slice of nothing but padding, say, needs no operand. */
  #live(alone: ReadonlyMap<Tensor, Group>): readonly Tensor[] {
    const live = new Set<Tensor>();
    const stack = [...alone.keys()].filter(this.options.isOutput);
    while (stack.length) {
      const root = stack.pop()!;
      if (live.has(root)) continue;
      live.add(root);
      for (const value of alone.get(root)!.built.loads.keys()) if (alone.has(value)) stack.push(value);
    }
    return [...live].sort((a, b) => a.id - b.id);
  }

  producersOf(group: Group): Set<Group> {
    const producers = new Set<Group>();
    for (const value of group.built.loads.keys()) {
      const producer = this.groupOf.get(value);
      if (producer && producer !== group) producers.add(producer);
    }
    return producers;
  }

  /** True when `to` is needed, directly or not, by one of the groups in `from`. */
  reaches(from: Iterable<Group>, to: Group): boolean {
    const seen = new Set<Group>();
    const stack = [...from];
    while (stack.length) {
      const group = stack.pop()!;
      if (group === to) return true;
      if (seen.has(group)) continue;
      seen.add(group);
      stack.push(...this.producersOf(group));
    }
    return false;
  }

  storedOf(group: Group): Tensor[] {
    return [...group.members.keys()].filter((member) =>
      this.options.isOutput(member) ||
      [...this.readers.get(member) ?? []].some((reader) =>
        this.groupOf.get(reader) !== group && !group.members.has(reader)
      )
    );
  }

  bindings(group: Group): number {
    const buffers = new Set<unknown>();
    for (const value of [...group.built.loads.keys(), ...this.storedOf(group)]) {
      buffers.add(this.options.sharedBuffer(value));
    }
    return buffers.size;
  }

  /** The last barrier before a group, which is the same for all its members. */
  barrierBefore({ members }: Group): number | undefined {
    return this.lastBarrier.get(members.keys().next().value!);
  }

  /** Makes one group of two, if that can be. */
  merge(first: Group, second: Group): Group | undefined {
    if (this.barrierBefore(first) !== this.barrierBefore(second)) return undefined;
    const [host, guest] = hostAndGuest(first, second) ?? [];
    if (!host || !guest) return undefined;
    const firstProducers = this.producersOf(first), secondProducers = this.producersOf(second);
    firstProducers.delete(second);
    secondProducers.delete(first);
    if (this.reaches(secondProducers, first) || this.reaches(firstProducers, second)) return undefined;
    for (const places of arrangements(host, guest)) {
      const all = new Map([...host.members, ...places].sort(([a], [b]) => a.id - b.id));
      const merged = buildGroup(host.frame, all, this.roots);
      if (!merged || this.bindings(merged) > this.options.bindings) continue;
      for (const member of all.keys()) this.groupOf.set(member, merged);
      return merged;
    }
    return undefined;
  }

  /** Merges along edges from producer to consumer until nothing more fits. */
  mergeChains(): boolean {
    let changed = false;
    for (const root of [...this.groupOf.keys()]) {
      let group = this.groupOf.get(root)!;
      for (let again = true; again;) {
        again = false;
        for (const producer of [...this.producersOf(group)].sort((a, b) => lastId(b) - lastId(a))) {
          const merged = this.merge(producer, group);
          if (!merged) continue;
          group = merged;
          changed = again = true;
          break;
        }
      }
    }
    return changed;
  }

  /** Merges groups of equal frames that read the same large value. */
  mergeSiblings(): boolean {
    let changed = false;
    for (const readers of this.readers.values()) {
      const groups = [...new Set([...readers].map((reader) => this.groupOf.get(reader)!))];
      for (let i = 0; i < groups.length; i++) {
        for (let j = i + 1; j < groups.length; j++) {
          const [a, b] = [groups[i]!, groups[j]!];
          if (a === b || !sharesLargeLoad(a, b)) continue;
          const merged = this.merge(a, b);
          if (!merged) continue;
          groups[i] = merged;
          groups.splice(j--, 1);
          changed = true;
        }
      }
    }
    return changed;
  }
}

const lastId = (group: Group): number => [...group.members.keys()].at(-1)!.id;

const sameFrame = (a: Frame, b: Frame): boolean =>
  a.kind === b.kind && a.sizes.length === b.sizes.length && a.sizes.every((size, axis) => size === b.sizes[axis]);

function sharesLargeLoad(a: Group, b: Group): boolean {
  if (a.frame.kind !== b.frame.kind || a.frame.kind === "contract") return false;
  for (const value of a.built.loads.keys()) {
    if (b.built.loads.has(value) && sizeOf(value) * 2 > a.frame.fullCount) return true;
  }
  return false;
}

/** Whose frame a common kernel would have: reductions and contractions host maps; equals host each other. */
function hostAndGuest(a: Group, b: Group): readonly [Group, Group] | undefined {
  const kinds = `${a.frame.kind} ${b.frame.kind}`;
  if (kinds.includes("opaque")) return undefined;
  if (sameFrame(a.frame, b.frame)) return a.frame.kind === "contract" ? undefined : [a, b];
  if (b.frame.kind === "map" && a.frame.kind !== "map") return [a, b];
  // A map before a contraction is its operand, which is stored or absorbed: only reductions host what precedes them.
  if (a.frame.kind === "map" && (b.frame.kind === "row" || b.frame.kind === "column")) return [b, a];
  return undefined;
}

/** Ways to place the guest's members in the host's frame, likeliest first. */
function* arrangements(host: Group, guest: Group): Generator<ReadonlyMap<Tensor, Place>> {
  if (sameFrame(host.frame, guest.frame)) return yield guest.members;
  const choices = [...guest.members.keys()].map((member) => {
    const places = [...placesIn(host.frame, member)];
    for (const [at, place] of host.members) {
      const above = placeAbove(at, place, member);
      if (above) places.unshift(above);
    }
    return { member, places };
  });
  if (choices.some(({ places }) => places.length === 0)) return;
  const most = Math.max(...choices.map(({ places }) => places.length));
  for (let choice = 0; choice < most; choice++) {
    yield new Map(choices.map(({ member, places }) => [member, places[Math.min(choice, places.length - 1)]!]));
  }
}

/** For each node that depends on a checkpoint's barriers, the last such checkpoint, numbered as they are met. */
function lastBarriers(nodes: readonly Tensor[]): ReadonlyMap<Tensor, number> {
  const numbers = new Map<unknown, number>();
  const last = new Map<Tensor, number>();
  for (const node of nodes) {
    if (node.op === barrierOp && !numbers.has(node.params.of)) numbers.set(node.params.of, numbers.size + 1);
    const own = node.op === barrierOp ? numbers.get(node.params.of)! : 0;
    const latest = node.inputs.reduce((most, input) => Math.max(most, last.get(input) ?? 0), own);
    if (latest > 0) last.set(node, latest);
  }
  return last;
}

/** Groups the roots of a lowered graph into kernels. */
export function fuse({ roots, nodes }: Roots, options: FusionOptions): readonly FusedGroup[] {
  const fusion = new Fusion(roots, options, lastBarriers(nodes));
  fusion.mergeChains();
  while (fusion.mergeSiblings() && fusion.mergeChains());
  const groups = [...new Set(fusion.groupOf.values())];
  return groups.map((group) => ({ ...group, stored: fusion.storedOf(group) }));
}
