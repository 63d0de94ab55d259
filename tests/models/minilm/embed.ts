/** all-MiniLM-L6-v2 as fetch.sh leaves it, and embeddings by it. */

import type { Device, HostTensor, Tensor } from "../../../engine/mod.ts";
import { bertConfig } from "../../../models/bert/config.ts";
import { bertParams } from "../../../models/bert/params.ts";
import { loadCheckpoint } from "../../../models/checkpoint.ts";
import type { Folder } from "../../../models/folder.ts";
import { metricNamed } from "../../../models/metrics/registry.ts";
import { Predictor } from "../../../models/predict.ts";
import { sentenceEmbeddings } from "../../../models/sentence.ts";
import { textSplit } from "../../../models/text/text_split.ts";
import { loadTokenizer } from "../../../models/text/tokenizer.ts";
import { diskFolder } from "../real_data.ts";

const path = `${Deno.env.get("SEVEN_CACHE") ?? `${Deno.env.get("HOME")}/.cache/seven`}/all-MiniLM-L6-v2`;

/** Registers a test that needs the model. Where it was not fetched, it says so and is ignored. */
export function testWithMiniLm(name: string, test: (folder: Folder) => Promise<void>): void {
  const there = isFile(`${path}/model.safetensors`);
  if (!there) console.warn(`skipped, there is no ${path} (run tests/models/minilm/fetch.sh): ${name}`);
  Deno.test({ name, ignore: !there, fn: () => test(diskFolder(path)) });
}

/** The folder that fetch.sh fills. */
export function miniLmFolder(): Folder {
  return diskFolder(path);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Tokens of a batch's longest text; sentences are mostly of 10 to 20. */
const buckets = [12, 16, 20, 24, 32, 48, 64, 128, 256] as const;

/** Embeddings of texts, each of length 1, by text. The model reads 256 tokens of a text at most. */
export async function embed(
  device: Device,
  folder: Folder,
  texts: readonly string[],
): Promise<ReadonlyMap<string, Float32Array>> {
  const { name, config: json, params } = await loadCheckpoint(folder);
  const config = bertConfig(json, name);
  const fitted = await bertParams(params, config, "none", name);
  const distinct = [...new Set(texts)];
  const split = textSplit({
    name: "sentences",
    rows: distinct.map((text) => ({ text })),
    tokenizer: await loadTokenizer(folder),
    maxLength: 256,
    buckets,
  });
  using state = device.place(fitted.params);
  using predictor = new Predictor<Record<string, Tensor>>({
    device,
    batch: 32,
    outputs: (params, { ids, typeIds, mask }) => ({
      embeddings: sentenceEmbeddings(params, config, { ids: ids!, typeIds: typeIds!, mask: mask! }),
    }),
  });
  const found = new Map<string, Float32Array>();
  await predictor.run(state, split, (rows, { embeddings }) => {
    const { data, shape: [, width] } = embeddings as HostTensor;
    rows.forEach((row, i) => found.set(distinct[row]!, (data as Float32Array).slice(i * width!, (i + 1) * width!)));
  });
  return found;
}

/** Cosines of pairs of texts. */
export async function cosines(
  device: Device,
  folder: Folder,
  pairs: readonly (readonly [string, string])[],
): Promise<number[]> {
  const vectors = await embed(device, folder, pairs.flat());
  return pairs.map(([a, b]) => {
    const other = vectors.get(b)!;
    return vectors.get(a)!.reduce((sum, x, i) => sum + x * other[i]!, 0);
  });
}

/** A correlation of the library's, of numbers with others. */
export function correlation(
  name: "pearson" | "spearman",
  values: readonly number[],
  wanted: readonly number[],
): number {
  const metric = metricNamed(name).open();
  metric.add(values, 1, wanted, values.length);
  return metric.value();
}
