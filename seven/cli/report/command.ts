/**
 * Writing `report.html` into run folders, and the command that does.
 *
 * @module
 */
import type { Command } from "commander";
import { parseSafetensors, safetensorsChunks } from "../../../engine/mod.ts";
import { UsageError } from "../errors.ts";
import { stat } from "../folder.ts";
import type { Io } from "../io.ts";
import { readRecord, recordFile, type RunRecord } from "../record.ts";
import { type Timing, timingFile } from "../timing.ts";
import { readJson, writeFile } from "../write.ts";
import type { FileSizes, HistogramData, ReportData, Sizes } from "./data.ts";
import { reportData } from "./from_files.ts";
import { fileSizes } from "./measure.ts";
import { reportHtml } from "./report.ts";

/** Name of the page. */
export const reportFile = "report.html";

/** Name of the file with the sentinel picture of a run that looked for sentinels. */
export const sentinelsFile = "sentinels.json";

/**
 * Writes the page of a finished run.
 *
 * @param path Its folder.
 * @param runs Other runs to compare it with.
 * @throws {UsageError} when the folder is not that of a finished run, {@linkcode WriteError} when it cannot be written.
 */
export async function writeReport(path: string, runs: readonly RunRecord[] = []): Promise<void> {
  const record = readRecord(path);
  if (!record) {
    throw new UsageError(`${path}: there is no ${recordFile}, so this is no finished run; name the folder of one`);
  }
  const weights = await Deno.readFile(`${path}/model.safetensors`);
  const histogram = readJson<HistogramData>(`${path}/${sentinelsFile}`);
  const timing = readJson<Timing>(`${path}/${timingFile}`);
  const files = {
    label: path,
    record,
    events: await textOf(`${path}/events.jsonl`),
    weights,
    ...(runs.length > 0 ? { runs } : {}),
    ...(histogram ? { histogram } : {}),
    ...(timing ? { timing } : {}),
  };
  const masks = await bytesOf(`${path}/masks.safetensors`);
  const data = await reportData(masks ? { ...files, masks } : files);
  const sizes = await sizesOf(path, record, weights, data);
  writeFile(`${path}/${reportFile}`, reportHtml(sizes ? { ...data, sizes } : data));
}

/** Sizes of the weights before and after, where those before are still there. */
async function sizesOf(
  path: string,
  { options }: RunRecord,
  weights: Uint8Array<ArrayBuffer>,
  { densities }: ReportData,
): Promise<Sizes | undefined> {
  const measure = (bytes: Uint8Array<ArrayBuffer>, packed: boolean): Promise<FileSizes> =>
    fileSizes([bytes], packed ? densities : []);
  const places = [`${path}/dense`, `${path}/../dense`, options.model].filter((place) => place !== undefined);
  for (const place of places) {
    const dense = await bytesOf(`${place}/model.safetensors`);
    if (dense) return { before: await measure(asF32(dense, place), false), after: await measure(weights, true) };
  }
  return undefined;
}

/** A checkpoint in 16 bits is compared as what it is widened to. */
function asF32(bytes: Uint8Array<ArrayBuffer>, label: string): Uint8Array<ArrayBuffer> {
  const { tensors, metadata } = parseSafetensors(bytes, label);
  const chunks = [...safetensorsChunks(tensors, metadata, label)];
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

async function bytesOf(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await Deno.readFile(path);
  } catch {
    return undefined;
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return "";
  }
}

/**
 * Folders of finished runs: those named, or those directly below them.
 *
 * @param command Who asks, for errors.
 * @param paths Run folders, or folders of run folders.
 * @throws {UsageError} when there is no such folder, or no finished run in one.
 */
export async function finishedRuns(command: string, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths.map((path) => path.replace(/(?<=.)\/+$/, ""))) {
    const info = await stat(command, path);
    if (!info?.isDirectory) throw new UsageError(`${command} ${path}: there is no such folder; name that of a run`);
    const inner = [...Deno.readDirSync(path)].filter(({ isDirectory }) => isDirectory).map(({ name }) =>
      `${path}/${name}`
    );
    const runs = [path, ...inner.sort()].filter((folder) => readRecord(folder) !== undefined);
    if (runs.length === 0) {
      throw new UsageError(`${command} ${path}: there is no finished run; go on with one by --resume, or name another`);
    }
    found.push(...runs);
  }
  return found;
}

/** Registers `report`. */
export function addReportCommand(root: Command, io: Io): void {
  root.command("report")
    .description("Writes report.html anew into the folders of finished runs, each compared with all of them.")
    .argument("<folders...>", "run folders, or folders of run folders")
    .action(async (paths: readonly string[]) => {
      const folders = await finishedRuns("report", paths);
      const records = folders.map((folder) => readRecord(folder)!);
      for (const folder of folders) {
        await writeReport(folder, records.length > 1 ? records : []);
        io.out(`written to ${folder}/${reportFile}`);
      }
    });
}
