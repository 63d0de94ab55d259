/**
 * SQuAD as a task: questions to windows, logits to answers, answers to exact match and F1.
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import type { Split } from "../data/split.ts";
import type { Scorer } from "../evaluate.ts";
import type { Folder } from "../folder.ts";
import { type Dataset, fromFolder, type SplitSummary, type Task, type TaskData } from "../task.ts";
import { splitByArticle } from "../text/squad_articles.ts";
import { decodeSpans, type SpanLogits } from "../text/squad_decode.ts";
import { evaluateSquad } from "../text/squad_metric.ts";
import { type Question, readSquad } from "../text/squad_read.ts";
import { squadSplit } from "../text/squad_split.ts";
import { type SquadWindows, squadWindows } from "../text/squad_windows.ts";

/** Share of the articles that is held out where there is no file to train on. */
const heldOut = 0.2;

async function readFirst(folder: Folder, names: readonly string[]): Promise<Question[] | undefined> {
  for (const name of names) {
    if (await folder.exists(name)) return readSquad(await folder.read(name), `${folder.name}/${name}`);
  }
  return undefined;
}

/** A version of SQuAD; `v2` has questions without an answer. */
function squadTask(name: string, version: "v1.1" | "v2.0", description: string): Task {
  const trainFiles = [`train-${version}.json`, "train.json", "train.jsonl"];
  const devFiles = [`dev-${version}.json`, `dev-${version}.reconstructed.json`, "dev.json", "validation.jsonl"];
  return fromFolder({
    name,
    description,
    source: version === "v1.1"
      ? "Rajpurkar et al. 2016, arXiv 1606.05250"
      : "Rajpurkar, Jia and Liang 2018, arXiv 1806.03822",
    modality: "text",
    head: "span",
    metrics: ["f1", "exact"],
    maxLength: 384,
  }, async (folder) => {
    const train = await readFirst(folder, trainFiles);
    const dev = await readFirst(folder, devFiles);
    if (!dev) {
      throw new DataError(`${folder.name}: there is no ${devFiles.join(", no ")}; one of them holds the questions`);
    }
    if (train) return squadData(train, dev, [], version);
    const parts = splitByArticle(dev, heldOut, 1);
    const articles = (questions: readonly Question[]) => new Set(questions.map(({ title }) => title)).size;
    const note = `${folder.name}: there is no ${trainFiles[0]}; of the articles of the other file ` +
      `${articles(parts.train)} are for training and ${articles(parts.dev)} for evaluation`;
    return squadData(parts.train, parts.dev, [note], version);
  });
}

/** SQuAD v1.1. */
export const squadV1: Task = squadTask("squad", "v1.1", "questions whose answer is a span of a paragraph of Wikipedia");

/** SQuAD v2.0. */
export const squadV2: Task = squadTask(
  "squad-v2",
  "v2.0",
  "the same, with questions that the paragraph does not answer",
);

function summarize(questions: readonly Question[]): SplitSummary {
  const none = questions.filter(({ impossible }) => impossible).length;
  return { rows: questions.length, labels: { answered: questions.length - none, unanswerable: none } };
}

function squadData(
  train: readonly Question[],
  dev: readonly Question[],
  notes: readonly string[],
  version: "v1.1" | "v2.0",
): TaskData {
  return {
    labels: [],
    summary: { train: summarize(train), validation: summarize(dev) },
    notes,
    prepare({ name, tokenizer, maxLength = 384 }): Dataset {
      if (!tokenizer) throw new DataError(`${name}: there is no tokenizer; copy the files of the original model's`);
      // As much in common as with the usual 128 of 384, and always less than a window of few tokens has.
      const options = { maxLength, stride: Math.floor(maxLength / 3), maxQueryLength: Math.floor(maxLength / 6) };
      const parts = new Map<Split, SquadWindows>();
      const cut = (questions: readonly Question[], part: string): Split => {
        const windows = squadWindows(questions, tokenizer, options);
        const split = squadSplit(windows, `SQuAD (${part})`);
        parts.set(split, windows);
        return split;
      };
      // Whoever only evaluates need not wait for the training questions to be cut.
      let training: Split | undefined;
      const validation = cut(dev, "validation");
      return {
        get train() {
          return training ??= cut(train, "training");
        },
        evaluation: { validation },
        scorer(split) {
          const windows = parts.get(split);
          if (windows) return spanScorer(split, windows, version === "v2.0");
          throw new DataError(
            `${split.name}: answers are found over all windows of a question; evaluate a whole split`,
          );
        },
        holdOut(count, seed) {
          const share = count / train.length;
          if (!(share > 0 && share < 1)) {
            const remedy = "leave some to train on";
            throw new DataError(`SQuAD: ${count} of ${train.length} questions cannot be held out; ${remedy}`);
          }
          const parts = splitByArticle(train, share, seed);
          return { train: cut(parts.train, "training"), heldOut: cut(parts.dev, "training, held out") };
        },
      };
    },
  };
}

/** Collects the logits of all windows, and scores the answers that they give. */
function spanScorer(split: Split, windows: SquadWindows, allowNone: boolean): Scorer {
  const logits: (SpanLogits | undefined)[] = new Array(windows.windows.length).fill(undefined);
  return {
    add(rows, { start, end }) {
      if (!start || !end) throw new DataError(`${split.name}: the model gives no spans; use one for this task`);
      const width = start.shape[1]!;
      rows.forEach((row, i) => {
        const { length } = windows.windows[row]!;
        const own = (all: typeof start) => all.data.slice(i * width, i * width + length);
        logits[row] = { starts: own(start), ends: own(end) };
      });
    },
    values() {
      const missing = logits.indexOf(undefined);
      if (missing >= 0) throw new DataError(`${split.name}: window ${missing} was not evaluated; evaluate all of them`);
      const answers = decodeSpans(windows, (window) => logits[window]!, { allowNone });
      const texts = new Map([...answers].map(([id, { text }]) => [id, text]));
      const { f1, exact } = evaluateSquad(windows.questions, texts);
      return { f1, exact };
    },
  };
}
