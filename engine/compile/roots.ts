/**
 * Roots: the values that get a buffer, if a reader outside their kernel is left after fusion. All other values are
 * computed where they are read.
 *
 * Rules, each with a test:
 * - outputs, reductions, contractions and opaque kernels are roots, and so is what an opaque kernel or a barrier reads;
 * - a chain of elementwise work and re-arrangement over a contraction, used once at every link, ends in a root: it is
 *   stored in place of the contraction's own result;
 * - a value used several times is a root when computing it again costs more than reading it;
 * - a contraction's operand is a root unless it is cheap: it is read once per tile;
 * - what an extremum is taken of, if it is used again, is a root: computed again it may be rounded otherwise, and the
 *   element that attains the extremum would not be found;
 * - a contraction's operand that merges permuted axes is a root: its producer stores through the permuted map;
 * - where a value would read more buffers than a kernel may bind, its widest operands are roots, and where more
 *   operations would follow one another than can be walked, one between them is.
 *
 * @module
 */
import { barrierOp } from "../graph/barrier.ts";
import { sizeOf, type Tensor } from "../graph/node.ts";
import type { ScalarPrimitive } from "../graph/scalar_ops.ts";
import { Extents, underViews } from "./extent.ts";
import { isGiven, reachable, storageOf } from "./lower.ts";

/** Most work that a contraction absorbs on a load. */
const CHEAP_LOAD = 2;
/** From this cost a value used twice is stored. One unit is a multiplication. */
const WORTH_STORING = 4;
/** From this many full-size operands a value used twice is stored. */
const MANY_LOADS = 3;

/** Which values have storage, and who uses what. */
export interface Roots {
  /** Values that kernels produce, ascending by id. */
  readonly roots: ReadonlySet<Tensor>;
  /** All nodes needed, ascending by id. */
  readonly nodes: readonly Tensor[];
}

/**
 * Chooses the roots of a lowered graph.
 *
 * @param bindings buffers that a kernel may bind: no root reads more than that leaves beside its own result.
 */
export function chooseRoots(outputs: readonly Tensor[], bindings: number): Roots {
  const nodes = reachable(outputs);
  const users = new Map<Tensor, Tensor[]>(nodes.map((node) => [node, []]));
  for (const node of nodes) for (const input of new Set(node.inputs)) users.get(input)!.push(node);
  const roots = new Set<Tensor>();
  const store = (node: Tensor): void => {
    if (!isGiven(node)) roots.add(node);
  };
  outputs.forEach(store);
  for (const node of nodes) {
    const { kind } = node.op;
    if (kind === "reduce" || kind === "contract" || kind === "opaque") roots.add(node);
    if (kind === "opaque") node.inputs.forEach((input) => store(storageOf(input)));
    if (node.op === barrierOp && underViews(node).op.kind !== "leaf") store(underViews(node));
    if (node.op.name === "reduceMax" || node.op.name === "reduceMin") {
      const compared = underViews(node.inputs[0]!);
      if (readersOf(compared, users).length > 1) store(compared);
    }
    if (kind === "contract") {
      store(chainEnd(node, users, outputs));
      node.inputs.forEach((operand) => {
        const merged = mergesPermuted(operand);
        if (merged) store(merged);
      });
    }
  }
  // Ascending order: whether a value is cheap depends on which of its operands are stored.
  const extents = new Extents(roots, store, bindings - 1);
  for (const node of nodes) {
    extents.visit(node);
    if (roots.has(node) || (node.op.kind !== "scalar" && node.op.kind !== "piecewise")) continue;
    const readers = readersOf(node, users);
    const { cost, loads } = recomputation(node, roots);
    const byContraction = readers.some((reader) => reader.op.kind === "contract");
    const worth = readers.length > 1 && (cost >= WORTH_STORING || loads >= MANY_LOADS);
    if (worth || (byContraction && (cost > CHEAP_LOAD || loads > CHEAP_LOAD))) roots.add(node);
  }
  return { roots: new Set([...roots].sort((a, b) => a.id - b.id)), nodes };
}

/** Users of a value, looking through views. */
function readersOf(node: Tensor, users: ReadonlyMap<Tensor, readonly Tensor[]>): readonly Tensor[] {
  const readers = new Set<Tensor>();
  const walk = (at: Tensor): void =>
    users.get(at)!.forEach((user) => user.op.kind === "view" ? walk(user) : readers.add(user));
  walk(node);
  return [...readers];
}

/** The last link of the chain over a contraction: every link has one user, elementwise or a mere re-arrangement. */
function chainEnd(node: Tensor, users: ReadonlyMap<Tensor, readonly Tensor[]>, outputs: readonly Tensor[]): Tensor {
  let end = node;
  let stored = node;
  for (;;) {
    const [user, ...others] = users.get(end)!;
    if (!user || others.length || outputs.includes(end)) return stored;
    const rearranges = user.op.name === "reshape" || user.op.name === "permute";
    if (!rearranges && user.op.kind !== "scalar") return stored;
    if (sizeOf(user) !== sizeOf(node)) return stored;
    end = user;
    if (!rearranges) stored = user;
  }
}

/** The part of a contraction's operand that merges permuted axes, which no stride can follow along one axis. */
function mergesPermuted(operand: Tensor): Tensor | undefined {
  if (operand.op.name === "permute") return mergesPermuted(operand.inputs[0]!);
  if (operand.op.name !== "reshape") return undefined;
  for (let inner = operand.inputs[0]!; inner.op.kind === "view"; inner = inner.inputs[0]!) {
    if (inner.op.name === "permute") return operand;
  }
  return undefined;
}

/** Work and distinct full-size loads of computing a value where it is read. */
function recomputation(node: Tensor, roots: ReadonlySet<Tensor>): { cost: number; loads: number } {
  const seen = new Set<Tensor>();
  let cost = 0, loads = 0;
  // `count` is the number of elements at hand: what is much smaller was broadcast, and is computed once for many.
  const walk = (at: Tensor, count: number): void => {
    if (seen.has(at)) return;
    seen.add(at);
    const large = sizeOf(at) * 2 > count;
    if (at !== node && (roots.has(at) || isGiven(at))) {
      if (large) loads++;
      return;
    }
    if (at.op.kind === "scalar" && large) cost += (at.op as ScalarPrimitive).cost;
    if (at.op.kind === "piecewise") cost += 2;
    const narrows = at.op.kind === "piecewise" || at.op.name === "slice";
    at.inputs.forEach((input) => walk(input, narrows ? sizeOf(input) : count));
  };
  walk(node, sizeOf(node));
  return { cost, loads };
}
