/**
 * Tasks of texts, GLUE's and the users' own: rows of a file to a split of tokens.
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import type { Split } from "../data/split.ts";
import { labelScorer } from "../scorer.ts";
import { fromFolder, lazily, type SplitSummary, type Task, type TaskData } from "../task.ts";
import { describeRows, type SplitDescription } from "../text/describe_rows.ts";
import { loadTextTask } from "../text/load_text.ts";
import { isTestSplit, type LoadedText, type TextTask } from "../text/text_task.ts";
import { textSplit } from "../text/text_split.ts";

/** A task of texts as a task. */
export function textTask(task: TextTask): Task {
  const { name, description, source, kind, metrics } = task;
  return fromFolder(
    { name, description, source, modality: "text", head: kind, metrics: withLoss(kind, metrics) },
    async (folder) => textData(task, await loadTextTask(task, folder, { require: [] }), folder.name),
  );
}

function withLoss(kind: TextTask["kind"], metrics: readonly string[]): readonly string[] {
  const loss = kind === "classification" ? "loss" : "mse";
  return metrics.includes(loss) ? metrics : [...metrics, loss];
}

function summarize({ rows, unlabelled, labels }: SplitDescription): SplitSummary {
  const counts = Object.fromEntries(labels.map(({ label, rows }) => [label, rows]));
  return { rows, unlabelled, ...(labels.length > 0 ? { labels: counts } : {}) };
}

function textData(task: TextTask, loaded: LoadedText, folder: string): TaskData {
  const judged = evaluated(loaded);
  return {
    labels: loaded.labels,
    summary: Object.fromEntries(describeRows(task, loaded).splits.map((one) => [one.split, summarize(one)])),
    notes: loaded.notes,
    prepare({ name, tokenizer, maxLength = 128 }) {
      if (!tokenizer) throw new DataError(`${name}: there is no tokenizer; copy the files of the original model's`);
      const split = lazily((part: string): Split => {
        const rows = loaded.splits[part];
        if (!rows) throw new DataError(`${folder}: there is no file of the ${part} rows of task ${task.name}`);
        const regression = task.kind === "regression";
        return textSplit({ name: `${task.name} (${part})`, rows, tokenizer, maxLength, regression });
      });
      return {
        get train() {
          return split("train");
        },
        get evaluation() {
          if (judged.length === 0) throw new DataError(`${folder}: there is no file of rows to evaluate on`);
          return Object.fromEntries(judged.map((part) => [part, split(part)]));
        },
        scorer: (rows) => labelScorer(rows, withLoss(task.kind, task.metrics)),
      };
    },
  };
}

/** Splits that models are judged by: those for validation, else labelled test rows. */
function evaluated({ splits }: LoadedText): string[] {
  const labelled = (part: string) =>
    splits[part]!.length > 0 && splits[part]!.every(({ label }) => label !== undefined);
  const parts = Object.keys(splits).filter((part) => part !== "train" && labelled(part));
  const validation = parts.filter((part) => !isTestSplit(part));
  return validation.length > 0 ? validation : parts;
}
