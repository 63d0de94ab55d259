/**
 * The options of commands that ask a model something: `evaluate`, `predict`, `sensitivity`.
 *
 * @module
 */
import type { DeviceChoice } from "../../engine/mod.ts";
import { inputOptions, type OptionLine, runningOptions } from "./option_lines.ts";

/** What they all were asked for. */
export interface ModelOptions {
  /** Folder or repository of the checkpoint, or a run folder. */
  readonly model: string;
  /** Tokens of a text at most. */
  readonly maxLength?: number;
  /** Height and width of images. */
  readonly imageSize?: number;
  /** Whether a CLIP knows the classes by their names alone. */
  readonly zeroShot: boolean;
  /** Whether pictures that cannot be read are left out. */
  readonly skipBroken: boolean;
  /** Which device. */
  readonly device: DeviceChoice;
  /** Rows per evaluation batch. */
  readonly evalBatch: number;
  /** Whether the result is JSON. */
  readonly json: boolean;
  /** Whether only results are shown. */
  readonly quiet: boolean;
}

/** What is done where nothing else is asked for. */
export const modelDefaults: Omit<ModelOptions, "model"> = {
  zeroShot: false,
  skipBroken: false,
  device: "auto",
  evalBatch: 100,
  json: false,
  quiet: false,
};

/** The options as the help shows them, without `--model`. */
export const modelOptionLines: readonly OptionLine[] = [
  ...inputOptions,
  ...runningOptions,
  ["--json", "prints JSON"],
  ["--quiet", "no progress, results only"],
];
