/** Runs that end before their end: what is compared of them, and what must be whole at any moment. */

import assert from "node:assert/strict";
import { parseSafetensors } from "../../engine/mod.ts";
import { bytesOf, idx, writeMnist, writeTiny } from "./support.ts";

/**
 * A run of a tiny ViT that keeps a state after every third step, trained before, validated and watched on the way.
 *
 * @param folder Where the model lies, in `tiny`.
 * @param methods Of one or more methods.
 */
export function tinyRun(folder: string, methods: string = "seven-pre,platon"): string[] {
  const model = ["--model", `${folder}/tiny`, "--task", "digits", "--train-steps", "8", "--batch", "4"];
  const pruning = ["--sparsity", "0.6", "--method", methods, "--steps", "24", "--prune-steps", "20"];
  const looks = ["--validate-every", "8", "--hold-out", "50", "--save-every", "3", "--log-every", "2"];
  const rest = ["--sentinels", "12", "--prune-every", "2", "--gradient-accumulation", "2", "--device", "cpu"];
  return [...model, ...pruning, ...looks, ...rest];
}

/**
 * A run that keeps little while it goes on, so that a disk fills up at what is written at its end too. Its images are
 * few, so that it takes no time.
 *
 * @param folder Where model and data lie, in `tiny` and `few`.
 * @param method Its method.
 */
export function smallRun(folder: string, method: string = "magnitude"): string[] {
  const data = ["--task", "mnist", "--data", `${folder}/few`, "--train-steps", "4", "--batch", "4"];
  const pruning = ["--sparsity", "0.6", "--method", method, "--steps", "8", "--prune-steps", "4", "--optimizer", "sgd"];
  const looks = ["--validate-every", "4", "--hold-out", "8", "--save-every", "2", "--log-every", "2"];
  return ["--model", `${folder}/tiny`, ...data, ...pruning, ...looks, "--sentinels", "4", "--device", "cpu"];
}

/** Writes the model and the data of such a run. */
export async function writeSmall(folder: string): Promise<void> {
  await writeTiny(`${folder}/tiny`);
  const images = (count: number): Uint8Array =>
    idx([count, 16, 16], Uint8Array.from({ length: 256 * count }, (_, i) => 37 * i * i % 251));
  const labels = (count: number): Uint8Array => idx([count], Uint8Array.from({ length: count }, (_, i) => i % 10));
  await writeMnist(`${folder}/few`, {
    "train-images-idx3-ubyte": images(40),
    "train-labels-idx1-ubyte": labels(40),
    "t10k-images-idx3-ubyte": images(10),
    "t10k-labels-idx1-ubyte": labels(10),
  });
}

/** Files of finished runs, by path: they must not depend on breaks, but for times, and for steps that only a break logs. */
export function assertSame(other: Readonly<Record<string, string>>, one: Readonly<Record<string, string>>): void {
  assert.deepEqual(Object.keys(other).sort(), Object.keys(one).sort());
  for (const [path, content] of Object.entries(one)) {
    assert.deepEqual(comparable(path, other[path]!), comparable(path, content), path);
  }
}

function comparable(path: string, content: string): unknown {
  if (/(report\.html|timing\.json|recipe\.json)$/.test(path)) return ""; // times; the folder
  if (path.endsWith("events.jsonl")) return eventsOf(content).filter(({ step }) => step % 2 === 0);
  if (!path.endsWith("run.json")) return content;
  const { seconds: _, dispatches: _d, options: _o, ...record } = JSON.parse(content);
  return record;
}

/** Lines of a log; the last may have been cut off. */
function eventsOf(text: string): { readonly step: number }[] {
  const lines = text.split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line));
}

/** Every file that has its final name is whole, whatever stopped the run that they are of. */
export function assertWhole(files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    if (path.endsWith(".partial")) continue;
    try {
      if (path.endsWith(".safetensors")) parseSafetensors(bytesOf(content), path);
      else if (path.endsWith(".json")) JSON.parse(content);
      else if (path.endsWith(".jsonl")) eventsOf(content);
      else if (path.endsWith(".html")) assert.match(content, /^<!doctype html>[^]*<\/html>\s*$/i);
      else assert.ok(content.length > 0, "is empty");
    } catch (error) {
      throw new Error(`${path} is not whole: ${(error as Error).message}`, { cause: error });
    }
  }
}

/**
 * What nothing that comes later may change: files of the methods that are finished, and of the dense model once it was
 * judged. Pages are written anew.
 */
export function finishedFiles(files: Readonly<Record<string, string>>): Record<string, string> {
  const folders = Object.keys(files).flatMap((path) => {
    if (path.endsWith("dense.json")) return [path, path.replace(".json", "/")];
    return /(^|\/)run\.json$/.test(path) ? [path.slice(0, -8)] : [];
  });
  const isKept = (path: string): boolean => !/(report\.html|\.partial|(checkpoint|best)\.safetensors)$/.test(path);
  return Object.fromEntries(
    Object.entries(files).filter(([path]) => isKept(path) && folders.some((folder) => path.startsWith(folder))),
  );
}

/** Steps after which the states were kept that a run would go on from, by their files. */
export function savedSteps(files: Readonly<Record<string, string>>): Record<string, number> {
  const states = Object.entries(files).filter(([path]) => path.endsWith("checkpoint.safetensors"));
  return Object.fromEntries(
    states.map(([path, content]) => [path, Number(parseSafetensors(bytesOf(content), path).metadata.step)]),
  );
}
