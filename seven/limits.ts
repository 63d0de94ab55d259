/**
 * Limits on the sparsity of single tensors, while all of them together have the sparsity that was asked for.
 *
 * @module
 */
import { and, constant, keepTopK, maximum, not, or, sub, type Tensor } from "../engine/mod.ts";
import { mapNamed, type Named, type Progress } from "./criteria/criterion.ts";
import { countMasks } from "./mask.ts";
import { keptCount, OptionError } from "./schedule.ts";

/** Bounds on the sparsity of each tensor whose name matches. Where several match, all of them hold. */
export interface Limit {
  /** Which tensors (of patterns of groups: which sets). */
  readonly match: (name: string) => boolean;
  /** Least share that goes, in [0, 1]; 0. */
  readonly least?: number;
  /** Greatest share that goes, in [0, 1]; 1. */
  readonly most?: number;
}

/** Bounds of one tensor: how many of its weights (or groups) are kept, at least and at most, at the end. */
export interface Bounds {
  /** Weights of the tensor. */
  readonly size: number;
  /** Least that are kept. */
  readonly least: number;
  /** Most that are kept. */
  readonly most: number;
}

/** Products of shares and sizes are whole numbers up to rounding. */
const SLACK = 1e-6;

/**
 * Bounds by name, of the tensors that a limit matches.
 *
 * @param sizes weights (or groups) of each tensor.
 * @throws {OptionError} for a limit that is no range, or matches nothing.
 */
export function boundsOf(limits: readonly Limit[], sizes: Named<number>): Record<string, Bounds> {
  const bounds: Record<string, Bounds> = {};
  for (const { match, least = 0, most = 1 } of limits) {
    if (!(least >= 0 && most <= 1 && least <= most)) {
      throw new OptionError(`limits from ${least} to ${most} are no range of sparsity: give 0 <= least <= most <= 1`);
    }
    const names = Object.keys(sizes).filter(match);
    if (!names.length) {
      const some = Object.keys(sizes).slice(0, 3).join(", ");
      throw new OptionError(
        `limits from ${least} to ${most} match none of ${Object.keys(sizes).length} tensors, such as ${some}`,
      );
    }
    for (const name of names) {
      const size = sizes[name]!, before = bounds[name] ?? { size, least: 0, most: size };
      bounds[name] = {
        size,
        least: Math.max(before.least, size - Math.floor(most * size + SLACK)),
        most: Math.min(before.most, size - Math.ceil(least * size - SLACK)),
      };
      if (bounds[name].least > bounds[name].most) {
        throw new OptionError(`limits on "${name}" leave no sparsity: one ends below the other's begin`);
      }
    }
  }
  return bounds;
}

/**
 * Checks that bounds can be met at a sparsity of all tensors together.
 *
 * @throws {OptionError} which bounds cannot, and which sparsities they can meet.
 */
export function checkBounds(bounds: Named<Bounds>, sizes: Named<number>, sparsity: number): void {
  const total = Object.values(sizes).reduce((a, b) => a + b, 0), keep = keptCount(total, sparsity);
  const sumOf = (f: (name: string) => number): number => Object.keys(sizes).reduce((sum, name) => sum + f(name), 0);
  const least = sumOf((name) => bounds[name]?.least ?? 0), most = sumOf((name) => bounds[name]?.most ?? sizes[name]!);
  if (keep >= least && keep <= most) return;
  const side = keep < least ? "most" : "least";
  const names = Object.entries(bounds).filter(([, { least, most, size }]) => side === "most" ? least > 0 : most < size);
  const range = `${(1 - most / total).toFixed(4)} to ${(1 - least / total).toFixed(4)}`;
  throw new OptionError(
    `sparsity ${sparsity} cannot be met under the limits (${side}) of ${names.length} tensors, such as "${
      names[0]![0]
    }": ` +
      `they allow ${range} in all`,
  );
}

/**
 * How many to keep of each bounded tensor on the way to the target: least and most, as inputs of a step. Caps come down
 * as the sparsity rises, so that they can be met at every step.
 */
export function boundsAt(
  bounds: Named<Bounds>,
  { sparsity, target }: Omit<Progress, "update">,
): Record<string, number> {
  const share = target > 0 ? Math.min(1, sparsity / target) : 0;
  return Object.fromEntries(
    Object.entries(bounds).flatMap(([name, { size, least, most }]) => [
      [`least ${name}`, least],
      [`most ${name}`, size - Math.floor((size - most) * share + SLACK)],
    ]),
  );
}

/**
 * Masks of the k greatest scores of all tensors together under bounds: first what the least of each tensor protects,
 * then the greatest of what is within the caps, and only where that is not enough what exceeds them. Exactly k are kept,
 * of what is eligible. Ties go to the lower position. Costs two selections for each bounded tensor and three over all.
 *
 * @param bounds of one tensor at least.
 * @param keep rank-0 u32: `all`, and those of {@linkcode boundsAt}.
 * @param eligible bool by name; all by default.
 */
export function keepWithin(
  bounds: Named<Bounds>,
  scores: Named<Tensor>,
  keep: Named<Tensor>,
  eligible?: Named<Tensor>,
): Record<string, Tensor> {
  const among = (name: string, mask: Tensor): Tensor => eligible ? and(mask, eligible[name]!) : mask;
  const ownBest = (name: string, n: Tensor): Tensor =>
    among(name, keepTopK({ [name]: scores[name]! }, n, eligible && { [name]: eligible[name]! })[name]!);
  /** Of the tensors in `from`, the greatest that are true there. */
  const best = (wanted: Tensor, from: Named<Tensor>): Record<string, Tensor> => {
    const masks = keepTopK(mapNamed(from, (_, name) => scores[name]!), wanted, from);
    return mapNamed(from, (mask, name) => and(masks[name]!, mask));
  };
  const first = mapNamed(bounds, (_, name) => ownBest(name, keep[`least ${name}`]!));
  const within = mapNamed(bounds, (_, name) => ownBest(name, keep[`most ${name}`]!));
  const wanted = difference(keep.all!, countMasks(first));
  const second = best(
    wanted,
    mapNamed(
      scores,
      ({ shape }, name) =>
        bounds[name] ? and(within[name]!, not(first[name]!)) : eligible?.[name] ?? constant(1, shape, "bool"),
    ),
  );
  const third = best(
    difference(wanted, countMasks(second)),
    mapNamed(bounds, (_, name) => among(name, not(within[name]!))),
  );
  return mapNamed(second, (mask, name) => bounds[name] ? or(first[name]!, or(mask, third[name]!)) : mask);
}

/** a - b, and 0 where b is greater: u32 has nothing below. */
function difference(a: Tensor, b: Tensor): Tensor {
  return sub(maximum(a, b), b);
}
