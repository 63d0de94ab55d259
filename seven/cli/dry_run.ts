/**
 * What a command would do: sizes, steps, files, and the time that it would take, judged by the first steps.
 *
 * @module
 */
import { sizeOf } from "../../engine/mod.ts";
import { trainingSteps } from "../agenda.ts";
import type { Method } from "../methods.ts";
import { keptCount } from "../schedule.ts";
import type { Io } from "./io.ts";
import { choiceOf } from "./method.ts";
import type { Model } from "./model.ts";
import { bytesText, count, duration, percent, table } from "./table.ts";
import { foldersOf } from "./run_folder.ts";
import { pruningPhase, runPhase, type Setting } from "./train.ts";

/** Steps that are run to judge the time by; the first is left out, since it compiles. */
const trial = 4;

/**
 * Prints the plan. The first steps of each method are run, from the model's own parameters, and forgotten.
 *
 * @param model The model and its data.
 * @param methods What would run.
 * @param setting Options and device.
 * @param io Where it is printed.
 * @throws as `runPhase`.
 */
export async function dryRun(model: Model, methods: readonly Method[], setting: Setting, io: Io): Promise<void> {
  const { network, data } = model;
  const { options, device } = setting;
  const { prunable } = choiceOf(network, options);
  const total = (names: (name: string) => boolean) =>
    Object.entries(network.params).reduce((sum, [name, tensor]) => names(name) ? sum + sizeOf(tensor) : sum, 0);
  const weights = total(prunable);
  const parameters = total(() => true);
  io.out(`${network.name}: ${count(parameters)} parameters, ${count(weights)} of them prunable`);
  io.out(`sparsity ${percent(options.sparsity)}: about ${count(keptCount(weights, options.sparsity))} are kept`);
  io.out(`data: ${count(data.train.count)} rows for training, batches of ${options.batch}`);
  for (const [name, split] of Object.entries(data.evaluation)) io.out(`      ${count(split.count)} rows of ${name}`);
  if (options.trainSteps > 0) io.out(`training before pruning: ${count(options.trainSteps)} steps`);
  const rows: string[][] = [];
  for (const method of methods) {
    const marks: number[] = [];
    const run = await runPhase(model, {
      ...pruningPhase(method, options),
      firstBatch: 0,
      trial: { steps: trial, mark: () => void marks.push(performance.now()) },
    }, { ...setting, options: { ...options, quiet: true } });
    using state = run.state;
    await device.idle();
    const step = (marks.at(-1)! - marks[0]!) / (marks.length - 1) / 1000;
    const { start, end } = method.schedule;
    const steps = trainingSteps(method, options.steps);
    const stateBytes = state.bytes;
    rows.push([
      method.name,
      count(steps),
      start === end ? `${start}` : `${count(start)} - ${count(end)}`,
      `${(1000 * step).toFixed(0)} ms`,
      duration(steps * step),
      bytesText(stateBytes + run.slotBytes),
    ]);
  }
  const heading = ["method", "steps", "prunes in steps", "a step", "all steps", "memory"];
  for (const line of table([heading, ...rows])) io.out(line);
  if (options.out === undefined) io.out("nothing would be written; name a folder with --out");
  else {
    for (const folder of foldersOf(options.out, options)) {
      io.out(`would write ${folder}: ${bytesText(4 * parameters)} of weights, and the record`);
    }
  }
}
