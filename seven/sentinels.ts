/**
 * Sentinel weights, as a thing that one can look at. With the averages of SEVEN, of a weight theta with gradient g:
 *
 *     sensitivity = |theta m_hat|        steadiness = |m_hat| / (sqrt(v_hat) + 1e-9)
 *
 * The k weights of greatest sensitivity are large. A large one is a sentinel weight (SW) when its gradients are steady,
 * and a temporary sentinel weight (TSW) when most of what made it large is noise (Xiao et al. 2024, arXiv 2403.12688).
 *
 * What counts as noise depends on the moment that m averages. Averages of |g| cannot see signs: for gradients that are
 * nothing but N(0, 1) noise the steadiness is 0.82 on average after 100 steps at a decay of 0.8, where averages of g
 * give 0.27; spikes in 1 of 20 steps get 0.41 and 0.20. So with `moment: "absolute"` zero-mean noise counts as SW, and
 * only bursts as TSW; `moment: "signed"` tells both apart from steady gradients.
 *
 * @module
 */
import { abs, and, cast, greaterEqual, mul, not, type Step, sum, type Tensor } from "../engine/mod.ts";
import { mapNamed, type Named } from "./criteria/criterion.ts";
import { unpackMasks } from "./mask.ts";
import { OptionError } from "./schedule.ts";
import { keepBest, type Scope } from "./scope.ts";
import type { PruningState, StepBatch, StepInputs } from "./state.ts";
import { steadiness } from "./statistics.ts";

/** How to tell the classes. */
export interface SentinelOptions {
  /** Least steadiness of a sentinel weight, in [0, 1]; 0.5. */
  readonly threshold?: number;
  /** Which weights compete for being large; "global". */
  readonly scope?: Scope;
}

/** What the classes follow from. */
export interface SentinelStatistics {
  /** Weights. */
  readonly weights: Named<Tensor>;
  /** Averages of g or |g|, by weight name. */
  readonly m: Named<Tensor>;
  /** Averages of the squared gradient, by weight name. */
  readonly v: Named<Tensor>;
  /** Bias correction of m, rank 0: 1 / (1 - alpha1^t). */
  readonly correction1: Tensor;
  /** Bias correction of v, rank 0: 1 / (1 - alpha2^t). */
  readonly correction2: Tensor;
  /** How many weights are large, rank-0 u32: `all` of them, or by name of each tensor, or of each of its rows. */
  readonly keep: Named<Tensor>;
  /** Weights that may be large, bool; all by default. */
  readonly eligible?: Named<Tensor>;
}

/** Something for each weight tensor, of both classes. */
export interface Sentinels {
  /** Sentinel weights: large and steady. */
  readonly sentinel: Named<Tensor>;
  /** Temporary sentinel weights: large, but not steady. */
  readonly temporary: Named<Tensor>;
}

/** Weights of each class in a tensor. */
export interface SentinelCount {
  /** Large and steady. */
  readonly sentinel: number;
  /** Large, but not steady. */
  readonly temporary: number;
}

/**
 * The classes as bool masks. Exactly as many weights are large as `keep` says, ties to the lower position.
 *
 * @throws {OptionError} when the threshold is not in [0, 1].
 */
export function classifySentinels(given: SentinelStatistics, options: SentinelOptions = {}): Sentinels {
  const { threshold = 0.5, scope = "global" } = options;
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new OptionError(`sentinels: threshold ${threshold} is not in [0, 1]; 0.5 is usual`);
  }
  const { weights, m, v, correction1, correction2, keep, eligible } = given;
  const sensitivity = mapNamed(weights, (theta, name) => abs(mul(theta, mul(m[name]!, correction1))));
  const best = keepBest(scope, sensitivity, keep, eligible);
  const large = eligible ? mapNamed(best, (mask, name) => and(mask, eligible[name]!)) : best;
  const steady = mapNamed(
    weights,
    (_, name) => greaterEqual(steadiness({ m: m[name]!, v: v[name]! }, correction1, correction2), threshold),
  );
  return {
    sentinel: mapNamed(large, (mask, name) => and(mask, steady[name]!)),
    temporary: mapNamed(large, (mask, name) => and(mask, not(steady[name]!))),
  };
}

/**
 * A step function that leaves the state alone, and has for metrics how many weights of each tensor are in each class,
 * u32. It takes the same batch as the other steps; the data is not used.
 *
 * Of a run that keeps statistics of its own (`sentinels` of {@linkcode PruningSpec}) it goes by those, whatever the
 * method, and the weights that are large are as many as are kept at the end. Of others it goes by the averages of the
 * SEVEN criterion, and its inputs are those of the latest update with the sparsity whose weights are to be looked at
 * (that of the end, say, while pruning has only begun).
 *
 * @throws {OptionError} when it is compiled for a state with neither.
 */
export function sentinelReport<D>(
  options: SentinelOptions = {},
): Step<PruningState<Tensor>, StepBatch<D, Tensor>, Sentinels> {
  return (state, { inputs }) => {
    const statistics = ownStatistics(state, inputs);
    const weights = state.sentinels.weights ?? mapNamed(state.masks, (_, name) => state.params[name]!);
    const eligible = unpackMasks(state.masks, weights);
    const classes = classifySentinels(
      { weights, eligible, ...statistics },
      state.sentinels.m ? { ...options, scope: "global" } : options,
    );
    const count = (mask: Tensor): Tensor => sum(cast(mask, "u32"));
    const metrics = {
      sentinel: mapNamed(classes.sentinel, count),
      temporary: mapNamed(classes.temporary, count),
    };
    return { state, metrics };
  };
}

/** The averages to go by: the run's own, else those of the criterion. */
function ownStatistics(
  state: PruningState<Tensor>,
  inputs: StepInputs<Tensor>,
): Pick<SentinelStatistics, "m" | "v" | "correction1" | "correction2" | "keep"> {
  const own = state.sentinels.m !== undefined;
  const { m, v } = own ? state.sentinels : state.criterion;
  const { correction1, correction2 } = (own ? inputs.sentinels : inputs.criterion) ?? {};
  const keep = own ? { all: inputs.sentinels!.keep! } : inputs.keep;
  if (!m || !v || !correction1 || !correction2) {
    throw new OptionError(
      "sentinels are told by the averages of the SEVEN criterion; this state has none: set `sentinels`",
    );
  }
  return { m, v, correction1, correction2, keep };
}
