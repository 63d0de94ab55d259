/** What `predict` refuses. */

import assert from "node:assert/strict";
import { inFolder, tinyConfig, writeTiny } from "../support.ts";
import { predict, writeBert } from "./support.ts";

/** What is refused, with its line. In both `@` stands for the folder. */
const refused: readonly (readonly [args: string, line: string])[] = [
  ["--text a", "error: required option '--model <folder>' not specified"],
  ["--model @/none --text a", "error: --model @/none: there is no such folder; give the path of an existing one"],
  ["--model @/bert", "error: predict: there is no text; give --text, or --file (- for standard input)"],
  ["--model @/bert --text a --pair b c", "error: --pair: 2 second texts for 1 of --text; give each text one"],
  [
    "--model @/bert --text a --top 0",
    "error: option '--top <count>' argument '0' is invalid. Give a whole number, 1 or more.",
  ],
  ["--model @/bert --image a.png", "error: --image: @/bert is a model of texts; give --text, --question or --file"],
  [
    "--model @/bert --question a",
    "error: --question: the model answers no questions from a context; give --text, and --pair for two",
  ],
  [
    "--model @/bert --text a --classes b,c",
    "error: --classes: @/bert has classes of its own; leave out --classes, or give a CLIP",
  ],
  [
    "--model @/bert --file @/none.txt",
    "error: --file @/none.txt: there is no such file; give the path of an existing one, or -",
  ],
  [
    "--model @/bert --file @/empty.txt",
    "error: --file @/empty.txt: there is nothing in it; give a file that has texts",
  ],
  [
    "--model @/bert --file @/other.csv",
    "error: @/other.csv: there is no column text or sentence or sentence1 or premise or question1 or question; its columns are id, body",
  ],
  ["--model @/bert --file @/null.jsonl", "error: @/null.jsonl line 2: text has no text; give it one"],
  ["--model @/bert --text a --max-length 99", "error: --max-length 99: the model takes 24 tokens at most; give fewer"],
  [
    "--model @/bert --text a --task mnist",
    "error: --task mnist: is a task of images, @/bert is a model of texts; give one that fits the other",
  ],
  [
    "--model @/bert --text a --task squad",
    "error: --model @/bert: has no trained qa_outputs.weight, qa_outputs.bias, so it has no answers; use a fine-tuned model",
  ],
  ["--model @/span --text a", "error: --text: the model answers questions; give --question and --context"],
  [
    "--model @/span --question a b --context c d e",
    "error: --context: 3 for 2 of --question; give one for all, or each question one",
  ],
  [
    "--model @/span --file @/empty.txt",
    "error: --file @/empty.txt: is read as a text a line, but questions have a context; give jsonl, json or csv with question and context, and say which with --format",
  ],
  [
    "--model @/masked --text a",
    "error: --model @/masked: config.json has the architecture BertForMaskedLM, which does not tell what it answers; say with --task what it was fine-tuned for",
  ],
  ["--model @/vit --text a", "error: --text: @/vit is a model of images; give --image"],
  ["--model @/vit", "error: predict: there is no picture; give --image"],
  [
    "--model @/vit --image @/none.png",
    "error: --image @/none.png: there is no such file; give the path of an existing one",
  ],
  ["--model @/vit --image @/span", "error: --image @/span: there are no pictures in this folder; name files"],
];

Deno.test("predict refuses what it cannot use in one line, with exit code 2", async (t) => {
  await inFolder(async (folder) => {
    await writeBert(`${folder}/bert`, "classification", { id2label: { 0: "bad", 1: "good" } });
    await writeBert(`${folder}/masked`, "classification", { architectures: ["BertForMaskedLM"] });
    await writeBert(`${folder}/span`, "span");
    const config = JSON.stringify({ ...JSON.parse(tinyConfig), architectures: ["ViTForImageClassification"] });
    await writeTiny(`${folder}/vit`, { "config.json": config });
    await Deno.writeTextFile(`${folder}/empty.txt`, "");
    await Deno.writeTextFile(`${folder}/other.csv`, "id,body\n1,a\n");
    await Deno.writeTextFile(`${folder}/null.jsonl`, `{"text": "a"}\n{"text": null}\n`);
    for (const [args, line] of refused) {
      await t.step(args, async () => {
        const { code, out, err } = await predict(...args.replaceAll("@", folder).split(" "));
        assert.deepEqual(err, [line.replaceAll("@", folder)]);
        assert.deepEqual([code, out.length], [2, 0]);
      });
    }
  });
});
