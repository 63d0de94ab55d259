/**
 * Settings by name: what the paper's experiments on GLUE ran with, BERT-base, as its released code and README have them.
 *
 * The code prunes by SEVENdyn: masks change in the steps t_i to t_i + K, under AdamW with a constant learning rate of
 * 2e-5, 10 epochs of batches of 32, both decays 0.8. Of RTE and STS-B ten epochs end before the window does (780 of 1,200
 * steps, 1,800 of 2,500), so there the released code misses the sparsity that it is asked for; here these two train until
 * the end of their window.
 *
 * @module
 */
import { UsageError } from "./errors.ts";
import type { GivenOptions } from "./options.ts";

interface Setting {
  readonly sparsity: number;
  /** First pruning step, counted from 0. */
  readonly start: number;
  /** Steps of the window. */
  readonly window: number;
  /** Steps of an epoch of batches of 32. */
  readonly epoch: number;
}

const paper: Readonly<Record<string, Setting>> = {
  mnli: { sparsity: 0.7, start: 5400, window: 16600, epoch: 12272 },
  qqp: { sparsity: 0.9, start: 5400, window: 16600, epoch: 11371 },
  qnli: { sparsity: 0.7, start: 2000, window: 12000, epoch: 3274 },
  sst2: { sparsity: 0.6, start: 1000, window: 4000, epoch: 2105 },
  cola: { sparsity: 0.5, start: 500, window: 1000, epoch: 268 },
  stsb: { sparsity: 0.5, start: 500, window: 2000, epoch: 180 },
  mrpc: { sparsity: 0.5, start: 300, window: 600, epoch: 115 },
  rte: { sparsity: 0.6, start: 200, window: 1000, epoch: 78 },
};

const epochs = 10;

function paperSetting(task: string, { sparsity, start, window, epoch }: Setting): GivenOptions {
  return {
    task,
    sparsity,
    method: ["seven-dyn"],
    pruneStart: start + 1,
    pruneSteps: window,
    steps: Math.max(epochs * epoch, start + window),
    learningRate: 2e-5,
    batch: 32,
    maxLength: 128,
    alpha1: 0.8,
    alpha2: 0.8,
  };
}

/** All presets, by name. */
export const presets: Readonly<Record<string, GivenOptions>> = Object.fromEntries(
  Object.entries(paper).map(([task, setting]) => [`paper/${task}`, paperSetting(task, setting)]),
);

/**
 * The preset of that name.
 *
 * @throws {UsageError} when there is none; the message lists those that there are.
 */
export function presetNamed(name: string): GivenOptions {
  if (Object.hasOwn(presets, name)) return presets[name]!;
  throw new UsageError(`--preset ${name}: there is no such preset; there are ${Object.keys(presets).join(", ")}`);
}
