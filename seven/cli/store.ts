/**
 * What a run keeps on disk while it goes on: its events, and a state from which it can be continued.
 *
 * @module
 */
import { type HostTensor, parseSafetensors, safetensorsChunks } from "../../engine/mod.ts";
import type { StepEvent } from "../reports.ts";
import { UsageError } from "./errors.ts";
import type { ValidationPoint } from "./validation.ts";
import { removeQuietly, WriteError, writeFile } from "./write.ts";

/** A line of `events.jsonl`: a step, or what the model was worth on held-out rows after one. */
export type LoggedEvent = StepEvent | ValidationPoint;

/** A state after a step. */
export interface SavedRun {
  /** Training steps that were done. */
  readonly step: number;
  /** The state, by path. */
  readonly state: Readonly<Record<string, HostTensor>>;
  /** What validation remembers. */
  readonly validation: readonly ValidationPoint[];
}

const stateFile = "checkpoint.safetensors";
const eventsFile = "events.jsonl";
const bestFile = "best.safetensors";

/** The files of one run. */
export class RunStore {
  /** @param path Its folder, which is there. */
  constructor(readonly path: string) {}

  /** Writes an event behind those that are there. */
  log(event: LoggedEvent): void {
    const path = `${this.path}/${eventsFile}`;
    try {
      Deno.writeTextFileSync(path, `${JSON.stringify(event)}\n`, { append: true });
    } catch (error) {
      throw new WriteError(path, error);
    }
  }

  /** All events so far. A last line that was cut off while it was written does not count. */
  events(): LoggedEvent[] {
    let text: string;
    try {
      text = Deno.readTextFileSync(`${this.path}/${eventsFile}`);
    } catch {
      return [];
    }
    return text.split("\n").flatMap((line): LoggedEvent[] => {
      try {
        return [JSON.parse(line)];
      } catch {
        return [];
      }
    });
  }

  /** Forgets the events after a step: a run that goes on from it writes them again. */
  forget(step: number): void {
    const kept = this.events().filter((event) => event.step <= step);
    writeFile(`${this.path}/${eventsFile}`, kept.map((event) => `${JSON.stringify(event)}\n`).join(""));
  }

  /** Saves a state in place of the one before. */
  save({ step, state, validation }: SavedRun): void {
    const path = `${this.path}/${stateFile}`;
    const metadata = { step: `${step}`, validation: JSON.stringify(validation) };
    writeFile(path, safetensorsChunks(state, metadata, path));
  }

  /**
   * The state that was saved last, or nothing.
   *
   * @throws {UsageError} when the file is not one of these, {@linkcode SafetensorsError} when it is damaged.
   */
  saved(): SavedRun | undefined {
    const path = `${this.path}/${stateFile}`;
    let bytes: Uint8Array;
    try {
      bytes = Deno.readFileSync(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error; // to begin anew would lose it
    }
    const { tensors, metadata } = parseSafetensors(bytes, path);
    const step = Number(metadata.step);
    if (!Number.isInteger(step) || metadata.validation === undefined) {
      throw new UsageError(`${path}: is no state of a run; remove it to begin the run anew`);
    }
    return { step, state: tensors, validation: JSON.parse(metadata.validation) };
  }

  /** Keeps parameters as the best so far. */
  saveBest(params: Readonly<Record<string, HostTensor>>): void {
    const path = `${this.path}/${bestFile}`;
    writeFile(path, safetensorsChunks(params, {}, path));
  }

  /** The best parameters so far, or nothing. */
  best(): Readonly<Record<string, HostTensor>> | undefined {
    const path = `${this.path}/${bestFile}`;
    try {
      return parseSafetensors(Deno.readFileSync(path), path).tensors;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Removes what only a run that goes on needs, and what a process that was killed left of it. */
  clean(): void {
    for (const name of [stateFile, bestFile, eventsFile]) removeQuietly(`${this.path}/${name}.partial`);
    for (const name of [stateFile, bestFile]) removeQuietly(`${this.path}/${name}`);
  }
}
