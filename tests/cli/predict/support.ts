/** The command `predict` in tests, and a tiny BERT that it asks. */

import assert from "node:assert/strict";
import { literal, openDevice, writeSafetensors } from "../../../engine/mod.ts";
import { bertClassifier, bertEncoder, bertSpans } from "../../../models/bert/bert.ts";
import { bertConfig, bertConfigJson } from "../../../models/bert/config.ts";
import { initBert } from "../../../models/bert/init.ts";
import { loadTokenizer } from "../../../models/mod.ts";
import { diskFolder } from "../../models/real_data.ts";
import { type Outcome, run } from "../support.ts";

/** Runs the command. */
export async function predict(...args: string[]): Promise<Outcome> {
  return await run(["predict", "--device", "cpu", ...args]);
}

/** The vocabulary of the tiny BERT. */
export const words: readonly string[] =
  "[PAD] [UNK] [CLS] [SEP] a joy from start to end . two hours who wrote it ? was written by ada".split(
    " ",
  );

/** What the tiny BERT may end with. */
export type BertHead = "classification" | "regression" | "span";

/** A tiny BERT with a vocabulary of its own, weights large enough that texts differ. */
export async function writeBert(
  path: string,
  head: BertHead,
  json: Readonly<Record<string, unknown>> = {},
): Promise<void> {
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
export async function outputsOf(path: string, head: BertHead, text: string, pair?: string): Promise<number[][]> {
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

/** Probabilities of logits. */
export function softmax(logits: readonly number[]): number[] {
  const powers = logits.map((x) => Math.exp(x));
  return powers.map((x) => x / powers.reduce((a, b) => a + b));
}

/** Asserts that two numbers are the same to 1e-5. */
export const close = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-5, `${a} is not ${b}`);
