/**
 * Racing a workload: ours on each device, the peers, all checked to compute the same before anyone is timed.
 *
 * @module
 */
import { writeSafetensors } from "../../../engine/io/safetensors_write.ts";
import { arraysOf } from "../data.ts";
import { prepareOurs } from "../ours/prepare.ts";
import { contenderOf, type OpenBench, type Task } from "../ours/task.ts";
import { peerCommands, type PeerName, peersOfDevice } from "../peers/mod.ts";
import { type Contender, race } from "../race.ts";
import { type BenchDevice, failedRow, reasonOf, type Row, rowOf, skippedRow } from "../result.ts";
import { agree, summarize, type Summary } from "../statistics.ts";
import type { BenchContext, RacedFigure } from "./figure.ts";

interface Ours {
  readonly bench: OpenBench;
  readonly task: Task;
  readonly contender: Contender;
}

const TOLERANCE = 1e-3;

/** Why these results are wrong, if they are. */
function wrongness(figure: RacedFigure, check: readonly number[], reference?: readonly number[]): string | undefined {
  const { tolerance = TOLERANCE, expected = [] } = figure;
  for (const [position, value] of expected) {
    if (!agree([check[position] ?? NaN], [value], tolerance)) {
      return `result ${position + 1} is ${check[position]}, must be ${value}`;
    }
  }
  if (!reference) return undefined;
  const shared = Math.min(check.length, reference.length);
  const at = check.slice(0, shared).findIndex((value, i) => !agree([value], [reference[i]!], tolerance));
  return at < 0 ? undefined : `result ${at + 1} is ${check[at]}, ours ${reference[at]}`;
}

async function prepareAll(
  figure: RacedFigure,
  { devices }: BenchContext,
  arrays: ReturnType<typeof arraysOf>,
): Promise<{ readonly ours: Ours[]; readonly failures: Row[] }> {
  const ours: Ours[] = [], failures: Row[] = [];
  for (const bench of devices) {
    try {
      const task = await prepareOurs(bench.device, figure.work, arrays);
      const wrong = wrongness(figure, task.check, ours[0]?.task.check);
      if (wrong) {
        failures.push(failedRow(figure.name, bench.kind, wrong));
        task[Symbol.dispose]();
      } else ours.push({ bench, task, contender: contenderOf(bench, task) });
    } catch (error) {
      failures.push(failedRow(figure.name, bench.kind, reasonOf(error)));
    }
  }
  return { ours, failures };
}

/** Measures a raced figure. */
export async function measureRace(figure: RacedFigure, context: BenchContext): Promise<readonly Row[]> {
  const arrays = arraysOf(figure.work);
  const path = `${context.folder}/${figure.name.replaceAll("^", "")}.safetensors`;
  const { ours, failures } = await prepareAll(figure, context, arrays);
  const reference = ours[0]?.task.check;
  if (!reference) return failures;
  const kinds = new Set(ours.map(({ bench }) => bench.kind));
  const wanted = figure.peers.filter((peer) =>
    (context.gpu || peer !== "torch-cuda") && [...kinds].some((kind) => peersOfDevice[kind].includes(peer))
  );
  if (wanted.length) await Deno.writeFile(path, writeSafetensors(arrays as Record<string, never>));

  const rivals = new Map<Contender, PeerName | "reference">();
  const skipped = new Map<PeerName, string>();
  for (const peer of wanted) {
    const ready = await context.peers.ready(peer, figure.work, path);
    if ("why" in ready) {
      skipped.set(peer, ready.why);
      continue;
    }
    const wrong = wrongness(figure, ready.check, reference);
    if (wrong) skipped.set(peer, `computes something else: ${wrong}`);
    else rivals.set(ready.process.contender(), peer);
  }
  for (const { contender, check } of figure.references?.(figure.work, arrays) ?? []) {
    const wrong = wrongness(figure, check, reference);
    if (wrong) failures.push(failedRow(figure.name, "cpu", `${contender.name} differs: ${wrong}`));
    else rivals.set(contender, "reference");
  }

  const failed = new Map<Contender, string>();
  const timings = await race(
    [...ours.map(({ contender }) => contender), ...rivals.keys()],
    { budgetMs: figure.budgetMs },
    (contender, error) => void failed.set(contender, reasonOf(error)),
  );
  const summaryOf = (contender: Contender): Summary | undefined => {
    const samples = timings.get(contender);
    return samples?.length ? summarize(samples) : undefined;
  };
  const rows = [...failures];
  for (const { bench: { kind }, task, contender } of ours) {
    const own = summaryOf(contender);
    if (!own) {
      rows.push(failedRow(figure.name, kind, failed.get(contender) ?? "no samples"));
      continue;
    }
    const against = [...rivals].filter(([, peer]) => peer === "reference" || isRival(kind, peer));
    const raced = against.flatMap(([rival]) => {
      const summary = summaryOf(rival);
      return summary ? [rowOf(figure.name, kind, own, { name: rival.name, summary }, { counts: task.counts })] : [];
    });
    rows.push(...raced.length ? raced : [rowOf(figure.name, kind, own, undefined, { counts: task.counts })]);
    for (const [rival] of against) {
      if (failed.has(rival)) rows.push(skippedRow(figure.name, kind, own, rival.name, failed.get(rival)!));
    }
    for (const [peer, why] of skipped) {
      if (isRival(kind, peer)) rows.push(skippedRow(figure.name, kind, own, peerCommands[peer].name, why));
    }
  }
  ours.forEach(({ task }) => task[Symbol.dispose]());
  if (wanted.length) await Deno.remove(path);
  return rows;
}

const isRival = (kind: BenchDevice, peer: PeerName): boolean => peersOfDevice[kind].includes(peer);
