/**
 * The options of `prune` as the help shows them: what they are called, what they do, how their values are read.
 *
 * @module
 */
import { type Command, Option } from "commander";
import { tasks } from "../../models/mod.ts";
import { sevenDefaults, sevenPresets } from "../criteria/seven.ts";
import { methods } from "../methods.ts";
import { optimizerNames, scheduleNames } from "./optimizers.ts";
import { augmentations, compared, scheduleKinds, scopes } from "./options.ts";
import { presets } from "./presets.ts";
import { listOf, oneOf, positive, share, shares, someOf, unit, whole } from "./values.ts";

/** An option: what it is called, what it does, how its value is read. */
export type OptionLine = readonly [flags: string, description: string, parser?: unknown];

const methodNames = Object.keys(methods);

/** How input is made for a model. */
export const inputOptions: readonly OptionLine[] = [
  ["--max-length <tokens>", "tokens of a text at most (default: the task's, or what the model takes)", whole(4, 1e6)],
  ["--image-size <pixels>", "height and width of images (default: the model's)", whole(1, 16384)],
  ["--zero-shot", "a CLIP tells the classes by their names, instead of through a classifier"],
  ["--skip-broken", "leave out pictures that cannot be read, instead of stopping"],
];

/** Where things run. */
export const runningOptions: readonly OptionLine[] = [
  ["--device <name>", "auto, cpu or webgpu (default: auto)", oneOf(["auto", "cpu", "webgpu"])],
  ["--eval-batch <rows>", "rows of an evaluation batch (default: 100)", whole(1, 65536)],
];

/** All options of `prune`, by heading. */
const pruneOptions: Readonly<Record<string, readonly OptionLine[]>> = {
  "Model and data:": [
    ["--model <folder>", "checkpoint, or hf:owner/name of the hub (default: a small ViT is trained first)"],
    ["--task <name>", `one of ${Object.keys(tasks).join(", ")}, or a JSON file that describes one (default: digits)`],
    ["--data <folder>", "data of the task, or hf:owner/name of the hub"],
    ...inputOptions,
    ["--augment <kinds>", `changes of training images, of ${augmentations.join(", ")}`, someOf(augmentations)],
    ["--out <folder>", "run folder to write; with several methods one in it for each"],
  ],
  "Pruning:": [
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
    ["--prune-every <count>", "prune at every so many steps of the window (default: that of the method)", whole(1)],
    [
      "--schedule <kind>",
      `way to the sparsity: ${scheduleKinds.join(", ")} (default: the method's)`,
      oneOf(scheduleKinds),
    ],
    ["--rounds <count>", "rounds of a lottery ticket (default: 5)", whole(1)],
    ["--rewind-to <step>", "step of the first round that a lottery ticket goes back to (default: 0)", whole(0)],
  ],
  "What is pruned:": [
    ["--scope <kind>", `what competes: ${scopes.join(", ")} (default: the method's)`, oneOf(scopes)],
    ["--pattern <kind>", "unstructured, n:m such as 2:4, blocks such as 4x4, head or neuron (default: unstructured)"],
    ["--group-score <kind>", "score of a block, head or neuron: mean or sum (default: mean)", oneOf(["mean", "sum"])],
    ["--include <patterns>", "prune only weights of these names: * and ? stand for letters, or /regex/", listOf()],
    ["--exclude <patterns>", "never prune weights of these names", listOf()],
    ["--least-sparsity <pattern=share>", "each such tensor loses this share at least; may be given again", shares()],
    ["--most-sparsity <pattern=share>", "each such tensor loses this share at most; may be given again", shares()],
    ["--regrow-zeros", "let zeros of the checkpoint become weights again (default: they count as pruned)"],
  ],
  "The SEVEN criterion:": [
    [
      "--seven <preset>",
      "paper: as its summary has it; released: as its code does (default: what measures best)",
      oneOf(Object.keys(sevenPresets)),
    ],
    ["--alpha1 <decay>", `decay of the gradient average (default: ${sevenDefaults.alpha1})`, share("a decay")],
    ["--alpha2 <decay>", `decay of the squared-gradient average (default: ${sevenDefaults.alpha2})`, share("a decay")],
    [
      "--moment <kind>",
      `average of absolute or signed gradients (default: ${sevenDefaults.moment})`,
      oneOf(["absolute", "signed"]),
    ],
    [
      "--accumulate <kind>",
      `how scores add up: sum, ema or last (default: ${sevenDefaults.accumulate})`,
      oneOf(["sum", "ema", "last"]),
    ],
    ["--looks <when>", "take weights before or after the step (default: before)", oneOf(["before", "after"])],
    ["--no-permanent", "let pruned weights return when their score does"],
    ["--no-steadiness", "leave out the noise factor: scores are sums of |weight x gradient|"],
    ["--sentinels <steps>", "count sentinel weights every so many steps", whole(1)],
  ],
  "Training:": [
    ["--optimizer <name>", `one of ${optimizerNames.join(", ")} (default: adamw)`, oneOf(optimizerNames)],
    ["--learning-rate <rate>", "(default: 0.001)", positive({ zero: false })],
    ["--lr-schedule <kind>", `one of ${scheduleNames.join(", ")} (default: constant)`, oneOf(scheduleNames)],
    ["--warmup <count>", "steps over which the learning rate rises from 0 (default: 0)", whole(0)],
    ["--weight-decay <rate>", "decay of matrices (default: 0)", positive({ zero: true })],
    ["--clip-norm <norm>", "greatest norm of the gradient (default: none)", positive({ zero: false })],
    ["--batch <rows>", "rows of a training batch (default: 64)", whole(1, 65536)],
    ["--group-by-length", "texts of similar length share a batch, so that little of it is padding"],
    ["--gradient-accumulation <count>", "batches of a step (default: 1)", whole(1, 65536)],
    ["--freeze <patterns>", "do not train parameters of these names", listOf()],
    ["--no-dropout", "train without the dropout that the model's configuration has"],
    ["--recompute", "compute inner values again in the backward pass: less memory, a third more time"],
    ["--distill <share>", "learn from the dense model too: weight of its answers against labels, 0 to 1", unit()],
    ["--distill-temperature <t>", "what both models' logits are divided by (default: 2)", positive({ zero: false })],
    ["--distill-hidden <weight>", "weight of following its hidden states (default: 0)", positive({ zero: true })],
    ["--train-steps <count>", "steps of training before pruning (default: 400 without --model, else none)", whole(1)],
    [
      "--train-learning-rate <rate>",
      "of these (default: 0.004 without --model, else that of pruning)",
      positive({ zero: false }),
    ],
    ["--seed <number>", "seed of everything random (default: 1)", whole(0)],
  ],
  "Running:": [
    ["--preset <name>", `settings by name, which all others go before: ${Object.keys(presets).join(", ")}`],
    ["--config <file>", "JSON file of options; flags go before it. seven/cli/config.schema.json describes it"],
    ["--dry-run", "say what would run, how much of it, and where it would be written; run nothing"],
    ...runningOptions,
    ["--resume <folder>", "go on with a run that was interrupted; all other options are those of the run"],
    ["--save-every <count>", "steps between two states that a run can go on from (default: 100)", whole(1)],
    ["--validate-every <count>", "judge by held-out training rows every so many steps (default: never)", whole(1)],
    [
      "--hold-out <rows>",
      "training rows held out for that; of SQuAD whole articles of about so many questions (default: 1000)",
      whole(1),
    ],
    ["--patience <count>", "end the run after so many looks without a better one (default: never)", whole(1)],
    ["--log-every <count>", "steps between two events (default: 10)", whole(1)],
    ["--check-finite", "name the first tensor that goes bad when the loss does; slower"],
    [
      "--log-format <kind>",
      "what happens as text, or as json: an object a line, results too (default: text)",
      oneOf(["text", "json"]),
    ],
    ["--quiet", "no progress, results only"],
  ],
};

/** Adds options under a heading of the help. */
export function addOptions(command: Command, heading: string, options: readonly OptionLine[]): void {
  for (const [flags, description, parser] of options) {
    const option = new Option(flags, description).helpGroup(heading);
    if (parser) option.argParser(parser as (text: string, previous: unknown) => unknown);
    command.addOption(option);
  }
}

/** What the command line has of a command's options: without the defaults that commander fills in for `--no-...`. */
export function givenOptions<T>(command: Command): Partial<T> {
  const all = Object.entries(command.opts());
  return Object.fromEntries(all.filter(([name]) => command.getOptionValueSource(name) !== "default")) as Partial<T>;
}

/** Adds the options of `prune` to its command. */
export function addPruneOptions(command: Command): void {
  for (const [heading, options] of Object.entries(pruneOptions)) addOptions(command, heading, options);
}
