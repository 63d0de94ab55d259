/**
 * Options of `prune`: what they are called, what they may be, and what they are when they are not given.
 *
 * @module
 */
import { type Command, Option } from "commander";
import type { DeviceChoice } from "../../engine/mod.ts";
import { tasks } from "../../models/mod.ts";
import type { SevenOptions } from "../criteria/seven.ts";
import { sevenDefaults } from "../criteria/seven.ts";
import { methods } from "../methods.ts";
import { UsageError } from "./errors.ts";
import { type OptimizerName, optimizerNames, type ScheduleName, scheduleNames } from "./optimizers.ts";
import { oneOf, positive, share, someOf, whole } from "./values.ts";

/** Everything that `prune` was asked for, defaults filled in: what is saved, and what runs. */
export interface PruneOptions extends Required<SevenOptions> {
  /** Folder of the checkpoint; a small ViT is trained where there is none. */
  readonly model?: string;
  /** Name of the task. */
  readonly task: string;
  /** Folder of the task's data. */
  readonly data?: string;
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
  /** Steps by which the small ViT is trained before; none for a checkpoint. */
  readonly trainSteps: number;
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
  /** Rows of a training batch. */
  readonly batch: number;
  /** Seed of everything random. */
  readonly seed: number;
  /** Which device. */
  readonly device: DeviceChoice;
  /** Folder to write. */
  readonly out?: string;
  /** Steps between two events. */
  readonly logEvery: number;
  /** Whether a non-finite loss is traced to its tensor. */
  readonly checkFinite: boolean;
  /** Whether progress is not shown. */
  readonly quiet: boolean;
}

type Given = Partial<PruneOptions>;

const methodNames = Object.keys(methods);

/** Methods that are compared where no checkpoint is given. */
const compared = ["seven-pre", "magnitude", "random"];

/** Adds the options to a command. */
export function addPruneOptions(command: Command): Command {
  const group = (heading: string, options: readonly [flags: string, description: string, parser?: unknown][]): void => {
    for (const [flags, description, parser] of options) {
      const option = new Option(flags, description).helpGroup(heading);
      if (parser) option.argParser(parser as (text: string, previous: unknown) => unknown);
      command.addOption(option);
    }
  };
  group("Model and data:", [
    ["--model <folder>", "checkpoint in the layout of Hugging Face (default: a small ViT is trained first)"],
    ["--task <name>", `one of ${Object.keys(tasks).join(", ")} (default: digits)`, oneOf(Object.keys(tasks))],
    ["--data <folder>", "data of the task"],
    ["--out <folder>", "run folder to write; with several methods one in it for each"],
  ]);
  group("Pruning:", [
    [
      "--sparsity <share>",
      "share of the prunable weights to remove (default: 0.8)",
      share("the share of weights to remove"),
    ],
    [
      "--method <names>",
      `of ${methodNames.join(", ")} (default: seven-pre; without --model ${compared.join(", ")})`,
      someOf(methodNames),
    ],
    ["--steps <count>", "steps of pruning and fine-tuning (default: 300, or 150 without --model)", whole(1)],
    ["--prune-steps <count>", "steps of the pruning window (default: two thirds of the steps)", whole(1)],
    ["--prune-start <step>", "first step of the pruning window, from 1 (default: that of the method)", whole(1)],
    ["--alpha1 <decay>", `decay of the gradient average (default: ${sevenDefaults.alpha1})`, share("a decay")],
    ["--alpha2 <decay>", `decay of the squared-gradient average (default: ${sevenDefaults.alpha2})`, share("a decay")],
    ["--moment <kind>", "average of absolute or signed gradients (default: absolute)", oneOf(["absolute", "signed"])],
    ["--accumulate <kind>", "how scores add up: sum, ema or last (default: sum)", oneOf(["sum", "ema", "last"])],
  ]);
  group("Training:", [
    ["--optimizer <name>", `one of ${optimizerNames.join(", ")} (default: adamw)`, oneOf(optimizerNames)],
    ["--learning-rate <rate>", "(default: 0.001)", positive({ zero: false })],
    ["--lr-schedule <kind>", `one of ${scheduleNames.join(", ")} (default: constant)`, oneOf(scheduleNames)],
    ["--warmup <count>", "steps over which the learning rate rises from 0 (default: 0)", whole(0)],
    ["--weight-decay <rate>", "decay of matrices (default: 0)", positive({ zero: true })],
    ["--batch <rows>", "rows of a training batch (default: 64)", whole(1, 65536)],
    ["--train-steps <count>", "steps by which the small ViT is trained before (default: 400)", whole(1)],
    ["--seed <number>", "seed of everything random (default: 1)", whole(0)],
  ]);
  group("Running:", [
    ["--device <name>", "auto, cpu or webgpu (default: auto)", oneOf(["auto", "cpu", "webgpu"])],
    ["--log-every <count>", "steps between two events (default: 10)", whole(1)],
    ["--check-finite", "name the first tensor that goes bad when the loss does; slower"],
    ["--quiet", "no progress, results only"],
  ]);
  return command;
}

/**
 * Fills in the defaults and checks what options ask for together.
 *
 * @param given What the command line has, each value checked by itself.
 * @throws {UsageError} naming the options that do not go together.
 */
export function resolveOptions(given: Given): PruneOptions {
  const { model } = given;
  const steps = given.steps ?? (model === undefined ? 150 : 300);
  const options: PruneOptions = {
    task: "digits",
    sparsity: 0.8,
    method: model === undefined ? compared : ["seven-pre"],
    steps,
    pruneSteps: Math.ceil(2 * steps / 3),
    optimizer: "adamw",
    learningRate: 1e-3,
    lrSchedule: "constant",
    warmup: 0,
    weightDecay: 0,
    batch: 64,
    trainSteps: model === undefined ? 400 : 0,
    seed: 1,
    ...sevenDefaults,
    device: "auto",
    logEvery: 10,
    checkFinite: false,
    quiet: false,
    ...given,
  };
  check(options, given);
  return options;
}

function check(options: PruneOptions, given: Given): void {
  const { model, task, data, steps, pruneSteps, warmup } = options;
  if (model !== undefined && given.task === undefined) {
    throw new UsageError(
      `--model ${model}: say which task it is for with --task, one of ${Object.keys(tasks).join(", ")}`,
    );
  }
  if (model !== undefined && given.trainSteps !== undefined) {
    throw new UsageError(
      `--train-steps ${given.trainSteps}: a checkpoint is not trained before; leave out this or --model`,
    );
  }
  if (tasks[task]!.needsFolder && data === undefined) {
    throw new UsageError(`--task ${task}: the data of this task lie in a folder; name it with --data`);
  }
  if (!tasks[task]!.needsFolder && data !== undefined) {
    throw new UsageError(
      `--data ${data}: the data of task ${task} are generated; leave out --data or give another --task`,
    );
  }
  if (pruneSteps > steps) {
    throw new UsageError(
      `--prune-steps ${pruneSteps}: more than the ${steps} of --steps, which they are part of; give fewer`,
    );
  }
  if (warmup > steps) throw new UsageError(`--warmup ${warmup}: more than the ${steps} of --steps; give fewer`);
}
