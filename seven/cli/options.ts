/**
 * What `prune` may be asked for, and what it does where it is not told.
 *
 * @module
 */
import type { DeviceChoice } from "../../engine/mod.ts";
import { type SevenOptions, sevenPresets } from "../criteria/seven.ts";
import { sevenDefaults } from "../criteria/seven.ts";
import { parsePattern, patternSparsity } from "../pattern.ts";
import type { ScheduleKind } from "../schedule.ts";
import type { Scope } from "../scope.ts";
import { UsageError } from "./errors.ts";
import type { OptimizerName, ScheduleName } from "./optimizers.ts";

/** Random changes of training images. */
export type AugmentationName = "flip" | "pad-crop" | "resized-crop" | "erase";

/** A share for tensors whose names match. */
export interface NamedShare {
  /** Pattern of names. */
  readonly pattern: string;
  /** From 0 to 1. */
  readonly share: number;
}

/** Everything that `prune` was asked for, defaults filled in: what is saved, and what runs. */
export interface PruneOptions extends Required<SevenOptions> {
  /** Folder or repository of the checkpoint; a small ViT is trained where there is none. */
  readonly model?: string;
  /** Name of the task, or a file that describes one. */
  readonly task: string;
  /** Folder or repository of the task's data. */
  readonly data?: string;
  /** Tokens of a text at most; those of the task, or fewer where the model takes fewer. */
  readonly maxLength?: number;
  /** Height and width of images; those of the model where there is none. */
  readonly imageSize?: number;
  /** Whether a CLIP knows the classes by their names alone, instead of through a classifier. */
  readonly zeroShot: boolean;
  /** Whether pictures that cannot be read are left out. */
  readonly skipBroken: boolean;
  /** Random changes of training images. */
  readonly augment: readonly AugmentationName[];
  /** Folder to write. */
  readonly out?: string;

  /** Share of the prunable weights to remove. */
  readonly sparsity: number;
  /** Names of the methods, in the order in which they run. */
  readonly method: readonly string[];
  /** Steps of pruning and fine-tuning, T. */
  readonly steps: number;
  /** Steps of the pruning window, K; one-shot methods take its first only. */
  readonly pruneSteps: number;
  /** First pruning step, from 1; that of the method where there is none. */
  readonly pruneStart?: number;
  /** Steps from one pruning to the next; those of the method where there is none. */
  readonly pruneEvery?: number;
  /** The way from dense to the sparsity; that of the method where there is none. */
  readonly schedule?: ScheduleKind;
  /** Rounds of lottery tickets. */
  readonly rounds: number;
  /** Step that lottery tickets go back to. */
  readonly rewindTo: number;

  /** Which weights compete; that of the method where there is none. */
  readonly scope?: Scope;
  /** What goes together: `unstructured`, `2:4`, `4x4`, `head`, `neuron`. */
  readonly pattern: string;
  /** How a block, head or neuron is scored. */
  readonly groupScore: "mean" | "sum";
  /** Patterns of names: prunable weights that match none are not pruned. */
  readonly include?: readonly string[];
  /** Patterns of names of weights that are not pruned. */
  readonly exclude: readonly string[];
  /** Least share that tensors lose. */
  readonly leastSparsity: readonly NamedShare[];
  /** Greatest share that tensors lose. */
  readonly mostSparsity: readonly NamedShare[];
  /** Whether zeros of the checkpoint may become weights again. */
  readonly regrowZeros: boolean;
  /** Steps between two counts of sentinel weights; none where absent. */
  readonly sentinels?: number;

  /** Name of the optimiser. */
  readonly optimizer: OptimizerName;
  /** Learning rate of pruning and fine-tuning. */
  readonly learningRate: number;
  /** How the learning rate goes. */
  readonly lrSchedule: ScheduleName;
  /** Steps over which the learning rate rises. */
  readonly warmup: number;
  /** Weight decay, of matrices only. */
  readonly weightDecay: number;
  /** Greatest norm of the gradient; none where absent. */
  readonly clipNorm?: number;
  /** Rows of a training batch. */
  readonly batch: number;
  /** Whether texts of similar length share a batch. */
  readonly groupByLength: boolean;
  /** Batches of a step. */
  readonly gradientAccumulation: number;
  /** Patterns of names of parameters that do not move. */
  readonly freeze: readonly string[];
  /** Whether the model drops out at the rates of its configuration while it is trained. */
  readonly dropout: boolean;
  /** Whether the backward pass computes the inner values of layers again instead of keeping them. */
  readonly recompute: boolean;
  /** Weight of the dense model's answers against labels, from 0 to 1. */
  readonly distill: number;
  /** What both models' logits are divided by when they are compared. */
  readonly distillTemperature: number;
  /** Weight of following the dense model's hidden states. */
  readonly distillHidden: number;
  /** Steps by which the model is trained before it is pruned; none for a checkpoint unless asked for. */
  readonly trainSteps: number;
  /** Greatest learning rate of that training. */
  readonly trainLearningRate: number;
  /** Seed of everything random. */
  readonly seed: number;

  /** Which device. */
  readonly device: DeviceChoice;
  /** Rows of an evaluation batch. */
  readonly evalBatch: number;
  /** Steps between two states that are saved, of runs with a folder. */
  readonly saveEvery: number;
  /** Steps between two looks at held-out rows; none where absent. */
  readonly validateEvery?: number;
  /** Training rows that are held out for that. */
  readonly holdOut: number;
  /** Looks without a better one after which a run ends; it never does where absent. */
  readonly patience?: number;
  /** Steps between two events. */
  readonly logEvery: number;
  /** Whether a non-finite loss is traced to its tensor. */
  readonly checkFinite: boolean;
  /** Whether progress is not shown. */
  readonly quiet: boolean;
}

/** What the command line has. */
export interface GivenOptions extends Partial<PruneOptions> {
  /** Name of settings of the SEVEN criterion. */
  readonly seven?: keyof typeof sevenPresets;
  /** Folder of a run that is to go on. */
  readonly resume?: string;
  /** Name of settings that all others go before. */
  readonly preset?: string;
  /** JSON file of options. */
  readonly config?: string;
  /** Whether to say only what would run. */
  readonly dryRun?: boolean;
  /** Whether lines about what happens are for people or JSON. */
  readonly logFormat?: "text" | "json";
}

/** The flag of an option on the command line. */
export function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Methods that are compared where no checkpoint is given. */
export const compared: readonly string[] = ["seven-pre", "magnitude", "random"];

/** All ways to a sparsity. */
export const scheduleKinds: readonly ScheduleKind[] = ["one-shot", "linear", "cubic", "exponential"];

/** All scopes. */
export const scopes: readonly Scope[] = ["global", "tensor", "row"];

/** All changes of images. */
export const augmentations: readonly AugmentationName[] = ["flip", "pad-crop", "resized-crop", "erase"];

/**
 * Fills in the defaults and checks what options ask for together.
 *
 * @param given What the command line has, each value checked by itself.
 * @throws {UsageError} naming the options that do not go together.
 */
export function resolveOptions(given: GivenOptions): PruneOptions {
  const { seven, preset: _p, config: _, dryRun: _d, resume: _r, logFormat: _l, ...told } = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as GivenOptions;
  const { model } = told;
  const steps = told.steps ?? (model === undefined ? 150 : 300);
  const options: PruneOptions = {
    task: "digits",
    zeroShot: false,
    skipBroken: false,
    augment: [],
    sparsity: sparsityOf(told.pattern) ?? 0.8,
    method: model === undefined ? compared : ["seven-pre"],
    steps,
    pruneSteps: Math.ceil(2 * steps / 3),
    rounds: 5,
    rewindTo: 0,
    pattern: "unstructured",
    groupScore: "mean",
    exclude: [],
    leastSparsity: [],
    mostSparsity: [],
    regrowZeros: false,
    ...(seven ? sevenPresets[seven] : sevenDefaults),
    optimizer: "adamw",
    learningRate: 1e-3,
    lrSchedule: "constant",
    warmup: 0,
    weightDecay: 0,
    batch: 64,
    groupByLength: false,
    gradientAccumulation: 1,
    freeze: [],
    dropout: true,
    recompute: false,
    distill: 0,
    distillTemperature: 2,
    distillHidden: 0,
    trainSteps: model === undefined ? 400 : 0,
    trainLearningRate: model === undefined ? 4e-3 : told.learningRate ?? 1e-3,
    seed: 1,
    device: "auto",
    evalBatch: 100,
    saveEvery: 100,
    holdOut: 1000,
    logEvery: 10,
    checkFinite: false,
    quiet: false,
    ...told,
  };
  check(options, told);
  return options;
}

/** The sparsity that a pattern has by itself. */
function sparsityOf(pattern: string | undefined): number | undefined {
  if (pattern === undefined || pattern === "head" || pattern === "neuron") return undefined;
  return patternSparsity(parsePattern(pattern));
}

function check(options: PruneOptions, given: GivenOptions): void {
  const { model, task, steps, pruneSteps, warmup } = options;
  if (model !== undefined && given.task === undefined) {
    throw new UsageError(`--model ${model}: say which task it is for with --task; the command tasks lists them`);
  }
  if (model === undefined && given.maxLength !== undefined) {
    throw new UsageError(`--max-length ${given.maxLength}: is for texts; give --model, a model that reads them`);
  }
  if (model === undefined && given.imageSize !== undefined) {
    throw new UsageError(`--image-size ${given.imageSize}: the small ViT of task ${task} takes images as they are`);
  }
  if (pruneSteps > steps) {
    throw new UsageError(
      `--prune-steps ${pruneSteps}: more than the ${steps} of --steps, which they are part of; give fewer`,
    );
  }
  for (const [flag, value] of [["--hold-out", given.holdOut], ["--patience", given.patience]] as const) {
    if (value !== undefined && given.validateEvery === undefined) {
      throw new UsageError(`${flag} ${value}: say how often to look at the held-out rows with --validate-every`);
    }
  }
  if (warmup > steps) throw new UsageError(`--warmup ${warmup}: more than the ${steps} of --steps; give fewer`);
}
