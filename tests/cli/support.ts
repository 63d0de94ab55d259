/** Running the command line in this process, and folders to run it in. */

import { Buffer } from "node:buffer";
import { writeSafetensors } from "../../engine/mod.ts";
import { initViT, viTConfig } from "../../models/mod.ts";
import { main } from "../../seven/cli/mod.ts";

/** What a command line wrote. */
export interface Outcome {
  readonly code: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

/** Runs a command line as on a pipe. */
export async function run(args: readonly string[], signal?: AbortSignal): Promise<Outcome> {
  const out: string[] = [], err: string[] = [];
  const io = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await main(args, signal ? { ...io, signal } : io);
  return { code, out, err };
}

/** Runs a test in a folder of its own, which is removed afterwards. */
export async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Content of all files below a folder, by path: a character for each byte. */
export function contents(folder: string, under = ""): Record<string, string> {
  const all: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(`${folder}/${under}`)) {
    const path = `${under}${name}`;
    if (isDirectory) Object.assign(all, contents(folder, `${path}/`));
    else all[path] = Buffer.from(Deno.readFileSync(`${folder}/${path}`)).toString("latin1");
  }
  return all;
}

/** Bytes of a file as `contents` gives it. */
export function bytesOf(content: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(content, (character) => character.charCodeAt(0));
}

/** `config.json` of a tiny ViT for the generated digits, in a layout that no serialiser would make. */
export const tinyConfig = `{ "model_type": "vit", "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
  "intermediate_size": 12,   "image_size": 16, "patch_size": 8, "num_channels": 1, "num_labels": 10, "layer_norm_eps": 1e-5 }
`;

/** Number of its prunable weights: four matrices of 8 x 8 and two of 8 x 12. */
export const tinyPrunable: number = 4 * 64 + 2 * 96;

/** `preprocessor_config.json` of the tiny ViT. */
export const tinyPreprocessor = `{"size": 16, "image_mean": [0.25], "image_std": [0.25]}`;

/** Writes the checkpoint of an untrained tiny ViT; files are replaced, or left out where they are null. */
export async function writeTiny(
  path: string,
  files: Readonly<Record<string, string | Uint8Array | null>> = {},
): Promise<void> {
  const params = await initViT(viTConfig(JSON.parse(tinyConfig), "tiny"), 1);
  await Deno.mkdir(path, { recursive: true });
  const weights = writeSafetensors(params, { format: "pt" });
  const all = {
    "config.json": tinyConfig,
    "preprocessor_config.json": tinyPreprocessor,
    "model.safetensors": weights,
    ...files,
  };
  for (const [name, content] of Object.entries(all)) {
    if (content === null) continue;
    await Deno.writeFile(`${path}/${name}`, typeof content === "string" ? new TextEncoder().encode(content) : content);
  }
}

/** Prunes the tiny ViT for some steps; gives the folder of the run. */
export async function pruneTiny(
  folder: string,
  { name, steps, batch }: { readonly name: string; readonly steps: number; readonly batch: number },
  ...args: readonly string[]
): Promise<string> {
  await writeTiny(`${folder}/tiny`);
  const model = ["--model", `${folder}/tiny`, "--task", "digits", "--device", "cpu", "--quiet"];
  const length = ["--steps", `${steps}`, "--prune-steps", "2", "--batch", `${batch}`];
  const { code, err } = await run([...model, ...length, ...args, "--out", `${folder}/${name}`]);
  if (code !== 0) throw new Error(err.join("\n"));
  return `${folder}/${name}`;
}

/** An IDX file of bytes. */
export function idx(shape: readonly number[], data: Uint8Array): Uint8Array {
  const file = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0x0800 + shape.length);
  shape.forEach((size, axis) => view.setUint32(4 + 4 * axis, size));
  file.set(data, 4 + 4 * shape.length);
  return file;
}

/** Writes an MNIST folder of two images per split; files are replaced, or left out where they are null. */
export async function writeMnist(path: string, files: Readonly<Record<string, Uint8Array | null>> = {}): Promise<void> {
  await Deno.mkdir(path, { recursive: true });
  const all: Record<string, Uint8Array | null> = {
    "train-images-idx3-ubyte": idx([2, 16, 16], new Uint8Array(512)),
    "train-labels-idx1-ubyte": idx([2], Uint8Array.of(1, 2)),
    "t10k-images-idx3-ubyte": idx([2, 16, 16], new Uint8Array(512)),
    "t10k-labels-idx1-ubyte": idx([2], Uint8Array.of(3, 4)),
    ...files,
  };
  for (const [name, content] of Object.entries(all)) if (content) await Deno.writeFile(`${path}/${name}`, content);
}
