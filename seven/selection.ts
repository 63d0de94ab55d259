/**
 * Which weights a step keeps: scope x pattern, within limits.
 *
 * @module
 */
import {
  and,
  cast,
  constant,
  iota,
  keepTopKPerRow,
  less,
  notEqual,
  pad,
  reshape,
  sizeOf,
  slice,
  type Tensor,
  where,
} from "../engine/mod.ts";
import { mapNamed, type Named, type Progress } from "./criteria/criterion.ts";
import { type Grouping, groupingOf } from "./grouping.ts";
import { boundsAt, boundsOf, checkBounds, keepWithin, type Limit } from "./limits.ts";
import { checkPattern, type Pattern, patternSparsity, unstructured } from "./pattern.ts";
import { keptCount, OptionError } from "./schedule.ts";
import { type Groups, keepAt, keepBest, rowsOf, type Scope } from "./scope.ts";

type Sparsity = Omit<Progress, "update">;

/** What decides how many weights stay, and which. */
export interface SelectionSpec {
  /** Which weights compete; "global". */
  readonly scope?: Scope;
  /** What is kept or pruned as one; single weights. */
  readonly pattern?: Pattern;
  /** Bounds on the sparsity of single tensors, under the scope "global"; none. */
  readonly limits?: readonly Limit[];
}

/** A rule for given weights. */
export interface Selection {
  /** Whether the sparsity alone does not tell how many weights are kept, so that steps have to count them. */
  readonly counts: boolean;
  /** Checks the sparsity at the end. @throws {OptionError} when the rule cannot meet it. */
  check(target: number): void;
  /** How many to keep, of the groups of weights that were left to begin with: inputs of a step, u32. */
  keepAt(left: Named<Groups>, progress: Sparsity): Record<string, number>;
  /**
   * New masks.
   *
   * @param scores f32 by name.
   * @param keep rank-0 u32, those of {@linkcode keepAt}.
   * @param masks current ones, bool.
   * @param permanent whether what is pruned stays so.
   */
  choose(scores: Named<Tensor>, keep: Named<Tensor>, masks: Named<Tensor>, permanent: boolean): Record<string, Tensor>;
}

/**
 * The rule for prunable weights.
 *
 * @param weights shapes of the prunable weights.
 * @throws {OptionError} when pattern, scope and limits do not go together or do not fit the weights.
 */
export function selectionOf(
  { scope = "global", pattern = unstructured, limits = [] }: SelectionSpec,
  weights: Named<{ readonly shape: readonly number[] }>,
): Selection {
  checkPattern(pattern);
  if (limits.length && (scope !== "global" || pattern.kind === "n:m")) {
    const other = scope !== "global" ? `scope "${scope}"` : `pattern ${pattern.kind}`;
    throw new OptionError(`limits need the scope "global": under ${other} every tensor has the same sparsity anyway`);
  }
  if (pattern.kind === "n:m") return nOfM(pattern.n, pattern.m, patternSparsity(pattern)!);
  const grouping = groupingOf(pattern, weights);
  const sizes = mapNamed(grouping?.groups ?? weights, sizeOf);
  const bounds = boundsOf(limits, sizes);
  const groups = grouping && groupCounts(grouping, scope);
  return {
    counts: grouping !== undefined,
    check: (target) => checkBounds(bounds, sizes, target),
    keepAt: (left, progress) => ({ ...keepAt(groups ?? left, progress.sparsity), ...boundsAt(bounds, progress) }),
    choose(scores, keep, before, permanent) {
      const best = (scores: Named<Tensor>, eligible?: Named<Tensor>): Record<string, Tensor> =>
        limits.length ? keepWithin(bounds, scores, keep, eligible) : keepBest(scope, scores, keep, eligible);
      if (!grouping) return best(scores, permanent ? before : undefined);
      if (!permanent) return grouping.spread(best(grouping.scores(scores)), before);
      // What is pruned adds nothing to its group, and comes back neither with it nor for lack of others.
      const alive = grouping.alive(before);
      const own = mapNamed(scores, (score, name) => where(before[name]!, score, 0));
      const kept = mapNamed(best(grouping.scores(own), alive), (mask, name) => and(mask, alive[name]!));
      return mapNamed(grouping.spread(kept, before), (mask, name) => and(mask, before[name]!));
    },
  };
}

/** Groups of weights as things that are counted, none of them pruned yet. */
function groupCounts({ groups }: Grouping, scope: Scope): Named<Groups> {
  if (scope === "global") {
    const size = Object.values(groups).reduce((sum, one) => sum + sizeOf(one), 0);
    return { all: { size, left: [size] } };
  }
  return mapNamed(groups, (one): Groups => {
    const rows = scope === "row" ? rowsOf(one) : 1, size = sizeOf(one) / rows;
    return { size, left: new Array<number>(rows).fill(size) };
  });
}

/** n of every m neighbours along the input axis; more of them before the sparsity has risen to 1 - n/m. */
function nOfM(n: number, m: number, end: number): Selection {
  return {
    counts: true,
    check(target) {
      if (Math.abs(target - end) > 1e-9) {
        throw new OptionError(`pattern ${n}:${m} has the sparsity ${end}, not ${target}; ask for that`);
      }
    },
    keepAt: (_, { sparsity }) => ({ ofEach: Math.max(n, keptCount(m, sparsity)) }),
    choose: (scores, keep, before, permanent) =>
      mapNamed(scores, (score, name) => {
        const rows = rowsOf(score), width = sizeOf(score) / rows, wide = Math.ceil(width / m);
        const grid = (x: Tensor): Tensor => reshape(pad(reshape(x, [rows, width]), 1, 0, wide * m - width), [-1, m]);
        // Where m does not divide the axis the last group goes on with weights that cannot be kept.
        const real = less(iota([rows, wide * m], 1), width);
        const own = permanent ? notEqual(grid(cast(before[name]!, "u32")), 0) : constant(1, [rows * wide, m], "bool");
        const eligible = and(own, reshape(real, [rows * wide, m]));
        const kept = and(keepTopKPerRow(grid(score), keep.ofEach!, eligible), eligible);
        const cut = slice(reshape(cast(kept, "u32"), [rows, wide * m]), 1, 0, width);
        return notEqual(reshape(cut, score.shape), 0);
      }),
  };
}
