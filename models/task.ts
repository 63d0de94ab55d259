/**
 * A task: data, what a model for it ends with, and how it is judged. Adding one is adding a record.
 *
 * @module
 */
import type { Augmentation } from "./data/augment.ts";
import { DataError } from "./data/error.ts";
import type { ImageShape } from "./data/images.ts";
import type { Preprocessor } from "./data/preprocess.ts";
import type { Split } from "./data/split.ts";
import type { HeldOut } from "./data/subset.ts";
import type { Scorer } from "./evaluate.ts";
import type { Folder } from "./folder.ts";
import type { Head } from "./heads.ts";
import type { ImageDecoder } from "./image/inline_decoder.ts";
import type { Modality, Prompts } from "./network.ts";
import type { Tokenizer } from "./text/tokenizer.ts";

/** What is in one part of the data. */
export interface SplitSummary {
  /** Rows. */
  readonly rows: number;
  /** Rows of each label, by its name; absent where labels are no classes. */
  readonly labels?: Readonly<Record<string, number>>;
  /** Rows without a label; 0 where absent. */
  readonly unlabelled?: number;
}

/** How a model wants its input: what the files beside its weights say. */
export interface ModelInput {
  /** Name of the model, for errors. */
  readonly name: string;
  /** How images become numbers. */
  readonly preprocessor?: Preprocessor;
  /** How texts become tokens. */
  readonly tokenizer?: Tokenizer;
  /** Tokens of a text at most; those of the model. */
  readonly maxLength?: number;
  /** Channels of an image; 3. */
  readonly channels?: number;
  /** Random changes of training images; none. */
  readonly augment?: Augmentation;
  /** Who decodes files of pictures; the thread that asks. */
  readonly decoder?: ImageDecoder;
  /** Whether pictures that cannot be read are left out instead of being an error. */
  readonly skipBroken?: boolean;
}

/** The data of a task as a model takes them. */
export interface Dataset {
  /** What models learn from. */
  readonly train: Split;
  /** What models are judged by; the first is what results are reported on. */
  readonly evaluation: Readonly<Record<string, Split>>;
  /**
   * How outputs on a split are judged, for one evaluation.
   *
   * @param split One of these splits; for labelled rows also some rows of one.
   * @throws {DataError} when the rows cannot be judged.
   */
  scorer(split: Split): Scorer;
  /**
   * Holds training rows out to be judged by, of data whose rows are not judged as they are learnt from; of all others
   * {@linkcode holdOut} does.
   *
   * @param count How many, or about as many where rows belong together.
   * @param seed Seed of the choice.
   * @throws {DataError} when there are not that many.
   */
  holdOut?(count: number, seed: number): HeldOut;
}

/** The data of a task as they are in its files. */
export interface TaskData {
  /** Names of the classes; empty where there are none. */
  readonly labels: readonly string[];
  /** What is in each part. */
  readonly summary: Readonly<Record<string, SplitSummary>>;
  /** Shape of all images, where they have one: a small model can be made for them. */
  readonly images?: ImageShape;
  /** Texts that stand for the classes, where the task has its own. */
  readonly prompts?: Prompts;
  /** What was left out or put right while reading: sentences for the log. */
  readonly notes: readonly string[];
  /**
   * Prepares the data for a model.
   *
   * @throws {DataError} when the model's files do not say what the data need.
   */
  prepare(input: ModelInput): Dataset;
}

/** A task. */
export interface Task {
  /** Name on the command line and in records. */
  readonly name: string;
  /** One line for people. */
  readonly description: string;
  /** Where it comes from. */
  readonly source?: string;
  /** What models for it read. */
  readonly modality: Modality;
  /** What models for it end with. */
  readonly head: Head;
  /** Names of the metrics; the first is what results are compared by. */
  readonly metrics: readonly string[];
  /** Tokens of a text at most, unless asked for otherwise; 128. */
  readonly maxLength?: number;
  /** Whether the data come from a folder. */
  readonly needsFolder: boolean;
  /**
   * Loads the data.
   *
   * @param folder Where they are, for a task that needs a folder.
   * @throws {DataError} when the folder is missing or surplus, or what is in it cannot be used.
   */
  load(folder?: Folder): Promise<TaskData>;
}

/** Counts labels by name. */
export function countLabels(labels: ArrayLike<number>, names: readonly string[]): Record<string, number> {
  const counts = new Array<number>(names.length).fill(0);
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]!++;
  return Object.fromEntries(names.map((name, i) => [name, counts[i]!]));
}

/**
 * A task whose data lie in a folder.
 *
 * @param task What it is.
 * @param load Loads the data.
 */
export function fromFolder(
  task: Omit<Task, "needsFolder" | "load">,
  load: (folder: Folder) => Promise<TaskData>,
): Task {
  const missing = (): Promise<never> =>
    Promise.reject(new DataError(`task ${task.name} needs data; give the folder that holds them`));
  return { ...task, needsFolder: true, load: (folder) => folder ? load(folder) : missing() };
}

/** Makes what is asked for by name, once each: a data set has parts that a command may not need. */
export function lazily<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>();
  return (name) => {
    if (!made.has(name)) made.set(name, make(name));
    return made.get(name)!;
  };
}
