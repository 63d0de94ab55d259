/**
 * SEVEN: pruning transformers by keeping sentinel weights. Criteria, schedules and pure step functions over the engine.
 *
 * @module
 */
export {
  type Criterion,
  type CriterionContext,
  type CriterionState,
  type Named,
  type Progress,
} from "./criteria/criterion.ts";
export { seven, sevenDefaults, type SevenOptions, sevenPresets } from "./criteria/seven.ts";
export { magnitude } from "./criteria/magnitude.ts";
export { random, shuffleMasks } from "./criteria/random.ts";
export { snip } from "./criteria/snip.ts";
export { grasp, type GraspOptions } from "./criteria/grasp.ts";
export { force } from "./criteria/force.ts";
export { platon, type PlatonOptions } from "./criteria/platon.ts";
export { movement, type MovementOptions, softMovement, type SoftMovementOptions } from "./criteria/movement.ts";
export { wanda } from "./criteria/wanda.ts";
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
  type Lottery,
  lotteryTicket,
  type MakeMethod,
  type Method,
  methodNamed,
  type MethodOptions,
  methods,
  sevenDyn,
  sevenPre,
} from "./methods.ts";
export {
  type HistogramEdges,
  histogramEdges,
  type HistogramOptions,
  type SentinelCounts,
  type SentinelHistogram,
  sentinelHistogram,
} from "./sentinel_histogram.ts";
export { sentinelDefaults, type SentinelState } from "./sentinel_statistics.ts";
export {
  classifySentinels,
  type SentinelCount,
  type SentinelOptions,
  sentinelReport,
  type Sentinels,
  type SentinelStatistics,
} from "./sentinels.ts";
export { agenda, type Entry, trainingSteps, type Turn } from "./agenda.ts";
export { NonFiniteError, type PlannedEvent, Reports, type StepEvent, type StepProgram } from "./reports.ts";
export { type Evaluation, type RunOptions, runPruning, type RunResult, type SentinelWatch } from "./run.ts";
export { profileStep, type StepProfile } from "./profile.ts";
export type { Batches, HostBatch } from "./batches.ts";
export { restoreState, type SavedState } from "./resume.ts";
export { applyMasks, countKept, countMasks, fullMasks, nonZeroMasks, packMasks, unpackMasks } from "./mask.ts";
export type {
  Loss,
  LossContext,
  PruningSpec,
  PruningState,
  PruningStep,
  PruningSteps,
  StepBatch,
  StepInputs,
  StepNumbers,
  StepReport,
} from "./state.ts";
export type { Accumulated } from "./accumulation.ts";
export type { Scope } from "./scope.ts";
export {
  type GroupPart,
  type GroupScore,
  type GroupSet,
  type GroupSpec,
  parsePattern,
  type Pattern,
  patternSparsity,
  unstructured,
} from "./pattern.ts";
export type { Limit } from "./limits.ts";
export { type NameFilter, namePredicate } from "./names.ts";
export type { SelectionSpec } from "./selection.ts";
export { pruningSteps, sparseParams } from "./pruning.ts";
