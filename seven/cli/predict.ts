/**
 * The command `predict`: what a model answers to texts or pictures of one's own.
 *
 * @module
 */
import type { Command } from "commander";
import type { DeviceChoice, Tensor } from "../../engine/mod.ts";
import { type BatchTensors, openDecoder, Predictor, type Split } from "../../models/mod.ts";
import { squadSplit } from "../../models/text/squad_split.ts";
import { squadWindows } from "../../models/text/squad_windows.ts";
import { textSplit } from "../../models/text/text_split.ts";
import { commandDevice } from "./device.ts";
import { UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { addOptions, inputOptions, type OptionLine, runningOptions } from "./option_lines.ts";
import { type Answerer, labelsOfTask, loadAnswerer } from "./predict/answerer.ts";
import {
  type Answer,
  answerLine,
  classCollector,
  type Collector,
  numberCollector,
  spanCollector,
} from "./predict/answers.ts";
import { inputFormats, type InputSources, readInputs, type TextInput } from "./predict/inputs.ts";
import { picturePaths, pictureSplit } from "./predict/pictures.ts";
import { findTask } from "./task.ts";
import { listOf, oneOf, whole } from "./values.ts";

/** What `predict` was asked for. */
export interface PredictOptions extends InputSources {
  /** Folder or repository of the checkpoint, or a run folder. */
  readonly model: string;
  /** Name of the task that it was fine-tuned for, or a file that describes one. */
  readonly task?: string;
  /** Files of pictures, or folders of them. */
  readonly image?: readonly string[];
  /** Names of classes, for a CLIP that tells them by their names. */
  readonly classes?: readonly string[];
  /** How many classes are told. */
  readonly top: number;
  /** Tokens of a text at most. */
  readonly maxLength?: number;
  /** Height and width of images. */
  readonly imageSize?: number;
  /** Whether a CLIP tells classes by their names. */
  readonly zeroShot: boolean;
  /** Whether pictures that cannot be read are told and passed over. */
  readonly skipBroken: boolean;
  /** Which device. */
  readonly device: DeviceChoice;
  /** Rows per batch. */
  readonly evalBatch: number;
  /** Whether the result is JSON. */
  readonly json: boolean;
  /** Whether only results are shown. */
  readonly quiet: boolean;
}

const defaults = {
  top: 1,
  zeroShot: false,
  skipBroken: false,
  device: "auto",
  evalBatch: 100,
  json: false,
  quiet: false,
} as const;

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
  ...inputOptions,
  ...runningOptions,
  ["--json", "prints JSON"],
  ["--quiet", "no progress, results only"],
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
      predictCommand({ ...defaults, ...given }, io)
    );
  addOptions(command, "Options:", options);
}

/** What is to be answered: rows, and what each is about. */
interface Asked {
  readonly split: Split;
  readonly collector: Collector;
  /** Parts of each input, for lines. */
  readonly about: readonly (readonly string[])[];
  /** Each input, for JSON. */
  readonly inputs: readonly object[];
  /** What is wrong with rows that have no answer. */
  readonly broken: () => ReadonlyMap<number, string>;
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
  using decoder = openDecoder();
  const { network } = answerer;
  checkModality(network.modality, options);
  const asked = network.modality === "image" ? await askPictures(answerer, options, decoder) : askTexts(
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

async function askPictures(
  { network, labels, independent, preprocessor }: Answerer,
  { image = [], top, skipBroken }: PredictOptions,
  decoder: ReturnType<typeof openDecoder>,
): Promise<Asked> {
  const paths = await picturePaths(image);
  const channels = network.image?.[0] === 1 ? 1 : 3;
  const split = pictureSplit(paths, preprocessor!, { decoder, channels, skipBroken });
  return {
    split,
    collector: classCollector(labels, top, independent),
    about: paths.map((path) => [path]),
    inputs: paths.map((image) => ({ image })),
    broken: split.broken,
  };
}

function askTexts(
  { network, labels, independent, tokenizer, maxLength }: Answerer,
  inputs: readonly TextInput[],
  allowNone: boolean,
  top: number,
  say: (line: string) => void,
): Asked {
  const none = () => new Map<number, string>();
  if (network.head === "span") {
    const questions = inputs.map(({ text, pair = "" }, i) =>
      ({ id: `${i}`, title: "", question: text, context: pair, answers: [], impossible: false }) as const
    );
    // As in the task SQuAD.
    const lengths = { maxLength, stride: Math.floor(maxLength / 3), maxQueryLength: Math.floor(maxLength / 6) };
    const windows = squadWindows(questions, tokenizer!, lengths);
    return {
      split: squadSplit(windows, "questions"),
      collector: spanCollector(windows, allowNone),
      about: inputs.map(({ text }) => [text]),
      inputs: inputs.map(({ text: question, pair: context }) => ({ question, context })),
      broken: none,
    };
  }
  const regression = network.head === "regression";
  const split = textSplit({ name: "texts", rows: inputs, tokenizer: tokenizer!, maxLength, regression });
  // Those that just fit are not cut.
  const cut =
    inputs.filter(({ text, pair }, row) =>
      split.lengths![row] === maxLength && tokenizer!.encode(text, pair).ids.length > maxLength
    ).length;
  if (cut > 0) say(`${cut} of ${inputs.length} texts are longer than ${maxLength} tokens; their ends are not read`);
  return {
    split,
    collector: regression ? numberCollector() : classCollector(labels, top, independent),
    about: inputs.map(({ text, pair }) => pair === undefined ? [text] : [text, pair]),
    inputs,
    broken: none,
  };
}
