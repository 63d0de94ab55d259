/**
 * What a run leaves on disk: the pruned model in the layout of Hugging Face, and the record of the run.
 *
 * @module
 */
import { type HostTensor, parseSafetensors, safetensorsChunks } from "../../engine/mod.ts";
import type { RunResult } from "../run.ts";
import type { Metrics } from "./judge.ts";
import type { Model } from "./model.ts";
import type { PruneOptions } from "./options.ts";
import type { ValidationPoint } from "./validation.ts";
import { jsonText, readJson, writeFile } from "./write.ts";
import project from "../../deno.json" with { type: "json" };

/** What came out. Shares are from 0 to 1. */
export interface Result {
  /** Name of the metric. */
  readonly metric: string;
  /** The metric before pruning, on the whole of the first evaluation split. */
  readonly dense: number;
  /** The metric after pruning and fine-tuning, on the same rows. */
  readonly pruned: number;
  /** Share of the prunable weights that are pruned: `1 - kept / prunable`. */
  readonly sparsity: number;
  /** Number of prunable weights, N. */
  readonly prunable: number;
  /** Number of weights kept: N - round(s N), unless the method has a rule of its own. */
  readonly kept: number;
  /** Names of prunable weights of which no element is kept, where there are any. */
  readonly collapsed?: readonly string[];
  /** All metrics on all evaluation splits, before and after. */
  readonly metrics: { readonly dense: Metrics; readonly pruned: Metrics };
  /** The best state by validation, of runs that look: parameters in the folder `best`. */
  readonly best?: BestResult;
}

/** The state of a run that was best on held-out training rows, after pruning was done. */
export interface BestResult extends ValidationPoint {
  /** The metric that results are compared by, on the same rows as the others. */
  readonly pruned: number;
  /** All metrics on all evaluation splits. */
  readonly metrics: Metrics;
}

/** `run.json`. */
export interface RunRecord {
  /** Number of this layout. */
  readonly schema: 1;
  /** Name of the method. */
  readonly method: string;
  /** Seed of everything random. */
  readonly seed: number;
  /** Which device ran. */
  readonly device: "cpu" | "webgpu";
  /** The device in words, and why it was taken. */
  readonly deviceDescription: string;
  /** What came out. */
  readonly result: Result;
  /** Training steps that were done: fewer than asked for where validation ended the run. */
  readonly steps: number;
  /** Everything that was asked for, defaults filled in; `method` is that of this run alone. */
  readonly options: PruneOptions;
  /** Wall time in seconds: of pruning and fine-tuning, compilation included, and of the last evaluation. */
  readonly seconds: { readonly pruning: number; readonly evaluation: number };
  /** Kernel launches of one step of each kind that the run had. */
  readonly dispatches: RunResult["dispatches"];
  /** What ran. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A finished run. */
export interface FinishedRun {
  readonly record: RunRecord;
  /** Parameters, pruned weights 0. */
  readonly params: Readonly<Record<string, HostTensor>>;
  /** Packed masks of the prunable weights. */
  readonly masks: Readonly<Record<string, HostTensor>>;
}

/** Version of this package. */
export const version: string = project.version;

/** What runs: this package, and what it runs on. */
export function versions(): Readonly<Record<string, string>> {
  return { seven: version, ...Deno.version };
}

/** Name of the file that is there when a run is finished. */
export const recordFile = "run.json";

/**
 * Writes the files of a finished run into its folder and checks what was written. The record comes last: a folder with
 * one is complete.
 *
 * @param path The folder.
 * @param model The model that was pruned: its files are copied byte by byte.
 * @param run What came out.
 * @throws {WriteError} when a file cannot be written, {@linkcode Error} when a pruned weight is not 0 in the file, or
 * their number is not that of the record.
 */
export function writeRun(path: string, model: Model, run: FinishedRun): void {
  writeModel(path, model, run.params);
  const masks = `${path}/masks.safetensors`;
  writeFile(masks, safetensorsChunks(run.masks, maskMetadata, masks));
  verify(`${path}/model.safetensors`, run);
  writeFile(`${path}/${recordFile}`, jsonText(run.record));
}

/** What the words of a mask mean. */
const maskMetadata = { format: "seven-masks", layout: "bit i of the flattened weight is bit i % 32 of word i / 32" };

/** Writes a model in the layout of Hugging Face. */
export function writeModel(path: string, model: Model, params: Readonly<Record<string, HostTensor>>): void {
  for (const [name, bytes] of Object.entries(model.files)) writeFile(`${path}/${name}`, bytes);
  const weights = `${path}/model.safetensors`;
  writeFile(weights, safetensorsChunks(params, model.metadata, weights));
}

/** The record of a finished run, or nothing where there is none yet. */
export function readRecord(path: string): RunRecord | undefined {
  return readJson<RunRecord>(`${path}/${recordFile}`);
}

/** Reads the file again: the promise is about what is on disk. */
function verify(path: string, { masks, record: { result } }: FinishedRun): void {
  const { tensors } = parseSafetensors(Deno.readFileSync(path), path);
  let pruned = 0;
  for (const [name, { data: words }] of Object.entries(masks)) {
    tensors[name]!.data.forEach((value, i) => {
      if ((words[i >>> 5]! >>> (i & 31)) & 1) return;
      pruned++;
      if (value !== 0) throw new Error(`${path}: ${name} has ${value} at ${i}, which is pruned; please report this`);
    });
  }
  const expected = result.prunable - result.kept;
  if (pruned !== expected) {
    throw new Error(`${path}: ${pruned} weights are pruned, not ${expected}; please report this`);
  }
}
