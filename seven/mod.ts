/**
 * SEVEN: pruning transformers by keeping sentinel weights. Criteria, schedules and pure step functions over the engine.
 *
 * @module
 */
export { type Criterion, type CriterionContext, type CriterionState, type Named } from "./criteria/criterion.ts";
export { seven, sevenDefaults, type SevenOptions } from "./criteria/seven.ts";
export { magnitude } from "./criteria/magnitude.ts";
export { random } from "./criteria/random.ts";
export {
  biasCorrections,
  type GradientStatistics,
  type StatisticsOptions,
  steadiness,
  updateStatistics,
} from "./statistics.ts";
export {
  keptCount,
  OptionError,
  type ScheduleKind,
  type ScheduleOptions,
  type SparsitySchedule,
  sparsitySchedule,
} from "./schedule.ts";
export {
  type Method,
  methodNamed,
  type MethodOptions,
  methods,
  oneShotMagnitude,
  oneShotRandom,
  sevenPre,
} from "./methods.ts";
export { NonFiniteError, type RunOptions, runPruning, type RunResult, type StepEvent } from "./run.ts";
export { applyMasks, countKept, fullMasks, packMasks, unpackMasks } from "./mask.ts";
export {
  type PruningSpec,
  type PruningState,
  type PruningSteps,
  pruningSteps,
  type StepBatch,
  type StepInputs,
  type StepReport,
} from "./pruning.ts";
