/**
 * From the files of a run folder to what a report is made of.
 *
 * @module
 */
import {
  byteSource,
  type HostTensor,
  openSafetensors,
  parseSafetensors,
  type SafetensorsFile,
  sizeOf,
} from "../../../engine/mod.ts";
import { methodNamed, methods } from "../../methods.ts";
import { namePredicate } from "../../names.ts";
import type { StepEvent } from "../../reports.ts";
import type { SentinelHistogram } from "../../sentinel_histogram.ts";
import { UsageError } from "../errors.ts";
import type { PruneOptions } from "../options.ts";
import type { RunRecord } from "../record.ts";
import type { LoggedEvent } from "../store.ts";
import type { ValidationPoint } from "../validation.ts";
import { commandLine } from "./command_line.ts";
import type { HistogramData, ReportData, TensorDensity } from "./data.ts";
import { placeOf } from "./layers.ts";

/** The files of a run folder, and what else is known of the run. */
export interface RunFiles extends Pick<ReportData, "model" | "runs" | "histogram" | "timing" | "sizes"> {
  /** What the folder is called, for errors. */
  readonly label: string;
  /** `run.json`, parsed. */
  readonly record: unknown;
  /** `events.jsonl`, or its lines parsed. */
  readonly events: string | readonly LoggedEvent[];
  /** `model.safetensors`: its bytes, the open file, or its tensors. */
  readonly weights: Uint8Array | SafetensorsFile | Readonly<Record<string, HostTensor>>;
  /** `masks.safetensors`, or its packed masks; without it the weights that are 0 count as pruned. */
  readonly masks?: Uint8Array | Readonly<Record<string, HostTensor>>;
  /** Which tensors were prunable; by default matrices that `placeOf` knows and the pooler, less what was excluded. */
  readonly prunable?: (name: string) => boolean;
}

/**
 * Reads what a report is made of.
 *
 * @throws {UsageError} when a file is not what it should be; {@linkcode SafetensorsError} when the weights are not.
 */
export async function reportData(files: RunFiles): Promise<ReportData> {
  const { label, model, runs, histogram, timing, sizes } = files;
  const record = recordOf(files.record, `${label}/run.json`);
  const events = typeof files.events === "string" ? eventsOf(files.events, `${label}/events.jsonl`) : files.events;
  const validation = events.filter((event) => "validation" in event);
  const weights = await opened(files.weights, `${label}/model.safetensors`);
  const masks = files.masks instanceof Uint8Array
    ? parseSafetensors(files.masks, `${label}/masks.safetensors`).tensors
    : files.masks;
  const window = windowOf(record);
  return {
    record,
    events: events.filter((event) => "loss" in event),
    densities: await densitiesOf(weights, files.prunable ?? prunableOf(record.options, weights.names), masks),
    command: commandLine(record.options),
    ...(window ? { window } : {}),
    ...(model === undefined ? {} : { model }),
    ...(validation.length > 0 ? { validation } : {}),
    ...(runs ? { runs } : {}),
    ...(histogram ? { histogram } : {}),
    ...(timing ? { timing } : {}),
    ...(sizes ? { sizes } : {}),
  };
}

/** A histogram as JSON can hold it. */
export function histogramData({ kept, pruned, edges }: SentinelHistogram, threshold?: number): HistogramData {
  return {
    kept: Array.from(kept.data),
    pruned: Array.from(pruned.data),
    edges,
    ...(threshold === undefined ? {} : { threshold }),
  };
}

/** Checks that a parsed file is the record of a run. @throws {UsageError} when it is not. */
export function recordOf(json: unknown, label: string): RunRecord {
  const record = json as Partial<RunRecord> | null | undefined;
  if (record?.schema !== 1) {
    throw new UsageError(
      `${label}: schema ${
        JSON.stringify(record?.schema)
      } is not 1, that of run records; name a folder that --out wrote`,
    );
  }
  const { method, options, result } = record;
  const numbers = [result?.dense, result?.pruned, result?.sparsity, result?.prunable, result?.kept];
  const whole = typeof method === "string" && typeof options?.task === "string" && typeof result?.metric === "string" &&
    numbers.every((value) => typeof value === "number");
  if (!whole) throw new UsageError(`${label}: method, task or results are missing; name a folder that --out wrote`);
  return record as RunRecord;
}

/**
 * The lines of `events.jsonl`. A last one that was cut off while it was written does not count.
 *
 * @throws {UsageError} for another line that is no event.
 */
export function eventsOf(text: string, label: string): LoggedEvent[] {
  const lines = text.split("\n");
  return lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    const event = parsed(line);
    if (isStep(event) || isValidation(event)) return [event];
    if (i === lines.length - 1) return [];
    throw new UsageError(`${label}: line ${i + 1} is no event of a run; remove it, or run again`);
  });
}

function isStep(event: Partial<StepEvent> | undefined): event is StepEvent {
  return [event?.step, event?.loss, event?.sparsity, event?.kept].every((value) => typeof value === "number");
}

function isValidation(event: Partial<ValidationPoint> | undefined): event is ValidationPoint {
  return typeof event?.step === "number" && typeof event.validation === "object" && event.validation !== null;
}

function parsed(line: string): Partial<StepEvent & ValidationPoint> | undefined {
  try {
    return JSON.parse(line) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Weights of a file, one tensor at a time. */
interface Weights {
  readonly names: readonly string[];
  read(name: string): Promise<HostTensor>;
}

async function opened(weights: RunFiles["weights"], label: string): Promise<Weights> {
  if (weights instanceof Uint8Array) return await opened(await openSafetensors(byteSource(weights), label), label);
  if (isOpen(weights)) {
    return { names: weights.entries.map(({ name }) => name), read: (name) => weights.read(name) };
  }
  return { names: Object.keys(weights), read: (name) => Promise.resolve(weights[name]!) };
}

function isOpen(weights: SafetensorsFile | Readonly<Record<string, HostTensor>>): weights is SafetensorsFile {
  return typeof weights.read === "function";
}

async function densitiesOf(
  weights: Weights,
  prunable: (name: string) => boolean,
  masks: Readonly<Record<string, HostTensor>> | undefined,
): Promise<TensorDensity[]> {
  const densities: TensorDensity[] = [];
  for (const name of weights.names) {
    if (masks ? !Object.hasOwn(masks, name) : !prunable(name)) continue;
    const tensor = await weights.read(name);
    const kept = masks ? bitsIn(masks[name]!.data) : nonZeros(tensor.data);
    densities.push({ name, kept, size: sizeOf(tensor) });
  }
  return densities;
}

function nonZeros(values: HostTensor["data"]): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) count++;
  return count;
}

function bitsIn(words: HostTensor["data"]): number {
  let count = 0;
  for (let i = 0; i < words.length; i++) for (let word = words[i]!; word !== 0; word &= word - 1) count++;
  return count;
}

function prunableOf({ include, exclude }: PruneOptions, names: readonly string[]): (name: string) => boolean {
  const matrix = (name: string): boolean =>
    placeOf(name)?.matrix !== undefined || /(^|\.)pooler\.dense\.weight$/.test(name);
  return namePredicate({ ...(include ? { include } : {}), ...(exclude ? { exclude } : {}) }, names, matrix);
}

/** When the method prunes; of lottery tickets no window tells, nor of methods of another version. */
function windowOf({ method, options }: RunRecord): ReportData["window"] {
  if (!Object.hasOwn(methods, method)) return undefined;
  const { sparsity, pruneSteps, pruneStart, pruneEvery, schedule } = options;
  const made = methodNamed(method, {
    sparsity,
    pruneSteps,
    ...(pruneStart === undefined ? {} : { start: pruneStart }),
    ...(pruneEvery === undefined ? {} : { every: pruneEvery }),
    ...(schedule === undefined ? {} : { schedule }),
  });
  return made.lottery ? undefined : { start: made.schedule.start, end: made.schedule.end };
}
