/**
 * The command `export`: a pruned model in a form that other programs take, or that takes less room.
 *
 * @module
 */
import { type Command, Option } from "commander";
import { type DeviceChoice, type HostTensor, safetensorsChunks } from "../../engine/mod.ts";
import { type Network, onnxChunks, packTensors, shrink } from "../../models/mod.ts";
import { commandDevice } from "./device.ts";
import { UsageError } from "./errors.ts";
import { folderModel, ownNetwork } from "./folder_model.ts";
import type { Io } from "./io.ts";
import { inputFiles } from "./model_input.ts";
import { checkPlace } from "./run_folder.ts";
import { openSource } from "./source.ts";
import { speedupLine } from "./speedup.ts";
import { bytesText, count } from "./table.ts";
import { fillFolder, jsonText, type WriteInto } from "./write.ts";

/** What `export` was asked for. */
interface ExportOptions {
  readonly out: string;
  readonly format: "safetensors" | "packed" | "onnx";
  readonly shrink?: boolean;
  readonly layout?: "smallest" | "pruned_heads" | "transformers";
  readonly device?: DeviceChoice;
}

/** Registers `export`. */
export function addExportCommand(root: Command, io: Io): void {
  root.command("export")
    .description(
      "Writes a checkpoint or a run anew: packed (a bit for each weight and the values that are left), as ONNX, or with " +
        "the heads and neurons that are zero taken out.",
    )
    .argument("<folder>", "checkpoint, run folder, or hf:owner/name of the hub")
    .requiredOption("--out <folder>", "new folder to write")
    .addOption(
      new Option("--format <kind>", "safetensors, packed or onnx").choices(["safetensors", "packed", "onnx"])
        .default("safetensors"),
    )
    .option("--shrink", "take out heads and neurons that are zero, and measure how much faster it is; the logits stay")
    .addOption(
      new Option("--layout <kind>", "of a shrunk model: which loaders it suits").choices([
        "smallest",
        "pruned_heads",
        "transformers",
      ]),
    )
    .addOption(
      new Option("--device <name>", "where a shrunk model is measured (default: auto)").choices([
        "auto",
        "cpu",
        "webgpu",
      ]),
    )
    .action((path: string, options: ExportOptions) => exportModel(path, options, io));
}

async function exportModel(path: string, options: ExportOptions, io: Io): Promise<void> {
  for (const name of ["layout", "device"] as const) {
    if (options[name] === undefined || options.shrink) continue;
    throw new UsageError(`--${name} ${options[name]}: is of shrunk models; give --shrink too`);
  }
  const out = options.out.replace(/(?<=.)\/+$/, "");
  await checkPlace(out);
  const folder = await openSource("--model", path, io.err);
  const { network: whole, metadata } = await folderModel(folder);
  using device = options.shrink ? await commandDevice(options.device ?? "auto") : undefined;
  const network = options.shrink ? await shrunk(whole, options, io) : whole;
  const size = await fillFolder(out, async (write) => {
    // The model card goes along, where there is one.
    for (const name of [...inputFiles, "README.md"]) {
      if (await folder.exists(name)) write(name, await folder.read(name));
    }
    write("config.json", jsonText(network.config));
    return options.format === "onnx"
      ? writeOnnx(write, network)
      : writeWeights(write, network, metadata, options.format);
  });
  io.out(`written to ${out}: ${bytesText(size)}`);
  if (device) io.out(await speedupLine(whole, network, device));
}

async function shrunk(network: Network, { layout }: ExportOptions, io: Io): Promise<Network> {
  const { params, config, elements, readerNote } = await shrink(network, layout ? { layout } : {});
  io.out(`parameters: ${count(elements.before)} before, ${count(elements.after)} after`);
  io.out(readerNote);
  return await ownNetwork({ name: network.name, params, config });
}

function writeOnnx(write: WriteInto, network: Network): number {
  const chunks = onnxChunks(network);
  write("model.onnx", chunks);
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

function writeWeights(
  write: WriteInto,
  { params }: Network,
  metadata: Readonly<Record<string, string>>,
  format: "safetensors" | "packed",
): number {
  const name = "model.safetensors";
  const packed = format === "packed" ? packTensors(params, { halves: true }) : undefined;
  const tensors = packed?.tensors ?? params as Readonly<Record<string, HostTensor>>;
  const chunks = safetensorsChunks(tensors, { ...metadata, ...packed?.metadata }, name);
  let size = 0;
  write(name, counted(chunks, (length) => size += length));
  return size;
}

function* counted(chunks: Iterable<Uint8Array>, add: (length: number) => void): Generator<Uint8Array> {
  for (const chunk of chunks) {
    add(chunk.length);
    yield chunk;
  }
}
