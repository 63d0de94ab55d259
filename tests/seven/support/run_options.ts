/**
 * A short run on the toy network.
 *
 * @module
 */
import { constantSchedule, type Tensor } from "../../../engine/mod.ts";
import { type RunOptions, sevenPre } from "../../../seven/mod.ts";
import { toy, type ToyData } from "./toy.ts";

/** 12 steps of SEVEN, 5 of them pruning to 80 %. */
export function runOptions(device: RunOptions<ToyData<Tensor>>["device"]): RunOptions<ToyData<Tensor>> {
  return {
    device,
    params: toy.params(),
    loss: toy.loss,
    prunable: toy.prunable,
    optimizer: toy.optimizer(),
    method: sevenPre({ sparsity: 0.8, pruneSteps: 5 }),
    steps: 12,
    learningRate: constantSchedule({ learningRate: 1e-2 }),
    batches: toy.hostBatches(),
    seed: 1,
    logEvery: 5,
  };
}
