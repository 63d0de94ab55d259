/**
 * Judges all-MiniLM-L6-v2 on all rows of STS-B, beside the numbers of transformers; run by hand, a minute or two:
 *
 *     tests/models/minilm/fetch.sh
 *     SEVEN_DATA=... deno run -A tests/models/minilm/stsb.ts
 *
 * Spearman's correlation on the test rows is published as 82.03 (MTEB, Muennighoff et al. 2023, arXiv 2210.07316).
 */
import { openDevice } from "../../../engine/mod.ts";
import { loadTextTask } from "../../../models/text/load_text.ts";
import { glueTasks } from "../../../models/text/glue.ts";
import numbers from "../../parity/minilm.json" with { type: "json" };
import { dataFolder, diskFolder } from "../real_data.ts";
import { correlation, cosines, miniLmFolder } from "./embed.ts";

const { splits } = await loadTextTask(glueTasks.stsb!, diskFolder(dataFolder("glue")!));
using device = await openDevice("cpu");
for (const part of ["validation", "test"] as const) {
  const rows = splits[part]!;
  const begin = performance.now();
  const found = await cosines(device, miniLmFolder(), rows.map(({ text, pair }) => [text, pair!]));
  const seconds = (performance.now() - begin) / 1000;
  const expected = numbers[part].cosines.split(" ").map(Number);
  const scores = rows.map(({ label }) => label!);
  const line = (["spearman", "pearson"] as const).map((name) =>
    `${name} ${correlation(name, found, scores).toFixed(6)} (transformers ${numbers[part][name].toFixed(6)})`
  );
  const off = Math.max(...found.map((value, i) => Math.abs(value - expected[i]!)));
  console.log(`${part}: ${rows.length} rows, ${line.join(", ")}, cosines within ${off.toExponential(1)}`);
  console.log(`${seconds.toFixed(1)} s`);
}
