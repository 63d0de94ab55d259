/**
 * Options of `deno task bench`.
 *
 * @module
 */
import { Command, Option } from "commander";
import type { BenchDevice } from "./result.ts";

/** What a run was asked for. */
export interface BenchOptions {
  /** JSON file to write. */
  readonly out?: string;
  /** Markdown file to write; the page beside this file after a full run. */
  readonly markdown?: string;
  /** Name of a figure, or the beginning of names. */
  readonly only?: string;
  /** Measure what a GPU can show. */
  readonly gpu: boolean;
  /** One device only. */
  readonly device?: BenchDevice;
  /** No peers: for profiling ours. */
  readonly peers: boolean;
  /** Tiny sizes of the GPU figures: to try the code. */
  readonly tiny: boolean;
}

/** Parses arguments; prints usage and exits where they are wrong. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const command = new Command("bench")
    .description("Measures the engine against its peers, in one run on one machine.")
    .option("--out <file>", "write the rows as JSON")
    .option("--markdown <file>", "write the page (default: RESULTS.md, or RESULTS_GPU.md, after a full run)")
    .option(
      "--only <name>",
      "measure this figure, or those whose names begin so; finds figures that are not in a full run",
    )
    .option("--gpu", "measure what a GPU can show, on webgpu only", false)
    .addOption(new Option("--device <name>", "one of our devices only").choices(["cpu", "webgpu"]))
    .option("--no-peers", "measure ours only")
    .option("--tiny", "tiny sizes of the --gpu figures, to try them without a GPU", false)
    .parse([...args], { from: "user" });
  return command.opts<BenchOptions>();
}

/** The devices of a run. */
export function devicesOf({ gpu, device }: Pick<BenchOptions, "gpu" | "device">): readonly BenchDevice[] {
  return device ? [device] : gpu ? ["webgpu"] : ["cpu", "webgpu"];
}

/** Where the page goes, if anywhere: parts of a run do not replace a whole one. */
export function pageOf({ markdown, only, gpu, device, tiny, peers }: BenchOptions): string | undefined {
  if (markdown) return markdown;
  if (only !== undefined || device || tiny || !peers) return undefined;
  return new URL(gpu ? "RESULTS_GPU.md" : "RESULTS.md", import.meta.url).pathname;
}
