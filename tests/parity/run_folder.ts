/**
 * Writes inputs and the logits that this package gives for them, so that `run_folder.py` can compare what transformers
 * and onnxruntime make of the same folder. Run by hand:
 *
 *     deno run -A tests/parity/run_folder.ts RUN inputs.safetensors
 *     deno run -A seven/cli/mod.ts export RUN --format onnx --out ONNX
 *     python tests/parity/run_folder.py RUN inputs.safetensors ONNX
 *
 * @module
 */
import { type HostTensor, hostTensor, openDevice, type Tensor, writeSafetensors } from "../../engine/mod.ts";
import { folderModel } from "../../seven/cli/folder_model.ts";
import { diskFolder } from "../models/real_data.ts";

const [path, out] = Deno.args as [string, string];
const { network } = await folderModel(diskFolder(path));
const rows = 3;

function inputs(): Record<string, HostTensor> {
  if (network.image) {
    const [c, h, w] = network.image;
    const pixels = Float32Array.from({ length: rows * c * h * w }, (_, i) => Math.sin(i * i));
    return { images: hostTensor(pixels, [rows, c, h, w]) };
  }
  const tokens = 12;
  const ids = Uint32Array.from({ length: rows * tokens }, (_, i) => 1 + (i * 7919) % (network.vocabulary! - 1));
  const mask = Uint32Array.from(
    { length: rows * tokens },
    (_, i) => i % tokens < tokens - Math.floor(i / tokens) ? 1 : 0,
  );
  const typeIds = Uint32Array.from({ length: rows * tokens }, (_, i) => i % tokens > 6 ? 1 : 0);
  return Object.fromEntries(
    Object.entries({ ids, mask, typeIds }).map(([name, data]) => [name, hostTensor(data, [rows, tokens])]),
  );
}

const batch = inputs();
const types = Object.fromEntries(Object.entries(batch).map(([name, { shape, dtype }]) => [name, { shape, dtype }]));
using device = await openDevice("cpu");
using state = device.place(network.params);
const step = (params: Readonly<Record<string, Tensor>>, batch: Readonly<Record<string, Tensor>>) => ({
  state: params,
  metrics: network.outputs(params, batch),
});
using program = await device.compile(step, { state: state.types, batch: types } as never);
program.run(state as never, batch as never);
const { values } = await program.lastMetrics();
await Deno.writeFile(out, writeSafetensors({ ...batch, ...values as unknown as Record<string, HostTensor> }));
