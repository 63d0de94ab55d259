/**
 * From a fused group to a kernel: arguments in the order of their first use (so that equal layers give equal kernels),
 * and axes split where indices divide them, so that most indices become linear.
 *
 * @module
 */
import type { Dtype, Tensor, Type } from "../graph/node.ts";
import type { StructuralPrimitive } from "../graph/structural.ts";
import { Expressions } from "./expr.ts";
import type { FusedGroup } from "./fuse.ts";
import {
  addIndex,
  type Atom,
  constantIndex,
  coordinate,
  type Index,
  linearize,
  offsetIndex,
  scaleIndex,
  substitute,
} from "./index.ts";
import { type Argument, type Expr, type Kernel, type Store, visitExpr } from "./kernel.ts";
import { storageOf } from "./lower.ts";

/** Where a value lies: a buffer of the plan, and for packed scalars the element to start at. */
export interface Location {
  readonly buffer: number;
  readonly offset: number;
  readonly length: number;
  readonly dtype: Argument["dtype"];
}

/** Element type in storage: bool is stored as u32. */
export function storedDtype(dtype: Dtype): Argument["dtype"] {
  if (dtype === "f16") throw new Error("f16 values are not stored by kernels yet: cast to f32");
  return dtype === "bool" ? "u32" : dtype;
}

/** Makes the kernel of a group. */
export function assemble(
  group: FusedGroup,
  locate: (value: Tensor) => Location,
  scratch: (value: Tensor) => readonly Location[],
): Kernel {
  const args = new Arguments(locate);
  const label = labelOf(group);
  const { built, frame } = group;
  if (frame.kind === "opaque") return assembleOpaque(group, args, scratch, label);

  const stores = group.stored.map((member) => {
    const place = group.members.get(member)!;
    return {
      member,
      level: place.level,
      index: linearize(place.coordinates, member.shape),
      value: built.values.get(member)!,
    };
  });
  const roots = [
    ...built.stages.map((stage) => stage.value),
    ...(built.a ? [built.a, built.b!] : []),
    ...stores.map((store) => store.value),
  ];
  const indices: Index[] = stores.map((store) => store.index);
  const byId = new Map([...built.loads.keys()].map((value) => [value.id, value]));
  visitExpr(roots, (expr) => {
    if (expr.kind === "load") {
      args.read(byId.get(expr.arg)!);
      indices.push(expr.index);
    } else if (expr.kind === "index") indices.push(expr.index);
    else if (expr.kind === "guard") indices.push(...expr.bounds.map((bound) => bound.index));
  });

  const axes = splitAxes(frame.sizes, frame.kind === "contract" ? [0] : frame.sizes.map((_, axis) => axis), indices);
  const expressions = new Expressions();
  // Loads of packed scalars start inside their buffer.
  const memo = new Map<Expr, Expr>();
  const retarget = (expr: Expr): Expr =>
    expressions.rewrite(expr, (index) => substitute(index, axes.coordinates), (arg, index, dtype) => {
      const value = byId.get(arg)!;
      return expressions.load(args.read(value), offsetIndex(index, locate(value).offset), dtype);
    }, memo);
  const finalStores: Store[] = stores.map(({ member, level, index, value }) => ({
    arg: args.write(member),
    index: substitute(index, axes.coordinates),
    value: retarget(value),
    level,
  }));
  const stages = built.stages.map(({ fold, value, tensor }) => ({ fold, value: retarget(value), dtype: tensor.dtype }));
  const { kind } = frame;
  switch (kind) {
    case "map":
      return { kind, label, args: args.list(), dims: axes.sizes[0]!, stores: finalStores };
    case "row":
    case "column":
      return {
        kind,
        label,
        args: args.list(),
        outer: axes.sizes.slice(0, -1).flat(),
        inner: axes.sizes.at(-1)!,
        stages,
        stores: finalStores,
      };
    case "contract": {
      const [, m, n, k] = frame.sizes as readonly [number, number, number, number];
      const a = retarget(built.a!), b = retarget(built.b!);
      return { kind, label, args: args.list(), batch: axes.sizes[0]!, m, n, k, a, b, stores: finalStores };
    }
  }
}

/** The arguments of a kernel: one per buffer. */
class Arguments {
  readonly #positions = new Map<number, number>();
  readonly #args: Argument[] = [];

  constructor(readonly locate: (value: Tensor) => Location) {}

  #use(value: Tensor, access: "read" | "write"): number {
    const { buffer, dtype, length } = this.locate(value);
    const position = this.#positions.get(buffer);
    if (position === undefined) {
      this.#positions.set(buffer, this.#args.length);
      return this.#args.push({ buffer, access, dtype, length }) - 1;
    }
    if (this.#args[position]!.access !== access) this.#args[position] = { ...this.#args[position]!, access: "update" };
    return position;
  }

  read(value: Tensor): number {
    return this.#use(value, "read");
  }

  write(value: Tensor): number {
    return this.#use(value, "write");
  }

  add(location: Location, access: "write"): void {
    this.#args.push({ buffer: location.buffer, access, dtype: location.dtype, length: location.length });
  }

  list(): readonly Argument[] {
    return this.#args;
  }
}

function assembleOpaque(
  group: FusedGroup,
  args: Arguments,
  scratch: (value: Tensor) => readonly Location[],
  label: string,
): Kernel {
  const [node] = group.members.keys();
  const { op, params, inputs } = node!;
  // An opaque kernel counts on the position of its arguments: an operand that comes twice is bound twice.
  const argOf = (value: Tensor) => args.read(storageOf(value));
  const order = inputs.map(argOf);
  if (new Set(order).size !== order.length) throw new Error(`${op.name}: an operand may be given once only`);
  args.write(node!);
  scratch(node!).forEach((location) => args.add(location, "write"));
  const type = ({ shape, dtype }: Type): Type => ({ shape, dtype });
  return {
    kind: "opaque",
    label,
    args: args.list(),
    op: op.name,
    params,
    inputs: inputs.map(type),
    outputs: [type(node!)],
    scratch: ((op as StructuralPrimitive).scratch?.(node!) ?? []).map(type),
  };
}

function labelOf(group: FusedGroup): string {
  const names = new Set([...group.members.keys()].map((member) => member.op.name));
  return `${group.frame.kind} ${[...names].slice(0, 6).join("+")}${names.size > 6 ? "+..." : ""}`;
}

/** Axes after splitting: for each old axis its new sizes, and its coordinate in terms of the new ones. */
interface Axes {
  readonly sizes: readonly (readonly number[])[];
  readonly coordinates: readonly Index[];
}

/** Splits axes at the divisors that indices use, as long as they divide one another and the axis. */
function splitAxes(sizes: readonly number[], splittable: readonly number[], indices: readonly Index[]): Axes {
  let parts: readonly (readonly number[])[] = sizes.map((size, axis) =>
    size === 1 && splittable.includes(axis) && sizes.length > 1 && axis === 0 ? [] : [size]
  );
  for (let round = 0; round < 8; round++) {
    const axes = coordinatesOf(parts, sizes);
    const divisors = new Map<number, Set<number>>();
    indices.forEach((index) => collectDivisors(substitute(index, axes), divisors));
    let changed = false;
    let axis = 0;
    parts = parts.map((list, old) =>
      list.flatMap((size) => {
        const chain = splittable.includes(old) ? chainOf(size, divisors.get(axis)) : [];
        axis++;
        if (!chain.length) return [size];
        changed = true;
        // Divisors b1 | b2 | ...: sizes n / bk, bk / bk-1, ..., b1.
        const bounds = [size, ...chain.reverse(), 1];
        return bounds.slice(0, -1).map((bound, i) => bound / bounds[i + 1]!);
      })
    );
    if (!changed) break;
  }
  return { sizes: parts, coordinates: coordinatesOf(parts, sizes) };
}

function coordinatesOf(parts: readonly (readonly number[])[], sizes: readonly number[]): readonly Index[] {
  let axis = 0;
  return parts.map((list, old) => {
    let stride = sizes[old]!;
    return list.reduce<Index>((sum, size) => {
      stride /= size;
      return addIndex(sum, scaleIndex(coordinate(axis++, size), stride));
    }, constantIndex(0));
  });
}

function collectDivisors(index: Index, into: Map<number, Set<number>>): void {
  const visit = (atom: Atom): void => {
    if (atom.kind === "coord") return;
    const only = atom.of.terms.length === 1 && atom.of.offset === 0 ? atom.of.terms[0]! : undefined;
    if (only?.coefficient === 1 && only.atom.kind === "coord") {
      const known = into.get(only.atom.axis) ?? new Set();
      into.set(only.atom.axis, known.add(atom.by));
    }
    atom.of.terms.forEach((term) => visit(term.atom));
  };
  index.terms.forEach((term) => visit(term.atom));
}

/** The divisors of `size` among the candidates that divide one another, ascending. */
function chainOf(size: number, candidates: ReadonlySet<number> | undefined): number[] {
  const chain: number[] = [];
  for (const by of [...candidates ?? []].sort((a, b) => a - b)) {
    if (by > 1 && by < size && size % by === 0 && by % (chain.at(-1) ?? 1) === 0) chain.push(by);
  }
  return chain;
}
