/**
 * From what was asked for to what the library runs: methods, what they may prune, augmentation.
 *
 * @module
 */
import { adamw } from "../../engine/mod.ts";
import type { Augmentation, BatchTensors, Network } from "../../models/mod.ts";
import { type Method, methodNamed } from "../methods.ts";
import type { Limit } from "../limits.ts";
import { namePredicate } from "../names.ts";
import { type GroupSpec, parsePattern, type Pattern } from "../pattern.ts";
import { pruningSteps } from "../pruning.ts";
import { UsageError } from "./errors.ts";
import { lossOf } from "./loss.ts";
import type { AugmentationName, NamedShare, PruneOptions } from "./options.ts";

/** What may be pruned, and what does not move. */
export interface Choice {
  /** Whether a parameter may be pruned. */
  readonly prunable: (name: string) => boolean;
  /** Whether a parameter does not move. */
  readonly frozen: (name: string) => boolean;
}

/**
 * Which parameters of a model are pruned and trained.
 *
 * @throws {OptionError} for a pattern that matches no name.
 */
export function choiceOf(network: Network, { include, exclude, freeze }: PruneOptions): Choice {
  const names = Object.keys(network.params);
  const filter = { exclude, ...(include ? { include } : {}) };
  return {
    prunable: namePredicate(filter, names, network.isPrunable),
    frozen: freeze.length === 0 ? () => false : namePredicate({ include: freeze }, names),
  };
}

/**
 * The method of that name, as it was asked for.
 *
 * @throws {UsageError} when its pruning window ends after the last step; {@linkcode OptionError} when settings do not
 * go together.
 */
export function planned(name: string, network: Network, options: PruneOptions): Method {
  const { sparsity, pruneSteps, pruneStart, pruneEvery, schedule, steps, scope, rounds, rewindTo } = options;
  const { alpha1, alpha2, moment, accumulate, permanent, looks, steadiness } = options;
  const limits = limitsOf(network, options);
  const method = methodNamed(name, {
    sparsity,
    pruneSteps,
    ...(pruneStart === undefined ? {} : { start: pruneStart }),
    ...(pruneEvery === undefined ? {} : { every: pruneEvery }),
    ...(schedule === undefined ? {} : { schedule }),
    ...(scope === undefined ? {} : { scope }),
    ...(limits.length === 0 ? {} : { limits }),
    pattern: patternOf(network, options),
    seven: { alpha1, alpha2, moment, accumulate, permanent, looks, steadiness },
    lottery: { rounds, rewindTo },
  });
  pruningSteps<BatchTensors>({
    ...method,
    loss: lossOf(network, options),
    prunable: choiceOf(network, options).prunable,
    optimizer: adamw(),
  }).check(network.params, sparsity);
  const { end } = method.schedule;
  if (method.lottery || end <= steps) return method;
  throw new UsageError(
    `--method ${name}: prunes until step ${end}, after the ${steps} of --steps; give fewer --prune-steps or more --steps`,
  );
}

function patternOf(network: Network, options: PruneOptions): Pattern {
  const { pattern, groupScore: score } = options;
  if (pattern === "head" || pattern === "neuron") {
    return { kind: "groups", groups: setsOf(network, pattern, choiceOf(network, options).prunable), score };
  }
  const parsed = parsePattern(pattern);
  return parsed.kind === "blocks" ? { ...parsed, score } : parsed;
}

/** The sets of which all weights may be pruned: one that is left out in part stays as a whole. */
function setsOf({ groups }: Network, kind: "head" | "neuron", prunable: (name: string) => boolean): GroupSpec {
  const whole = Object.entries(groups[kind]).filter(([, { parts }]) => parts.every(({ tensor }) => prunable(tensor)));
  return Object.fromEntries(whole);
}

function limitsOf(network: Network, { leastSparsity, mostSparsity, pattern }: PruneOptions): Limit[] {
  const names = pattern === "head" || pattern === "neuron"
    ? Object.keys(network.groups[pattern])
    : Object.keys(network.params).filter(network.isPrunable);
  const limit = ({ pattern, share }: NamedShare, kind: "least" | "most"): Limit => ({
    match: namePredicate({ include: [pattern] }, names),
    [kind]: share,
  });
  return [
    ...leastSparsity.map((given) => limit(given, "least")),
    ...mostSparsity.map((given) => limit(given, "most")),
  ];
}

/** Black pixels around an image that is cropped at random, as usual with CIFAR. */
const padding = 4;

/** The changes of those names, or none. */
export function augmentationOf(names: readonly AugmentationName[]): Augmentation | undefined {
  if (names.length === 0) return undefined;
  return {
    ...(names.includes("flip") ? { flip: 0.5 } : {}),
    ...(names.includes("pad-crop") ? { padding } : {}),
    ...(names.includes("resized-crop") ? { resizedCrop: true } : {}),
    ...(names.includes("erase") ? { erase: 0.25 } : {}),
  };
}
