/**
 * `deno task bench`: measures, prints a line per row, writes JSON and one page of Markdown.
 *
 * @module
 */
import type { BenchContext } from "./figures/figure.ts";
import { chosenFigures, measureFigure } from "./figures/mod.ts";
import { describeMachine } from "./machine.ts";
import { markdownOf, shortNumber } from "./markdown.ts";
import { devicesOf, pageOf, parseOptions } from "./options.ts";
import { type OpenBench, openBench } from "./ours/task.ts";
import { Peers } from "./peers/mod.ts";
import { failedRow, reasonOf, type Row } from "./result.ts";

function lineOf(row: Row): string {
  const name = `${row.name} (${row.device})`.padEnd(38);
  if (row.failed) return `${name} FAILED: ${row.failed}`;
  if (row.skipped) return `${name} ${row.peer} skipped: ${row.skipped}`;
  const ours = `${shortNumber(row.median_ms!)} ms ±${shortNumber(row.spread_ms!)}`.padEnd(20);
  return row.peer
    ? `${name} ${ours} ${row.peer} ${shortNumber(row.peer_median_ms!)} ms: ${shortNumber(row.ratio!)}x`
    : name + " " + ours;
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  const chosen = chosenFigures(options.only, options.gpu);
  if (!chosen.length) {
    console.error(`bench: no figure begins with "${options.only}"`);
    return 2;
  }
  const lines = await describeMachine();
  const rows: Row[] = [];
  const devices: OpenBench[] = [];
  for (const kind of devicesOf(options)) {
    try {
      devices.push(await openBench(kind));
    } catch (error) {
      rows.push(failedRow("device", kind, reasonOf(error)));
    }
  }
  const peers = new Peers();
  const context: BenchContext = {
    devices,
    peers,
    folder: await Deno.makeTempDir({ prefix: "bench-" }),
    gpu: options.gpu,
    tiny: options.tiny,
  };
  const started = performance.now();
  rows.forEach((row) => console.log(lineOf(row)));
  try {
    for (const figure of chosen) {
      const asked = figure.kind === "race" && !options.peers ? { ...figure, peers: [] } : figure;
      const measured = await measureFigure(asked, context)
        .catch((error) => [failedRow(figure.name, devices[0]?.kind ?? "cpu", reasonOf(error))]);
      measured.forEach((row) => console.log(lineOf(row)));
      rows.push(...measured);
    }
    Object.assign(lines, peers.versions());
  } finally {
    await peers.stop();
    devices.forEach((device) => device[Symbol.dispose]());
    await Deno.remove(context.folder, { recursive: true });
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${rows.length} rows in ${seconds} s`);
  if (options.out) await Deno.writeTextFile(options.out, `${JSON.stringify(rows, null, 2)}\n`);
  const page = pageOf(options);
  if (page) {
    const title = options.gpu ? "Benchmark on a GPU" : "Benchmark";
    await Deno.writeTextFile(page, markdownOf(rows, { title, lines: { ...lines, took: `${seconds} s` } }));
    // The page is kept in the repository, whose files are all formatted.
    await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", page] }).output();
  }
  return rows.some((row) => row.failed) ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
