/**
 * What it takes to compute a value from stored ones: which of them it reads, and how many operations follow one
 * another. Both are kept within limits by storing operands.
 *
 * @module
 */
import type { Tensor } from "../graph/node.ts";
import { isGiven } from "./lower.ts";

/** Operations in a row that are computed without a stored value between: expressions are walked by recursion. */
const MOST_DEPTH = 128;

/** What a value takes. */
interface Extent {
  readonly reads: ReadonlySet<Tensor>;
  readonly depth: number;
}

/** Extents of the values of a graph, visited in ascending order. */
export class Extents {
  readonly #of = new Map<Tensor, Extent>();

  /**
   * @param roots values that are stored so far.
   * @param store adds one.
   * @param mostReads buffers that a value may be computed from.
   */
  constructor(
    readonly roots: ReadonlySet<Tensor>,
    readonly store: (node: Tensor) => void,
    readonly mostReads: number,
  ) {}

  /** Measures a value; stores operands of it where it would take too much. */
  visit(node: Tensor): void {
    if (node.op.kind === "opaque") return;
    let extent = this.#measure(node);
    while (extent.reads.size > this.mostReads) {
      const widest = node.inputs.reduce((a, b) => this.#seen(a).reads.size >= this.#seen(b).reads.size ? a : b);
      if (this.#seen(widest).reads.size <= 1) break;
      this.store(underViews(widest));
      extent = this.#measure(node);
    }
    if (extent.depth > MOST_DEPTH) {
      node.inputs.filter((input) => this.#seen(input).depth > 0).forEach((input) => this.store(underViews(input)));
      extent = this.#measure(node);
    }
    this.#of.set(node, extent);
  }

  #measure(node: Tensor): Extent {
    const seen = node.inputs.map((input) => this.#seen(input));
    // Pieces are nested choices.
    const own = node.op.name === "concat" ? node.inputs.length : 1;
    return {
      reads: new Set(seen.flatMap(({ reads }) => [...reads])),
      depth: seen.reduce((most, { depth }) => Math.max(most, depth + own), 0),
    };
  }

  /** What a reader of `node` takes for it. */
  #seen(node: Tensor): Extent {
    const shown = underViews(node);
    const stored = this.roots.has(node) ? node : this.roots.has(shown) || isGiven(shown) ? shown : undefined;
    return stored ? { reads: new Set([stored]), depth: 0 } : this.#of.get(node)!;
  }
}

/** The value that a view shows. */
export function underViews(node: Tensor): Tensor {
  let shown = node;
  while (shown.op.kind === "view") shown = shown.inputs[0]!;
  return shown;
}
