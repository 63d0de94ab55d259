import assert from "node:assert/strict";
import { describeRows } from "../../../models/text/describe_rows.ts";
import { glueTasks } from "../../../models/text/glue.ts";

Deno.test("describeRows() counts rows, labels and characters of each split", () => {
  const train = [{ text: "abc", pair: "de", label: 1 }, { text: "a", pair: "", label: 1 }, {
    text: "",
    pair: "",
    label: 0,
  }];
  const loaded = {
    splits: { train, test: [{ text: "a", pair: "b" }] },
    labels: ["entailment", "not_entailment"],
    files: { train: ["train.tsv"], test: ["a.parquet", "b.parquet"] },
    notes: ["a note"],
  };
  assert.deepEqual(describeRows(glueTasks.rte!, loaded), {
    task: "rte",
    kind: "classification",
    labels: loaded.labels,
    pairs: true,
    splits: [
      {
        split: "train",
        files: ["train.tsv"],
        rows: 3,
        unlabelled: 0,
        labels: [{ label: "entailment", rows: 1 }, { label: "not_entailment", rows: 2 }],
        characters: { mean: 2, max: 5 },
      },
      {
        split: "test",
        files: ["a.parquet", "b.parquet"],
        rows: 1,
        unlabelled: 1,
        labels: [{ label: "entailment", rows: 0 }, { label: "not_entailment", rows: 0 }],
        characters: { mean: 2, max: 2 },
      },
    ],
    notes: ["a note"],
  });
});
