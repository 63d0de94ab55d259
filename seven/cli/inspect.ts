/**
 * The command `inspect`: what is in the tensors of a checkpoint or a run.
 *
 * @module
 */
import type { Command } from "commander";
import { openSafetensors } from "../../engine/mod.ts";
import {
  type Folder,
  forwardCost,
  type Inspection,
  inspectTensors,
  openFile,
  tokensOf,
  unpackedFile,
} from "../../models/mod.ts";
import { folderModel } from "./folder_model.ts";
import type { Io } from "./io.ts";
import { openSource } from "./source.ts";
import { count, percent, table } from "./table.ts";

/** What `inspect` was asked for. */
interface InspectCommandOptions {
  readonly json?: boolean;
  readonly all?: boolean;
}

/** Registers `inspect`. */
export function addInspectCommand(root: Command, io: Io): void {
  root.command("inspect")
    .description(
      "Says what is in a checkpoint or a run: zeros of every layer, whole heads and neurons that are zero, n:m patterns, " +
        "whether masks agree with the zeros, and multiply-adds that are left.",
    )
    .argument("<folder>", "checkpoint, run folder, or hf:owner/name of the hub")
    .option("--all", "every tensor, not only the layers")
    .option("--json", "prints JSON")
    .action((path: string, options: InspectCommandOptions) => inspect(path, options, io));
}

async function inspect(path: string, { json = false, all = false }: InspectCommandOptions, io: Io): Promise<void> {
  const folder = await openSource("--model", path, io.err);
  const { network } = await folderModel(folder);
  const masks = await openMasks(folder);
  using weights = await openFile(folder, "model.safetensors");
  const label = `${folder.name}/model.safetensors`;
  const file = unpackedFile(await openSafetensors(weights, label), label);
  const inspection = await inspectTensors(file, {
    isPrunable: network.isPrunable,
    groups: network.groups,
    ...(masks ? { masks: masks.file } : {}),
  });
  masks?.close();
  const tokens = tokensOf(network);
  const cost = forwardCost(inspection, network.groups, tokens);
  if (json) {
    io.out(
      JSON.stringify({ path, modelType: network.modelType, head: network.head, ...inspection, tokens, cost }, null, 2),
    );
    return;
  }
  const { prunable, total } = inspection;
  io.out(`${path}: ${network.modelType} with a head for ${network.head}, ${count(total.elements)} parameters`);
  io.out(
    `prunable: ${count(prunable.elements)} weights, ${count(prunable.zeros)} of them 0 (${
      percent(1 - prunable.density)
    })`,
  );
  if (total.nonFinite > 0) io.out(`not finite: ${count(total.nonFinite)} elements`);
  for (const line of all ? tensorTable(inspection) : layerTable(inspection)) io.out(line);
  for (const line of patternLines(inspection)) io.out(line);
  if (masks) io.out(maskLine(inspection));
  const { dense, structured, sparse } = cost.total;
  io.out(`multiply-adds of one row of ${count(tokens)} tokens: ${millions(dense)} as dense kernels compute it,`);
  io.out(
    `  ${millions(structured)} without rows, columns, heads and neurons that are 0, ${
      millions(sparse)
    } without any zero`,
  );
}

async function openMasks(folder: Folder) {
  if (!await folder.exists("masks.safetensors")) return undefined;
  const source = await openFile(folder, "masks.safetensors");
  const file = await openSafetensors(source, `${folder.name}/masks.safetensors`);
  return { file, close: () => source[Symbol.dispose]() };
}

function layerTable({ layers }: Inspection): string[] {
  const rows = Object.entries(layers).map(([name, { prunable, heads, neurons }]) => [
    name,
    count(prunable.elements),
    percent(1 - prunable.density),
    heads ? `${heads.zero} of ${heads.count}` : "-",
    neurons ? `${count(neurons.zero)} of ${count(neurons.count)}` : "-",
  ]);
  return table([["layer", "weights", "zero", "heads zero", "neurons zero"], ...rows]);
}

function tensorTable({ tensors }: Inspection): string[] {
  const rows = tensors.map(({ name, shape, dtype, elements, zeros, prunable }) =>
    [
      name,
      `${dtype}[${shape.join()}]`,
      count(elements),
      percent(elements === 0 ? 0 : zeros / elements),
      prunable ? "yes" : "no",
    ] as const
  );
  return table([["tensor", "type", "elements", "zero", "prunable"], ...rows]);
}

/** Patterns that all prunable matrices keep to. */
function patternLines({ tensors }: Inspection): string[] {
  const matrices = tensors.filter(({ prunable, patterns }) => prunable && patterns !== undefined);
  const names = [...new Set(matrices.flatMap(({ patterns }) => Object.keys(patterns!)))];
  const kept = names.filter((name) => matrices.every(({ patterns }) => patterns![name]?.violations === 0));
  return kept.map((name) => `pattern ${name}: every prunable matrix keeps to it`);
}

function maskLine({ tensors }: Inspection): string {
  const wrong = tensors.flatMap(({ name, mask }) => mask && mask.nonZeroPruned > 0 ? [name] : []);
  return wrong.length === 0
    ? "masks: every pruned weight is 0"
    : `masks: weights that are not 0 though they are pruned, in ${wrong.slice(0, 3).join(", ")}`;
}

function millions(count: number): string {
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} million` : `${(count / 1e9).toFixed(2)} billion`;
}
