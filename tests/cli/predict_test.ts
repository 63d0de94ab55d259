/** The command `predict`: answers are those of the model's own functions, and wrong input gets one line. */

import assert from "node:assert/strict";
import { Command, CommanderError } from "commander";
import { type HostTensor, literal, openDevice, writeSafetensors } from "../../engine/mod.ts";
import { bertClassifier, bertEncoder, bertSpans } from "../../models/bert/bert.ts";
import { bertConfig, bertConfigJson } from "../../models/bert/config.ts";
import { initBert } from "../../models/bert/init.ts";
import { loadTokenizer, networkOf, smallClip, taskNamed } from "../../models/mod.ts";
import { exitCodeOf, lineOf } from "../../seven/cli/errors.ts";
import type { Io } from "../../seven/cli/io.ts";
import { addPredictCommand, predictCommand } from "../../seven/cli/predict.ts";
import { diskFolder } from "../models/real_data.ts";
import { pngFile } from "../models/image/png_file.ts";
import { inFolder, type Outcome, tinyConfig, writeTiny } from "./support.ts";

function recorder(): Io & { readonly lines: { out: string[]; err: string[] } } {
  const lines = { out: [] as string[], err: [] as string[] };
  return { lines, out: (line) => lines.out.push(line), err: (line) => lines.err.push(line) };
}

/** Runs the command as `main` does. */
async function predict(...args: string[]): Promise<Outcome> {
  const io = recorder();
  const root = new Command("seven").exitOverride().configureOutput({
    writeErr: (text) => io.err(text.trim()),
    outputError: (text, write) => write(text.trim().replace(/\s+/g, " ")),
  });
  addPredictCommand(root, io);
  let code = 0;
  try {
    await root.parseAsync(["predict", "--device", "cpu", ...args], { from: "user" });
  } catch (error) {
    code = error instanceof CommanderError ? 2 : exitCodeOf(error);
    if (!(error instanceof CommanderError)) io.err(`error: ${lineOf(error)}`);
  }
  return { code, ...io.lines };
}

const words = "[PAD] [UNK] [CLS] [SEP] a joy from start to end . two hours who wrote it ? was written by ada".split(
  " ",
);

type BertHead = "classification" | "regression" | "span";

/** A tiny BERT with a vocabulary of its own, weights large enough that texts differ. */
async function writeBert(path: string, head: BertHead, json: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const given = {
    model_type: "bert",
    hidden_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 12,
    vocab_size: words.length,
    max_position_embeddings: 24,
    initializer_range: 1,
    ...json,
  };
  const config = bertConfig(given, path);
  await Deno.mkdir(path, { recursive: true });
  const written = { ...bertConfigJson(config, head, given), ...json };
  await Deno.writeTextFile(`${path}/config.json`, JSON.stringify(written));
  await Deno.writeFile(
    `${path}/model.safetensors`,
    writeSafetensors(await initBert(config, head, 3), { format: "pt" }),
  );
  await Deno.writeTextFile(`${path}/vocab.txt`, words.join("\n"));
}

/** Outputs of the tiny BERT by the model's own functions, one text at a time. */
async function outputsOf(path: string, head: BertHead, text: string, pair?: string): Promise<number[][]> {
  const json = JSON.parse(await Deno.readTextFile(`${path}/config.json`));
  const config = bertConfig(json, path);
  const params = await initBert(config, head, 3);
  const { ids, typeIds } = (await loadTokenizer(diskFolder(path))).encode(text, pair);
  const row = (values: ArrayLike<number>) => literal(Uint32Array.from(values), [1, ids.length]);
  using device = await openDevice("cpu");
  const read = await device.read(() => {
    const own = Object.fromEntries(
      Object.entries(params).map(([name, { data, shape }]) => [name, literal(data as Float32Array, shape)]),
    );
    const mask = row(new Uint32Array(ids.length).fill(1));
    const hidden = bertEncoder(own, config, { ids: row(ids), typeIds: row(typeIds), mask });
    if (head !== "span") return [bertClassifier(own, config, hidden)];
    const { start, end } = bertSpans(own, config, hidden, mask);
    return [start, end];
  }) as unknown as { readonly data: ArrayLike<number> }[];
  return read.map(({ data }) => Array.from(data));
}

function softmax(logits: readonly number[]): number[] {
  const powers = logits.map((x) => Math.exp(x));
  return powers.map((x) => x / powers.reduce((a, b) => a + b));
}

const close = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-5, `${a} is not ${b}`);

Deno.test("predict tells classes by config.json's names, the likeliest first, one line a text", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/bert`;
    await writeBert(path, "classification", { id2label: { 0: "bad", 1: "good", 2: "so so" } });
    const texts = ["a joy from start to end.", "two hours", "who?"];
    const expected = await Promise.all(
      texts.map(async (text) => softmax((await outputsOf(path, "classification", text))[0]!)),
    );
    const { code, out, err } = await predict("--model", path, "--text", ...texts, "--top", "9", "--json", "--quiet");
    assert.deepEqual([code, err], [0, []]);
    const rows = JSON.parse(out.join("\n")) as { text: string; classes: { label: string; probability: number }[] }[];
    assert.deepEqual(rows.map(({ text }) => text), texts);
    rows.forEach(({ classes }, row) => {
      assert.deepEqual(classes.map(({ label }) => label).sort(), ["bad", "good", "so so"]);
      classes.forEach(({ label, probability }, i) => {
        close(probability, expected[row]![["bad", "good", "so so"].indexOf(label)]!);
        assert.ok(i === 0 || probability <= classes[i - 1]!.probability);
      });
    });
    assert.ok(new Set(rows.map(({ classes }) => classes[0]!.probability)).size === 3, "texts differ");
    const lines = await predict("--model", path, "--text", "two\thours", "--quiet");
    assert.deepEqual(lines.out, [
      `${rows[1]!.classes[0]!.probability.toFixed(3)} ${rows[1]!.classes[0]!.label}\ttwo hours`,
    ]);
  });
});

Deno.test("predict names classes by the task where the checkpoint has numbers only", async () => {
  await inFolder(async (folder) => {
    await writeBert(`${folder}/bert`, "classification", { id2label: { 0: "LABEL_0", 1: "LABEL_1" } });
    const labels = async (...more: string[]) => {
      const { out, err } = await predict(
        "--model",
        `${folder}/bert`,
        "--text",
        "two",
        "--top",
        "2",
        "--json",
        "--quiet",
        ...more,
      );
      assert.deepEqual(err, []);
      return JSON.parse(out.join("\n"))[0].classes.map(({ label }: { label: string }) => label).sort();
    };
    assert.deepEqual(await labels(), ["LABEL_0", "LABEL_1"]);
    assert.deepEqual(await labels("--task", "sst2"), ["negative", "positive"]);
    const mine = {
      name: "mine",
      kind: "classification",
      files: { train: "a.csv", validation: "b.csv" },
      text: 0,
      label: 1,
    };
    await Deno.writeTextFile(`${folder}/mine.json`, JSON.stringify({ ...mine, labels: ["ham", "spam"] }));
    assert.deepEqual(await labels("--task", `${folder}/mine.json`), ["ham", "spam"]);
  });
});

Deno.test("predict gives each class its own probability where several may be right", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/bert`;
    const json = { id2label: { 0: "x", 1: "y" }, problem_type: "multi_label_classification" };
    await writeBert(path, "classification", json);
    const [logits] = await outputsOf(path, "classification", "a joy");
    const { out } = await predict("--model", path, "--text", "a joy", "--top", "2", "--json", "--quiet");
    const classes = JSON.parse(out.join("\n"))[0].classes as { label: string; probability: number }[];
    for (const { label, probability } of classes) {
      close(probability, 1 / (1 + Math.exp(-logits![label === "x" ? 0 : 1]!)));
    }
  });
});

Deno.test("predict gives numbers for a regression, of two texts", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/bert`;
    await writeBert(path, "regression", { num_labels: 1 });
    const [[value]] = await outputsOf(path, "regression", "a joy", "two hours") as [[number]];
    const { out } = await predict("--model", path, "--text", "a joy", "--pair", "two hours", "--quiet");
    assert.equal(out.length, 1);
    const [said, ...about] = out[0]!.split("\t");
    assert.deepEqual(about, ["a joy", "two hours"]);
    close(Math.round(1e4 * value) / 1e4, Number(said));
  });
});

Deno.test("predict answers questions by the best span of the context, also over several windows", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/bert`;
    await writeBert(path, "span");
    const question = "who wrote it?", context = "It was written by Ada.";
    const [starts, ends] = await outputsOf(path, "span", question, context) as [number[], number[]];
    const tokens = ["it", "was", "written", "by", "ada", "."], offset = 2 + 4;
    const places = [0, ...tokens.map((_, i) => offset + i)];
    const total = Math.log(places.reduce((sum, i) => sum + Math.exp(starts[i]!), 0)) +
      Math.log(places.reduce((sum, i) => sum + Math.exp(ends[i]!), 0));
    const spans = tokens.flatMap((_, i) =>
      tokens.slice(i).map((_, j) => ({
        score: starts[offset + i]! + ends[offset + i + j]!,
        words: tokens.slice(i, i + j + 1),
      }))
    ).sort((a, b) => b.score - a.score);
    const args = ["--model", path, "--question", question, "--context", context, "--quiet"];
    const [row] = JSON.parse((await predict(...args, "--json")).out.join("\n"));
    assert.deepEqual([row.question, row.context], [question, context]);
    assert.equal(row.answer.toLowerCase().replace(/ ?\./, " .").trim(), spans[0]!.words.join(" ").trim());
    assert.equal(context.slice(row.start, row.start + row.answer.length), row.answer);
    close(row.probability, Math.exp(spans[0]!.score - total));
    assert.deepEqual((await predict(...args)).out, [`${row.probability.toFixed(3)} ${row.answer}\t${question}`]);
    const long = "it was written by ada . ".repeat(20).trim();
    const { out } = await predict(
      "--model",
      path,
      "--question",
      question,
      "two?",
      "--context",
      long,
      "--quiet",
      "--json",
    );
    for (const { answer, probability, start } of JSON.parse(out.join("\n"))) {
      assert.ok(answer !== "" && long.slice(start).startsWith(answer));
      assert.ok(probability > 0 && probability < 1);
    }
  });
});

Deno.test("predict reads files of texts: lines, tables, standard input", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/bert`;
    await writeBert(path, "classification", { id2label: { 0: "bad", 1: "good" } });
    const texts = ["a joy", "", "two hours"];
    await Deno.writeTextFile(`${folder}/rows.txt`, "a joy\r\n\ntwo hours\n");
    await Deno.writeTextFile(
      `${folder}/rows.jsonl`,
      texts.map((text) => `${JSON.stringify({ id: 1, text })}\n`).join(""),
    );
    await Deno.writeTextFile(`${folder}/rows.csv`, `sentence1,sentence2\n"a joy",who\n"","it, was"\ntwo hours,.\n`);
    const read = async (file: string) => {
      const { code, out, err } = await predict("--model", path, "--file", `${folder}/${file}`, "--quiet", "--json");
      assert.deepEqual([code, err], [0, []]);
      return JSON.parse(out.join("\n")) as { text: string; pair?: string; classes: unknown }[];
    };
    const lines = await read("rows.txt");
    assert.deepEqual(lines.map(({ text }) => text), texts);
    assert.deepEqual(await read("rows.jsonl"), lines);
    const pairs = await read("rows.csv");
    assert.deepEqual(pairs.map(({ text, pair }) => [text, pair]), [["a joy", "who"], ["", "it, was"], [
      "two hours",
      ".",
    ]]);
    const io = recorder();
    const stdin = new Blob(["a joy\n\ntwo hours"]).stream();
    const usual = {
      top: 1,
      zeroShot: false,
      skipBroken: false,
      device: "cpu",
      evalBatch: 2,
      json: true,
      quiet: true,
    } as const;
    await predictCommand({ model: path, file: "-", ...usual }, io, stdin);
    assert.deepEqual(JSON.parse(io.lines.out.join("\n")), lines);
  });
});

Deno.test("predict says when texts are cut", async () => {
  await inFolder(async (folder) => {
    await writeBert(`${folder}/bert`, "classification", { id2label: { 0: "bad", 1: "good" } });
    const { err } = await predict(
      "--model",
      `${folder}/bert`,
      "--max-length",
      "5",
      "--text",
      "a joy to",
      "a joy to end",
      "a",
    );
    assert.equal(err.filter((line) => /^1 of 3 texts are longer than 5 tokens/.test(line)).length, 1);
  });
});

/** A 16 x 16 picture, as the tiny ViT takes them. */
async function writePicture(path: string, grey: number): Promise<void> {
  const sample = (y: number, x: number) => (grey * (16 * y + x + 1)) % 256;
  await Deno.writeFile(path, await pngFile({ width: 16, height: 16, colour: 0, depth: 8, sample }));
}

Deno.test("predict looks at pictures, of several folders, and names one that is broken", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/vit`);
    await Deno.writeTextFile(
      `${folder}/vit/config.json`,
      JSON.stringify({ ...JSON.parse(tinyConfig), architectures: ["ViTForImageClassification"] }),
    );
    await Deno.mkdir(`${folder}/more`);
    const paths = ["a.png", "more/b.png", "more/c.png"].map((name) => `${folder}/${name}`);
    for (const [i, path] of paths.entries()) await writePicture(path, 7 * i + 3);
    await Deno.writeTextFile(`${folder}/more/notes.txt`, "no picture");
    const args = ["--model", `${folder}/vit`, "--quiet", "--top", "10", "--json"];
    const all = JSON.parse((await predict(...args, "--image", paths[0]!, `${folder}/more/`)).out.join("\n"));
    assert.deepEqual(all.map(({ image }: { image: string }) => image), paths);
    assert.deepEqual(
      all[0].classes.map(({ label }: { label: string }) => label).sort(),
      all[1].classes.map((
        { label }: { label: string },
      ) => label).sort(),
    );
    assert.notDeepEqual(all[0].classes, all[1].classes);
    const alone = JSON.parse((await predict(...args, "--image", paths[1]!)).out.join("\n"));
    alone[0].classes.forEach(({ label, probability }: { label: string; probability: number }, i: number) => {
      assert.equal(label, all[1].classes[i].label);
      close(probability, all[1].classes[i].probability);
    });
    await Deno.writeFile(paths[1]!, (await Deno.readFile(paths[1]!)).slice(0, 50));
    const broken = await predict("--model", `${folder}/vit`, "--quiet", "--image", ...paths);
    assert.deepEqual([broken.code, broken.out], [2, []]);
    assert.ok(broken.err[0]!.startsWith(`error: ${paths[1]}: `), broken.err[0]);
    const rest = await predict("--model", `${folder}/vit`, "--skip-broken", "--image", ...paths);
    assert.deepEqual([rest.code, rest.out.length], [0, 2]);
    assert.ok(rest.err.at(-1)!.startsWith(`${paths[1]}: `));
    const told = JSON.parse((await predict(...args, "--skip-broken", "--image", ...paths)).out.join("\n"));
    assert.ok(told[1].error.startsWith(`${paths[1]}: `));
  });
});

Deno.test("predict has a CLIP tell classes by their names", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/clip`;
    const raw = await taskNamed("digit-captions").load();
    const { config, preprocessor } = smallClip(raw.images!, raw.labels.length);
    const request = { head: "contrastive", labels: raw.labels, seed: 5, prompts: raw.prompts! } as const;
    const network = await networkOf({ name: "clip", config, params: {} }, request);
    await writeTiny(path, {
      "config.json": JSON.stringify(config),
      "preprocessor_config.json": JSON.stringify(preprocessor),
      "model.safetensors": writeSafetensors(network.params, { format: "pt" }),
      "vocab.txt": words.join("\n"),
    });
    const picture = `${folder}/a.png`;
    await writePicture(picture, 5);
    const [mean, std] = ["image_mean", "image_std"].map((key) => Number([preprocessor[key]].flat()[0]));
    using device = await openDevice("cpu");
    const { data } = await device.read(() => {
      const tensor = ({ data, shape }: HostTensor) => literal(data as Float32Array, shape);
      const params = Object.fromEntries(Object.entries(network.params).map(([name, one]) => [name, tensor(one)]));
      const pixels = Float32Array.from({ length: 256 }, (_, i) => ((5 * (i + 1)) % 256 / 255 - mean!) / std!);
      return network.outputs(params, { images: literal(pixels, [1, 1, 16, 16]) }).logits!;
    }) as unknown as HostTensor;
    const expected = softmax([...data]);
    const args = ["--model", path, "--image", picture, "--top", "10", "--json", "--quiet"];
    const [{ classes }] = JSON.parse((await predict(...args, "--task", "digit-captions")).out.join("\n"));
    assert.equal(classes.length, 10);
    for (const { label, probability } of classes) close(probability, expected[raw.labels.indexOf(label)]!);
    const [own] = JSON.parse((await predict(...args, "--classes", "joy,end")).out.join("\n"));
    assert.deepEqual(own.classes.map(({ label }: { label: string }) => label).sort(), ["end", "joy"]);
    close(own.classes[0].probability + own.classes[1].probability, 1);
    const nameless = await predict(...args);
    assert.deepEqual([nameless.code, nameless.err], [2, [
      `error: --model ${path}: tells classes by their names; give them, such as --classes cat,dog`,
    ]]);
    const long = await predict(...args, "--classes", `joy,${"end ".repeat(30)}`);
    assert.equal(long.code, 2);
    assert.match(
      long.err[0]!,
      /^error: --classes: the longest name makes \d+ tokens, the model takes \d+; shorten it$/,
    );
  });
});

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
