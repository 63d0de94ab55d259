/**
 * Optimisers of one shape `{ init, scalars, update }`, gradient clipping and learning-rate schedules.
 *
 * @module
 */
export { adam, type AdamOptions, adamw } from "./optim/adam.ts";
export { adamax } from "./optim/adamax.ts";
export { clipByGlobalNorm, globalNorm, withClipping } from "./optim/clip.ts";
export {
  decaysByDefault,
  type Named,
  type Optimizer,
  type OptimizerState,
  type WeightDecayOptions,
} from "./optim/optimizer.ts";
export {
  constantSchedule,
  cosineSchedule,
  linearSchedule,
  type Schedule,
  type ScheduleOptions,
} from "./optim/schedules.ts";
export { sgd, type SgdOptions } from "./optim/sgd.ts";
