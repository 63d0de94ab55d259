/** What `predict` answers to texts: that of the model's own functions. */

import assert from "node:assert/strict";
import { predictCommand } from "../../../seven/cli/predict.ts";
import { inFolder } from "../support.ts";
import { close, outputsOf, predict, softmax, writeBert } from "./support.ts";

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
    const out: string[] = [];
    const io = { out: (line: string) => void out.push(line), err: () => {} };
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
    assert.deepEqual(JSON.parse(out.join("\n")), lines);
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
