/**
 * Tasks on texts of users' own: a few lines of JSON.
 *
 * @module
 */
import { z } from "zod";
import { DataError } from "../data/error.ts";
import { metricNamed, metrics as allMetrics } from "../metrics/registry.ts";
import { validate } from "../validate.ts";
import { formatOf, type TextFormat } from "./read_table.ts";
import type { TextSource, TextTask } from "./text_task.ts";

/** What a user writes to describe a task; the file is JSON. */
export interface CustomTask {
  /** Name in records: letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  /** One line for people. */
  readonly description?: string;
  /** Where the data come from. */
  readonly source?: string;
  /** Whether labels are classes or numbers. */
  readonly kind: "classification" | "regression";
  /**
   * Files by split, relative to the folder of the data: `train` and `validation` at least; `test`, or names that begin
   * with `test_`, may be without labels. The rows of several files follow one another.
   */
  readonly files: Readonly<Record<string, string | readonly string[]>>;
  /** What the files are; by the end of their names where absent: .tsv, .txt, .csv, .jsonl, .ndjson, .json, .parquet. */
  readonly format?: "tsv" | "csv" | "jsonl" | "json" | "parquet";
  /** Whether TSV and CSV files name their columns in the first line; true where absent. */
  readonly header?: boolean;
  /** Column of the text: its name, or its number from 0. */
  readonly text: string | number;
  /** Column of the second text. */
  readonly pair?: string | number | null;
  /** Column of the label. */
  readonly label: string | number;
  /** The classes in order, as they stand in the files; those of the training file, sorted, where absent. */
  readonly labels?: readonly (string | number | boolean)[];
  /** Names of metrics, the one that counts first: accuracy for classes, pearson and spearman for numbers where absent. */
  readonly metrics?: readonly string[];
}

const column = z.union([z.string().min(1), z.int().min(0)], { error: "expected the name or the number of a column" });

/** Folders do not let paths out; saying so here names the fault before anything is read. */
const path = z.string().min(1)
  .refine((value) => !/^([/\\]|[A-Za-z]:)/.test(value) && !value.split(/[/\\]/).includes(".."), {
    error: "expected a path below the folder of the data",
  });

const metric = z.string().refine((name) => Object.hasOwn(allMetrics, name), {
  error: ({ input }) => `metric ${JSON.stringify(input)} is not known; there are ${Object.keys(allMetrics).join(", ")}`,
});

/** A rule over several fields, judged also where other fields are wrong, so that every fault is told at once. */
type Rule = readonly [path: string, error: string, holds: (task: Partial<CustomTask>) => boolean];

const pathsOf = (files: unknown): string[] =>
  typeof files === "object" && files !== null
    ? Object.values(files).flat().filter((path): path is string => typeof path === "string")
    : [];

const needsOf = (name: string): string | undefined =>
  Object.hasOwn(allMetrics, name) ? allMetrics[name]!.needs : undefined;

const rules: readonly Rule[] = [
  [
    "format",
    "a file has none of the endings .tsv, .txt, .csv, .jsonl, .ndjson, .json, .parquet; say which format it is",
    ({ format, files }) => format !== undefined || pathsOf(files).every((path) => formatOf(path) !== undefined),
  ],
  ["labels", "a regression has no classes", ({ kind, labels }) => kind !== "regression" || labels === undefined],
  [
    "labels",
    "a class is listed twice",
    ({ labels }) => !Array.isArray(labels) || new Set(labels.map(String)).size === labels.length,
  ],
  [
    "metrics",
    "accuracy, f1 and the like are for classes; use pearson, spearman or mse",
    ({ kind, metrics }) =>
      kind !== "regression" || !Array.isArray(metrics) ||
      metrics.every((name) => (needsOf(name) ?? "numbers") === "numbers"),
  ],
  [
    "metrics",
    "pearson, spearman and mse are for numbers; use accuracy, f1 or matthews",
    ({ kind, metrics }) =>
      kind !== "classification" || !Array.isArray(metrics) || metrics.every((name) => needsOf(name) !== "numbers"),
  ],
  [
    "metrics",
    "f1 is for two classes; use f1-macro",
    ({ labels, metrics }) => {
      if (!Array.isArray(labels) || !Array.isArray(metrics)) return true;
      return metrics.every((name) =>
        needsOf(name) === undefined || (metricNamed(name).classes ?? labels.length) === labels.length
      );
    },
  ],
  [
    "pair",
    "text, pair and label are three columns",
    ({ text, pair, label }) => {
      const given = [text, pair, label].filter((column) => column !== undefined && column !== null);
      return new Set(given).size === given.length;
    },
  ],
  [
    "header",
    "files without a header have no names of columns; give their numbers, from 0",
    ({ header, text, pair, label }) => header !== false || [text, pair, label].every((it) => typeof it !== "string"),
  ],
];

const fields = z.strictObject({
  name: z.string().regex(/^[\w.-]+$/, "expected letters, digits, ., _ and -"),
  description: z.string().optional(),
  source: z.string().optional(),
  kind: z.enum(["classification", "regression"]),
  files: z.looseObject({}).pipe(
    z.object({ train: z.union([path, z.array(path).min(1)]), validation: z.union([path, z.array(path).min(1)]) })
      .catchall(z.union([path, z.array(path).min(1)])),
  ),
  format: z.enum(["tsv", "csv", "jsonl", "json", "parquet"]).optional(),
  header: z.boolean().optional(),
  text: column,
  pair: column.nullish(),
  label: column,
  labels: z.array(z.union([z.string().min(1), z.number(), z.boolean()])).min(2).optional(),
  metrics: z.array(metric).min(1).optional(),
});

const schema = rules.reduce<z.ZodType<CustomTask>>(
  (checked, [path, error, holds]) =>
    checked.refine((task) => holds(task), {
      path: [path],
      error,
      when: ({ value }) => typeof value === "object" && value !== null,
    }),
  fields as unknown as z.ZodType<CustomTask>,
);

function sourceOf(task: CustomTask, given: string | readonly string[]): TextSource {
  const paths = typeof given === "string" ? [given] : given;
  const { text, pair, label, header = true } = task;
  const format: TextFormat = task.format ?? formatOf(paths[0]!)!;
  return { paths, format, header, text, ...(pair === undefined || pair === null ? {} : { pair }), label };
}

/**
 * Makes a task of a user's description.
 *
 * @param json The parsed JSON: see {@linkcode CustomTask}.
 * @param label Name of the file, for errors.
 * @returns The task.
 * @throws {DataError} that lists every fault in one line.
 */
export function customTask(json: unknown, label: string): TextTask {
  const task = validate<CustomTask>(schema, json, (faults) => new DataError(`${label}: ${faults}`));
  const { name, kind } = task;
  return {
    name,
    description: task.description ?? `${kind} of texts, described in ${label}`,
    source: task.source ?? label,
    kind,
    labels: (task.labels ?? []).map(String),
    splits: Object.fromEntries(Object.entries(task.files).map(([split, given]) => [split, [sourceOf(task, given)]])),
    unlabelled: kind === "classification" ? ["-1"] : [],
    incomplete: "refuse",
    metrics: task.metrics ?? (kind === "classification" ? ["accuracy"] : ["pearson", "spearman"]),
  };
}
