/**
 * The command `predict`: what a model answers to texts or pictures of one's own.
 *
 * @module
 */
import type { Command } from "commander";
import type { Tensor } from "../../engine/mod.ts";
import { type BatchTensors, openDecoder, Predictor } from "../../models/mod.ts";
import { commandDevice } from "./device.ts";
import { UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { modelDefaults, modelOptionLines, type ModelOptions } from "./model_options.ts";
import { addOptions, type OptionLine } from "./option_lines.ts";
import { labelsOfTask, loadAnswerer } from "./predict/answerer.ts";
import { type Answer, answerLine } from "./predict/answers.ts";
import { type Asked, askPictures, askTexts } from "./predict/ask.ts";
import { inputFormats, type InputSources, readInputs } from "./predict/inputs.ts";
import { picturePaths } from "./predict/pictures.ts";
import { findTask } from "./task.ts";
import { listOf, oneOf, whole } from "./values.ts";

/** What `predict` was asked for. */
export interface PredictOptions extends InputSources, ModelOptions {
  /** Name of the task that it was fine-tuned for, or a file that describes one. */
  readonly task?: string;
  /** Files of pictures, or folders of them. */
  readonly image?: readonly string[];
  /** Names of classes, for a CLIP that tells them by their names. */
  readonly classes?: readonly string[];
  /** How many classes are told. */
  readonly top: number;
}

/** Below this number pictures are decoded sooner than workers have started. */
const fewPictures = 16;

const options: readonly OptionLine[] = [
  ["--task <name>", "what it was fine-tuned for, or a JSON file that describes it (default: by its config.json)"],
  ["--text <texts...>", "texts"],
  ["--pair <texts...>", "second texts, one for each text"],
  ["--question <texts...>", "questions, of models that answer them from a context"],
  ["--context <texts...>", "their contexts: one for all, or one for each question"],
  ["--file <path>", "file of texts, - for standard input: a text a line, or a table by its columns"],
  ["--format <kind>", `what the file is, of ${inputFormats.join(", ")} (default: by its name)`, oneOf(inputFormats)],
  ["--image <paths...>", "pictures, or folders of them"],
  ["--classes <names>", "names of classes, for a CLIP that tells them by their names", listOf()],
  ["--top <count>", "how many classes to tell of each input (default: 1)", whole(1)],
  ...modelOptionLines,
];

const examples = `
Examples:
  deno task prune predict --model runs/sst2 --text "A joy from start to end." "Two hours I want back."
  deno task prune predict --model runs/mnli --text "It rains." --pair "The street is wet." --top 3
  deno task prune predict --model runs/squad --question "Who wrote it?" --context "It was written by Ada."
  deno task prune predict --model runs/sst2 --file reviews.txt --json
  deno task prune predict --model vit-base --image cat.jpg photos --top 5
  deno task prune predict --model clip-vit --classes cat,dog,horse --image cat.jpg

A file that is no .txt has columns: text (or sentence, sentence1, premise, question1) and, for two texts, pair (or
sentence2, hypothesis, question2); question and context for questions.`;

/**
 * Adds the command.
 *
 * @param root The program.
 * @param io Where results and progress go.
 */
export function addPredictCommand(root: Command, io: Io): void {
  const command = root.command("predict")
    .description("Prints what a model answers to texts or pictures of one's own, a line for each.")
    .requiredOption("--model <folder>", "checkpoint or run folder, or hf:owner/name of the hub")
    .addHelpText("after", examples)
    .action((given: Partial<PredictOptions> & Pick<PredictOptions, "model">) =>
      predictCommand({ ...modelDefaults, top: 1, ...given }, io)
    );
  addOptions(command, "Options:", options);
}

/**
 * Answers. Nothing is printed before all answers are there.
 *
 * @param options What was asked for.
 * @param io Where results and progress go.
 * @param stdin Standard input, for `--file -`.
 * @throws as {@linkcode loadAnswerer} and {@linkcode readInputs}; {@linkcode DataError} for a picture that is broken.
 */
export async function predictCommand(
  options: PredictOptions,
  io: Io,
  stdin: ReadableStream<Uint8Array> = Deno.stdin.readable,
): Promise<void> {
  const say = (line: string): void => options.quiet ? undefined : io.err(line);
  const { model: path, classes, maxLength, imageSize, zeroShot } = options;
  const task = options.task === undefined ? undefined : await findTask(options.task);
  const file = options.task?.endsWith(".json") ? JSON.parse(await Deno.readTextFile(options.task)) : undefined;
  const answerer = await loadAnswerer({
    path,
    ...(task ? { task } : {}),
    taskLabels: options.task === undefined ? [] : labelsOfTask(options.task, file),
    zeroShot,
    ...(classes ? { classes } : {}),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(imageSize === undefined ? {} : { imageSize }),
    say,
  });
  const { network } = answerer;
  checkModality(network.modality, options);
  const paths = network.modality === "image" ? await picturePaths(options.image ?? []) : [];
  using decoder = paths.length < fewPictures ? openDecoder(0) : openDecoder();
  const asked = network.modality === "image" ? askPictures(answerer, paths, options, decoder) : askTexts(
    answerer,
    await readInputs(options, network.head === "span", stdin),
    task?.name === "squad-v2",
    options.top,
    say,
  );
  network.notes.forEach(say);
  using device = await commandDevice(options.device);
  say(`device: ${device.kind} (${device.description}), ${device.reason}`);
  using params = device.place(network.params);
  type Params = Readonly<Record<string, Tensor>>;
  using predictor = new Predictor<Params>({
    device,
    batch: options.evalBatch,
    outputs: (params: Params, batch: BatchTensors) => network.outputs(params, batch),
  });
  await predictor.run(params, asked.split, asked.collector.take, io.signal);
  show(asked, options.json, io, say);
}

function show({ collector, about, inputs, broken }: Asked, json: boolean, io: Io, say: (line: string) => void): void {
  const answers = collector.answers();
  const faults = broken();
  const all = about.map((_, row): Answer => answers[row] ?? { error: faults.get(row) ?? "there is no answer" });
  if (json) {
    io.out(JSON.stringify(all.map((answer, row) => ({ ...inputs[row], ...answer })), null, 2));
    return;
  }
  all.forEach((answer, row) => {
    if ("error" in answer) say(answer.error);
    else io.out(answerLine(answer, about[row]!));
  });
}

/** Refuses texts for a model of pictures, and pictures for one of texts. */
function checkModality(modality: "image" | "text", given: PredictOptions): void {
  const { model, text, pair, question, context, file, image } = given;
  const texts = { text, pair, question, context, file };
  const surplus = modality === "image"
    ? Object.entries(texts).find(([, value]) => value !== undefined)?.[0]
    : image && "image";
  if (surplus !== undefined) {
    const remedy = modality === "image" ? "give --image" : "give --text, --question or --file";
    throw new UsageError(`--${surplus}: ${model} is a model of ${modality}s; ${remedy}`);
  }
  if (modality === "image" && !image) throw new UsageError("predict: there is no picture; give --image");
}
