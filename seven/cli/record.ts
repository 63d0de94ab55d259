/**
 * What a run leaves on disk: the pruned model in the layout of Hugging Face, and the record of the run.
 *
 * @module
 */
import { type HostTensor, parseSafetensors, safetensorsChunks } from "../../engine/mod.ts";
import type { RunResult } from "../run.ts";
import type { StepEvent } from "../reports.ts";
import type { Metrics } from "./judge.ts";
import type { Model } from "./model.ts";
import type { PruneOptions } from "./options.ts";
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
  /** All metrics on all evaluation splits, before and after. */
  readonly metrics: { readonly dense: Metrics; readonly pruned: Metrics };
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
  readonly record: Omit<RunRecord, "schema" | "versions">;
  readonly events: readonly StepEvent[];
  /** Parameters, pruned weights 0. */
  readonly params: Readonly<Record<string, HostTensor>>;
  /** Packed masks of the prunable weights. */
  readonly masks: Readonly<Record<string, HostTensor>>;
}

/** Version of this package. */
export const version: string = project.version;

/**
 * Writes the files of a run into an empty folder and checks what was written.
 *
 * @param path The folder.
 * @param model The model that was pruned: its files are copied byte by byte.
 * @param run What came out.
 * @throws {Error} when a pruned weight is not 0 in the file, or their number is not that of the record.
 */
export function writeRun(path: string, model: Model, run: FinishedRun): void {
  for (const [name, bytes] of Object.entries(model.files)) Deno.writeFileSync(`${path}/${name}`, bytes);
  const weights = `${path}/model.safetensors`;
  using file = Deno.openSync(weights, { write: true, createNew: true });
  for (const chunk of safetensorsChunks(run.params, model.metadata, weights)) writeAll(file, chunk);
  file.syncDataSync();
  verify(weights, run);
  const record: RunRecord = { schema: 1, ...run.record, versions: { seven: version, ...Deno.version } };
  Deno.writeTextFileSync(`${path}/run.json`, `${JSON.stringify(record, null, 2)}\n`);
  const lines = run.events.map((event) => `${JSON.stringify(event)}\n`);
  Deno.writeTextFileSync(`${path}/events.jsonl`, lines.join(""));
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
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
