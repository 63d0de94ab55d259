/**
 * Patterns: what is kept or pruned as one. A pattern says what competes, the scope says with whom.
 *
 * | pattern        | what is kept together                                     | sparsity s then means                   |
 * | -------------- | --------------------------------------------------------- | --------------------------------------- |
 * | `unstructured` | single weights                                            | N - round(s N) of N weights are kept    |
 * | `n:m`          | n of every m neighbours along the input axis              | 1 - n/m at the end, nothing else        |
 * | `blocks`       | rows x cols blocks of a weight `[out, ...]`               | G - round(s G) of G blocks are kept     |
 * | `groups`       | slices of several tensors: attention heads, neurons       | G - round(s G) of G groups are kept     |
 *
 * N and G count everything together under the scope "global", each tensor (each set of groups) under "tensor", each
 * output row (each row of blocks; of groups each set) under "row". Blocks at the edges are smaller than others, and
 * groups of different sets differ in size: the share of weights that go is then near s, and reports tell it exactly.
 * Prunable weights that are in no group stay.
 *
 * @module
 */
import type { Named } from "./criteria/criterion.ts";
import { OptionError } from "./schedule.ts";

/** How the score of a group comes from those of its weights: their sum, or their mean, which is fair to small groups. */
export type GroupScore = "sum" | "mean";

/** Slices of one tensor that groups have: group i of a set has `size` indices of `axis`, from `start + i * size` on. */
export interface GroupPart {
  /** Name of a prunable parameter. */
  readonly tensor: string;
  /** Axis that is cut; 0 is the output of a weight `[out, in]`, 1 its input. */
  readonly axis: number;
  /** Where the slice of the first group begins; 0. */
  readonly start?: number;
  /** Width of the slice of one group. */
  readonly size: number;
}

/** Groups of equal make: the heads of an attention layer, the neurons of a feed-forward layer. */
export interface GroupSet {
  /** Groups in the set. */
  readonly count: number;
  /** What each of them consists of. */
  readonly parts: readonly GroupPart[];
}

/**
 * Sets of groups by name, as a model describes them: heads have rows of the query, key and value matrices and columns of
 * the output projection, neuron i has row i of the intermediate matrix and column i of the output matrix.
 *
 * @example One attention block of 12 heads, 64 wide.
 * ```ts
 * import type { GroupSpec } from "@sentinel/seven";
 *
 * const heads: GroupSpec = {
 *   "layer.0.heads": {
 *     count: 12,
 *     parts: [
 *       ...["query", "key", "value"].map((name) => ({ tensor: `layer.0.${name}.weight`, axis: 0, size: 64 })),
 *       { tensor: "layer.0.output.weight", axis: 1, size: 64 },
 *     ],
 *   },
 * };
 * ```
 */
export type GroupSpec = Named<GroupSet>;

/** What is kept or pruned as one. */
export type Pattern =
  | { readonly kind: "unstructured" }
  | { readonly kind: "n:m"; readonly n: number; readonly m: number }
  | { readonly kind: "blocks"; readonly rows: number; readonly cols: number; readonly score?: GroupScore }
  | { readonly kind: "groups"; readonly groups: GroupSpec; readonly score?: GroupScore };

/** Single weights, the pattern where none is given. */
export const unstructured: Pattern = { kind: "unstructured" };

/**
 * Reads a pattern: `unstructured`, `2:4` (n:m) or `4x4` (blocks of rows x columns).
 *
 * @throws {OptionError} for anything else.
 */
export function parsePattern(text: string): Pattern {
  if (text === "unstructured") return unstructured;
  const [, first, sign, second] = /^(\d+)([:x])(\d+)$/.exec(text) ?? [];
  if (!sign) throw new OptionError(`pattern "${text}" is not known; give unstructured, n:m such as 2:4, or 4x4 blocks`);
  const [a, b] = [Number(first), Number(second)];
  const pattern: Pattern = sign === ":" ? { kind: "n:m", n: a, m: b } : { kind: "blocks", rows: a, cols: b };
  checkPattern(pattern);
  return pattern;
}

/** Sparsity that a pattern has at the end by itself; `undefined` where it takes any. */
export function patternSparsity(pattern: Pattern): number | undefined {
  return pattern.kind === "n:m" ? 1 - pattern.n / pattern.m : undefined;
}

const isCount = (x: number): boolean => Number.isInteger(x) && x >= 1;

/** @throws {OptionError} for a pattern with numbers that make none. */
export function checkPattern(pattern: Pattern): void {
  if (pattern.kind === "n:m" && !(isCount(pattern.n) && isCount(pattern.m) && pattern.n <= pattern.m)) {
    throw new OptionError(`pattern ${pattern.n}:${pattern.m}: give n:m with 1 <= n <= m, whole numbers, such as 2:4`);
  }
  if (pattern.kind === "blocks" && !(isCount(pattern.rows) && isCount(pattern.cols))) {
    throw new OptionError(`blocks of ${pattern.rows} x ${pattern.cols}: give whole numbers from 1 on, such as 4x4`);
  }
}

/**
 * Checks the groups of a model.
 *
 * @param weights prunable weights.
 * @throws {OptionError} for a part that lies in no prunable weight or outside of it, or that overlaps another.
 */
export function checkGroups(groups: GroupSpec, weights: Named<{ readonly shape: readonly number[] }>): void {
  if (!Object.keys(groups).length) throw new OptionError("the pattern of groups has none; the model describes them");
  const taken: { tensor: string; axis: number; from: number; to: number; set: string }[] = [];
  for (const [set, { count, parts }] of Object.entries(groups)) {
    if (!isCount(count) || !parts.length) {
      throw new OptionError(`groups "${set}": ${count} of ${parts.length} parts each`);
    }
    for (const { tensor, axis, start = 0, size } of parts) {
      const weight = weights[tensor];
      if (!weight) {
        throw new OptionError(`groups "${set}": "${tensor}" is no prunable weight; leave it out or prune it`);
      }
      const to = start + count * size;
      if (!isCount(size) || !(start >= 0) || !(to <= (weight.shape[axis] ?? -1))) {
        throw new OptionError(
          `groups "${set}": ${count} slices of ${size} from ${start} on do not fit axis ${axis} of "${tensor}" ` +
            `[${weight.shape}]`,
        );
      }
      const other = taken.find((one) =>
        one.tensor === tensor && (one.axis !== axis || start < one.to && one.from < to)
      );
      if (other) {
        throw new OptionError(`groups "${set}" and "${other.set}" overlap in "${tensor}"; a weight has one group`);
      }
      taken.push({ tensor, axis, from: start, to, set });
    }
  }
}
