/**
 * The nine tasks of GLUE (Wang et al. 2018, arXiv 1804.07461) as records.
 *
 * Files are looked for as GLUE gives them out, in the folder or in the task's own below it (`train.tsv`,
 * `SST-2/train.tsv`), as the hub has them in `nyu-mll/glue` (`sst2/train-00000-of-00001.parquet`), and last as sampled
 * `<split>_subset.json`. Classes are in the order of the hub, so that its checkpoints keep their meaning.
 *
 * @module
 */
import type { Column } from "./table.ts";
import type { TextSource, TextTask } from "./text_task.ts";

/** Which columns of a file are what. */
interface Columns {
  readonly text: Column;
  readonly pair?: Column;
  readonly label?: Column;
}

/** A task as the table below says it. */
interface Entry {
  readonly description: string;
  readonly source: string;
  readonly kind?: "regression";
  /** Names of the classes, in the order of their numbers. */
  readonly labels?: readonly string[];
  readonly metrics: readonly string[];
  /** GLUE's own folder of the task. */
  readonly folder: string;
  /** Columns of GLUE's files. */
  readonly tsv: Columns;
  /** Columns of the hub's files. */
  readonly parquet: Columns;
  /** Names of the splits by GLUE's and the hub's names; {@linkcode usual} where absent. */
  readonly splits?: Readonly<Record<string, SplitFiles>>;
  /** GLUE's files that are unlike the others, by split: instead of them, or before them. */
  readonly odd?: Readonly<Record<string, readonly TextSource[]>>;
}

interface SplitFiles {
  readonly tsv: string;
  readonly parquet: string;
  readonly subset?: string;
}

const usual: Readonly<Record<string, SplitFiles>> = {
  train: { tsv: "train", parquet: "train", subset: "train" },
  validation: { tsv: "dev", parquet: "validation", subset: "dev" },
  test: { tsv: "test", parquet: "test" },
};

const matched: Readonly<Record<string, SplitFiles>> = {
  train: { tsv: "train", parquet: "train", subset: "train" },
  validation: { tsv: "dev_matched", parquet: "validation_matched", subset: "dev" },
  validation_mismatched: { tsv: "dev_mismatched", parquet: "validation_mismatched" },
  test: { tsv: "test_matched", parquet: "test_matched" },
  test_mismatched: { tsv: "test_mismatched", parquet: "test_mismatched" },
};

const sentences: Columns = { text: "sentence1", pair: "sentence2", label: "label" };
const entailment: readonly string[] = ["entailment", "not_entailment"];

/** A file of GLUE's, in the folder or in the task's own below it. */
function tsv(folder: string, file: string, columns: Columns, more: Partial<TextSource> = {}): TextSource[] {
  return ["", `${folder}/`].map((below) => ({
    paths: [below + file],
    format: "tsv",
    header: true,
    ...columns,
    ...more,
  }));
}

const entries: Readonly<Record<string, Entry>> = {
  cola: {
    description: "CoLA: is a sentence acceptable English?",
    source: "Warstadt, Singh and Bowman 2018, arXiv 1805.12471",
    labels: ["unacceptable", "acceptable"],
    metrics: ["matthews", "accuracy"],
    folder: "CoLA",
    tsv: { text: "sentence" },
    parquet: { text: "sentence", label: "label" },
    odd: {
      train: tsv("CoLA", "train.tsv", { text: 3, label: 1 }, { header: false }),
      validation: tsv("CoLA", "dev.tsv", { text: 3, label: 1 }, { header: false }),
    },
  },
  sst2: {
    description: "SST-2: is a phrase of a film review positive?",
    source: "Socher et al. 2013, aclanthology.org/D13-1170",
    labels: ["negative", "positive"],
    metrics: ["accuracy"],
    folder: "SST-2",
    tsv: { text: "sentence", label: "label" },
    parquet: { text: "sentence", label: "label" },
  },
  mrpc: {
    description: "MRPC: do two sentences mean the same?",
    source: "Dolan and Brockett 2005, aclanthology.org/I05-5002",
    labels: ["not_equivalent", "equivalent"],
    metrics: ["f1", "accuracy"],
    folder: "MRPC",
    tsv: { text: "#1 String", pair: "#2 String", label: "Quality" },
    parquet: sentences,
    odd: {
      // The corpus that GLUE's unlabelled file was made from: the same rows in the same order, with labels.
      test: tsv("MRPC", "msr_paraphrase_test.txt", { text: "#1 String", pair: "#2 String", label: "Quality" }, {
        note: "labels of the original corpus",
      }),
    },
  },
  qqp: {
    description: "QQP: do two questions ask the same?",
    source: "Quora Question Pairs, quoradata.quora.com/First-Quora-Dataset-Release-Question-Pairs",
    labels: ["not_duplicate", "duplicate"],
    metrics: ["f1", "accuracy"],
    folder: "QQP",
    tsv: { text: "question1", pair: "question2", label: "is_duplicate" },
    parquet: { text: "question1", pair: "question2", label: "label" },
  },
  stsb: {
    description: "STS-B: how similar are two sentences, from 0 to 5?",
    source: "Cer et al. 2017, arXiv 1708.00055",
    kind: "regression",
    metrics: ["pearson", "spearman"],
    folder: "STS-B",
    tsv: { text: "sentence1", pair: "sentence2", label: "score" },
    parquet: sentences,
    odd: {
      // The benchmark that GLUE's unlabelled file was made from; eleven of its rows end with spaces more.
      test: tsv("STS-B", "sts-test-gold.tsv", { text: 5, pair: 6, label: 4 }, {
        header: false,
        note: "scores of the original benchmark",
      }),
    },
  },
  mnli: {
    description: "MNLI: does one sentence follow from another, or contradict it?",
    source: "Williams, Nangia and Bowman 2018, arXiv 1704.05426",
    labels: ["entailment", "neutral", "contradiction"],
    metrics: ["accuracy"],
    folder: "MNLI",
    tsv: { text: "sentence1", pair: "sentence2", label: "gold_label" },
    parquet: { text: "premise", pair: "hypothesis", label: "label" },
    splits: matched,
  },
  qnli: {
    description: "QNLI: does a sentence answer a question?",
    source: "Rajpurkar et al. 2016, arXiv 1606.05250, as GLUE rewrote it",
    labels: entailment,
    metrics: ["accuracy"],
    folder: "QNLI",
    tsv: { text: "question", pair: "sentence", label: "label" },
    parquet: { text: "question", pair: "sentence", label: "label" },
  },
  rte: {
    description: "RTE: does one sentence follow from another?",
    source: "Bentivogli et al. 2009 and its predecessors, as GLUE joined them",
    labels: entailment,
    metrics: ["accuracy"],
    folder: "RTE",
    tsv: sentences,
    parquet: sentences,
  },
  wnli: {
    description: "WNLI: does a sentence follow when its pronoun is resolved?",
    source: "Levesque, Davis and Morgenstern 2012, as GLUE rewrote it",
    labels: ["not_entailment", "entailment"],
    metrics: ["accuracy"],
    folder: "WNLI",
    tsv: sentences,
    parquet: sentences,
  },
};

/** Where the rows of a split may be, best first. */
function sourcesOf(name: string, entry: Entry, split: string, files: SplitFiles): TextSource[] {
  const odd = entry.odd?.[split] ?? [];
  // CoLA's odd files have the names of the usual ones and stand for them.
  const replaced = odd.some(({ paths }) => paths.includes(`${files.tsv}.tsv`));
  const official = replaced ? [] : tsv(entry.folder, `${files.tsv}.tsv`, entry.tsv);
  const file = `${files.parquet}-00000-of-00001.parquet`;
  const hub = [`${name}/${file}`, `data/${file}`, file].map((path): TextSource => ({
    paths: [path],
    format: "parquet",
    header: true,
    ...entry.parquet,
  }));
  const subset = files.subset === undefined
    ? []
    : [`${files.subset}_subset.json`].flatMap((file) =>
      ["", `${entry.folder}/`].map((below): TextSource => ({
        paths: [below + file],
        format: "json",
        header: true,
        text: "text_a",
        ...(entry.tsv.pair === undefined ? {} : { pair: "text_b" }),
        label: "label",
        note: "a sample of the task's rows, not all of them",
      }))
    );
  return [...odd, ...official, ...hub, ...subset];
}

function taskOf(name: string, entry: Entry): TextTask {
  const splits = Object.entries(entry.splits ?? usual).map(([split, files]) =>
    [split, sourcesOf(name, entry, split, files)] as const
  );
  return {
    name,
    description: entry.description,
    source: entry.source,
    kind: entry.kind ?? "classification",
    labels: entry.labels ?? [],
    splits: Object.fromEntries(splits),
    // The hub's test files have -1 for every label.
    unlabelled: ["-1"],
    incomplete: "leave out",
    metrics: entry.metrics,
  };
}

/** The nine tasks of GLUE, by the hub's names. */
export const glueTasks: Readonly<Record<string, TextTask>> = Object.fromEntries(
  Object.entries(entries).map(([name, entry]) => [name, taskOf(name, entry)]),
);
