/**
 * The SEVEN criterion (Xiao et al. 2024, "SEVEN: Pruning Transformer Model by Reserving Sentinels", arXiv 2403.12688).
 *
 * Per weight, with the gradient g of the sparse network on the current batch:
 *
 *     m = alpha1 m + (1 - alpha1) g          (or |g|, with `moment: "absolute"`)
 *     v = alpha2 v + (1 - alpha2) g^2
 *     s = |theta g| * |m_hat| / (sqrt(v_hat) + 1e-9)
 *
 * and the score S is the sum of s over the pruning steps, its moving average, or its last value. |theta g| is SNIP's
 * sensitivity; the factor after it is near 1 where gradients are steady and small where they are noise. At the first
 * step the factor is 1, so one-shot SEVEN is SNIP.
 *
 * Needs weights and gradients. State: m, v and S. Defaults: {@linkcode sevenDefaults}. `seven-pre` and `seven-dyn` take
 * the cubic schedule, the former from the first step on.
 *
 * @module
 */
import { abs, add, mul, type Tensor, zeros } from "../../engine/mod.ts";
import { OptionError } from "../schedule.ts";
import { biasCorrections, steadiness, updateStatistics } from "../statistics.ts";
import { type Criterion, type CriterionContext, type CriterionState, mapNamed } from "./criterion.ts";

/** Settings of the criterion. */
export interface SevenOptions {
  /** Decay of the gradient average; 0.8. */
  readonly alpha1?: number;
  /** Decay of the squared-gradient average; 0.8. */
  readonly alpha2?: number;
  /** Whether the first average is of g or of |g|, which cannot tell zero-mean noise; "signed". */
  readonly moment?: "absolute" | "signed";
  /** Whether the sensitivity counts by how steady the gradients are; true. Without it, for ablation, it counts in full. */
  readonly steadiness?: boolean;
  /** How scores of successive steps combine; "sum". "ema" uses `alpha1`. */
  readonly accumulate?: "sum" | "ema" | "last";
  /** Whether what was pruned stays pruned; true. Otherwise masks follow the scores alone, as the summary has it. */
  readonly permanent?: boolean;
  /** Whether the score takes the weights before the step's update or after it; "before". */
  readonly looks?: "before" | "after";
}

/** Settings where none are given: those that measure best, see the README. */
export const sevenDefaults: Required<SevenOptions> = {
  alpha1: 0.8,
  alpha2: 0.8,
  moment: "signed",
  steadiness: true,
  accumulate: "sum",
  permanent: true,
  looks: "before",
};

/**
 * Settings by name, since the paper, its published summary and its released code differ.
 *
 * - `paper`: what the summary describes. Averages of g and g^2, the score of this step alone, masks from the scores anew,
 *   score first and update after.
 * - `released`: what the released code does. Averages of |g| and g^2, scores summed over steps, pruned for good, weights
 *   taken after the update. Its commands set both decays to 0.8.
 *
 * Neither leaves out the steadiness: `steadiness: false` is an ablation of either, `{ ...sevenPresets.paper, steadiness:
 * false }`, and scores by sensitivity alone.
 */
export const sevenPresets: Readonly<Record<"paper" | "released", Required<SevenOptions>>> = {
  paper: { ...sevenDefaults, moment: "signed", accumulate: "last", permanent: false },
  released: { ...sevenDefaults, moment: "absolute", looks: "after" },
};

/**
 * Makes the criterion. State: m, v, score, one tensor each per weight.
 *
 * @throws {OptionError} when a decay is not in [0, 1).
 */
export function seven(options: SevenOptions = {}): Criterion {
  const settings = { ...sevenDefaults, ...options };
  for (const name of ["alpha1", "alpha2"] as const) {
    const value = settings[name];
    if (!(value >= 0 && value < 1)) throw new OptionError(`seven: ${name} ${value} is not in [0, 1); 0.8 is usual`);
  }
  const { accumulate, alpha1 } = settings;
  const combine: Record<typeof accumulate, (before: Tensor, now: Tensor) => Tensor> = {
    sum: (before, now) => add(before, now),
    ema: (before, now) => add(mul(before, alpha1), mul(now, 1 - alpha1)),
    last: (_, now) => now,
  };
  return {
    name: "seven",
    needs: ["weights", "gradients"],
    weights: "zeroed",
    returns: !settings.permanent,
    looks: settings.looks,
    init: (types) => ({ m: mapNamed(types, zeros), v: mapNamed(types, zeros), score: mapNamed(types, zeros) }),
    scalars: ({ update }) => ({ ...biasCorrections(update, settings) }),
    update({ weights, grads, scalars }: CriterionContext, state: CriterionState<Tensor>): CriterionState<Tensor> {
      const m: Record<string, Tensor> = {}, v: Record<string, Tensor> = {}, score: Record<string, Tensor> = {};
      for (const [name, theta] of Object.entries(weights)) {
        const g = grads[name]!;
        const statistics = updateStatistics(g, { m: state.m![name]!, v: state.v![name]! }, settings);
        const sensitivity = abs(mul(theta, g));
        const now = settings.steadiness
          ? mul(sensitivity, steadiness(statistics, scalars.correction1!, scalars.correction2!))
          : sensitivity;
        m[name] = statistics.m;
        v[name] = statistics.v;
        score[name] = combine[accumulate](state.score![name]!, now);
      }
      return { m, v, score };
    },
    score: (_, state) => ({ ...state.score }),
  };
}
