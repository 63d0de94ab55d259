/**
 * A checkpoint that answers: its head and the names of its classes come from its own `config.json`, no data are needed.
 *
 * @module
 */
import {
  DataError,
  familyOf,
  type Folder,
  type Head,
  loadCheckpoint,
  type Network,
  networkOf,
  type Preprocessor,
  type Prompts,
  type Task,
  type Tokenizer,
} from "../../../models/mod.ts";
import { glueTasks } from "../../../models/text/glue.ts";
import { UsageError } from "../errors.ts";
import { headOf, labelsOf } from "../folder_model.ts";
import { maxLengthOf, preprocessorFile, preprocessorOf, promptsOf, tokenizerOf } from "../model_input.ts";
import { openSource } from "../source.ts";

/** A model that answers. */
export interface Answerer {
  /** The model. */
  readonly network: Network;
  /** Names of its classes, for people; empty where it has none. */
  readonly labels: readonly string[];
  /** Whether several classes may be right at once: their probabilities do not add up to 1. */
  readonly independent: boolean;
  /** How pictures become numbers, of models that read pictures. */
  readonly preprocessor?: Preprocessor;
  /** How texts become tokens, of models that read texts. */
  readonly tokenizer?: Tokenizer;
  /** Tokens of a text at most, of models that read texts. */
  readonly maxLength: number;
}

/** Which model, and how it is to answer. */
export interface AnswererRequest {
  /** Folder or repository of the checkpoint. */
  readonly path: string;
  /** What it was fine-tuned for, where that is told. */
  readonly task?: Task;
  /** Names of the classes in the task's order, for a checkpoint that does not know them. */
  readonly taskLabels: readonly string[];
  /** Whether a CLIP tells classes by their names. */
  readonly zeroShot: boolean;
  /** Names of classes for that. */
  readonly classes?: readonly string[];
  /** Tokens of a text at most. */
  readonly maxLength?: number;
  /** Height and width of images. */
  readonly imageSize?: number;
  /** Told what is loaded from afar. */
  readonly say: (line: string) => void;
}

type Config = Readonly<Record<string, unknown>>;

/** Most tokens of a text where neither the command line nor a task says so. */
const longestText = 512, longestSpan = 384;

/**
 * Loads a checkpoint, or the model of a run folder.
 *
 * @throws {UsageError} when it has no trained head, or cannot answer as asked; {@linkcode CheckpointError},
 * {@linkcode SafetensorsError}, {@linkcode DataError} and {@linkcode HubError} when its files cannot be used.
 */
export async function loadAnswerer(request: AnswererRequest): Promise<Answerer> {
  const { path, task, classes, imageSize } = request;
  const folder = await openSource("--model", path, request.say);
  const checkpoint = await loadCheckpoint(folder);
  const { config, name } = checkpoint;
  const { modality } = familyOf(config, name);
  if (task && task.modality !== modality) {
    throw new UsageError(
      `--task ${task.name}: is a task of ${task.modality}s, ${name} is a model of ${modality}s; give one that fits the other`,
    );
  }
  const head = wantedHead(config, request);
  if (classes && head !== "contrastive") {
    throw new UsageError(`--classes: ${name} has classes of its own; leave out --classes, or give a CLIP`);
  }
  const raw = head === "contrastive" && !classes && task && !task.needsFolder ? await task.load() : undefined;
  const named = classes ?? raw?.labels ?? [];
  if (head === "contrastive" && named.length === 0) {
    throw new UsageError(`--model ${path}: tells classes by their names; give them, such as --classes cat,dog`);
  }
  const own = head === "contrastive" ? named : labelsOf(config);
  const prompts = head === "contrastive" ? raw?.prompts ?? await promptsOf(folder, named) : undefined;
  const network = await networkOf(checkpoint, {
    head,
    // Names that are only numbers are not names: then nothing is said about their order.
    labels: nameless(own) ? own.map((_, i) => `${i}`) : own,
    seed: 1,
    ...(prompts ? { prompts } : {}),
    ...(imageSize === undefined ? {} : { imageSize }),
  });
  if (prompts) checkPrompts(prompts, network);
  if (network.fresh.length > 0) {
    throw new UsageError(
      `--model ${path}: has no trained ${network.fresh.join(", ")}, so it has no answers; use a fine-tuned model`,
    );
  }
  const { taskLabels } = request;
  const labels = nameless(own) && taskLabels.length === own.length ? taskLabels : own;
  const independent = config.problem_type === "multi_label_classification";
  const common = { network, labels: head === "regression" || head === "span" ? [] : labels, independent };
  if (modality === "image") {
    return { ...common, preprocessor: await picturesOf(folder, network, imageSize), maxLength: 0 };
  }
  const tokenizer = await tokenizerOf(folder, network);
  const lengths = { asked: request.maxLength, usual: usualLength(network, task) };
  return { ...common, tokenizer, maxLength: maxLengthOf(network, tokenizer, lengths) };
}

/**
 * Names of a task's classes, where they are known without its data.
 *
 * @param text What `--task` says.
 * @param json The task's file, where it is one.
 */
export function labelsOfTask(text: string, json?: unknown): readonly string[] {
  if (!text.endsWith(".json")) return Object.hasOwn(glueTasks, text) ? glueTasks[text]!.labels : [];
  const { labels } = json as { readonly labels?: readonly unknown[] };
  return (labels ?? []).map(String);
}

/** What the model ends with: what is asked for, else what its own `config.json` says. */
function wantedHead(config: Config, { path, task, zeroShot }: AnswererRequest): Head {
  if (zeroShot) return "contrastive";
  if (task) return task.head;
  const head = headOf(config);
  if (head) return head;
  const [architecture = ""] = Array.isArray(config.architectures) ? config.architectures.map(String) : [];
  throw new UsageError(
    `--model ${path}: config.json ${
      architecture ? `has the architecture ${architecture}` : "names no architectures"
    }, which does not tell what it answers; say with --task what it was fine-tuned for`,
  );
}

function nameless(labels: readonly string[]): boolean {
  return labels.every((label) => /^label_?\d+$/i.test(label));
}

/** A device does not stop at tokens that a model does not know. */
function checkPrompts({ ids }: Prompts, { name, vocabulary = Infinity, maxTokens = Infinity }: Network): void {
  if ((ids.data as Uint32Array).some((id) => id >= vocabulary)) {
    throw new DataError(
      `${name}: its tokenizer has tokens that the model does not know, ${vocabulary} or greater; use its own`,
    );
  }
  const tokens = ids.shape[1]!;
  if (tokens > maxTokens) {
    throw new UsageError(
      `--classes: the longest name makes ${tokens} tokens, the model takes ${maxTokens}; shorten it`,
    );
  }
}

/** How pictures become numbers, which a model that answers cannot do without. */
async function picturesOf(folder: Folder, network: Network, side?: number): Promise<Preprocessor> {
  if (await folder.exists(preprocessorFile)) return await preprocessorOf(folder, network, side);
  throw new DataError(
    `${network.name}: there is no ${preprocessorFile}, which says how images become numbers; copy the original model's`,
  );
}

/** Tokens of a text where the command line does not say so. */
function usualLength({ head }: Network, task: Task | undefined): number {
  if (task) return task.maxLength ?? 128;
  return head === "span" ? longestSpan : longestText;
}
