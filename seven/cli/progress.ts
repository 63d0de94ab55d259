/**
 * Progress of a phase of steps: a bar on a terminal, a line for every tenth on a pipe, an object for every logged step
 * where lines are JSON.
 *
 * @module
 */
import { Presets, SingleBar } from "cli-progress";
import type { StepEvent } from "../reports.ts";
import type { Io } from "./io.ts";
import { duration, metricText, percent } from "./table.ts";
import type { ValidationPoint } from "./validation.ts";

/** Shows how far a phase is. Release it with `using`: the bar ends where it is. */
export interface Progress extends Disposable {
  /** Shows a logged step. */
  show(event: StepEvent): void;
  /** Says what the model was worth on held-out rows. */
  note(point: ValidationPoint): void;
}

/**
 * Opens the progress of a phase.
 *
 * @param io Where it is shown.
 * @param label What runs.
 * @param total Number of steps.
 * @param quiet Shows nothing.
 */
export function openProgress(io: Io, label: string, total: number, quiet: boolean): Progress {
  if (quiet) return { show: () => {}, note: () => {}, [Symbol.dispose]: () => {} };
  const pace = new Pace(total);
  if (io.log) return objects(io.log, { label, total, pace });
  return io.terminal ? bar(io.terminal, { label, total, pace }) : lines(io, { label, total, pace });
}

/** A phase, and how fast it goes. */
interface Phase {
  readonly label: string;
  readonly total: number;
  readonly pace: Pace;
}

/** Steps per second since the first step that was seen: compiling the programs before it does not count. */
class Pace {
  readonly #total: number;
  #first: { readonly step: number; readonly time: number } | undefined;

  constructor(total: number) {
    this.#total = total;
  }

  /** As of a step that is done; nothing at the first. */
  at(step: number): { readonly stepsPerSecond: number; readonly secondsLeft: number } | undefined {
    const time = performance.now();
    this.#first ??= { step, time };
    const steps = step - this.#first.step, seconds = (time - this.#first.time) / 1000;
    if (steps <= 0 || seconds <= 0) return undefined;
    return { stepsPerSecond: steps / seconds, secondsLeft: (this.#total - step) * seconds / steps };
  }
}

function objects(log: NonNullable<Io["log"]>, { label, total, pace }: Phase): Progress {
  return {
    show: (event) => log({ event: "step", phase: label, total, ...event, ...pace.at(event.step) }),
    note: ({ step, validation }) => log({ event: "validation", phase: label, step, total, validation }),
    [Symbol.dispose]: () => {},
  };
}

function bar(stream: NodeJS.WritableStream, { label, total, pace }: Phase): Progress {
  const single = new SingleBar({
    format: `${label.padEnd(10)} {bar} {value}/{total}  loss {loss}  sparsity {sparsity}  {held}{rate}`,
    stream,
    hideCursor: true,
    gracefulExit: false,
  }, Presets.shades_classic);
  single.start(total, 0, { loss: "-", sparsity: "-", held: "", rate: "" });
  return {
    show: ({ step, loss, sparsity }) =>
      single.update(step, { loss: loss.toFixed(4), sparsity: percent(sparsity), rate: rateText(pace.at(step)) }),
    note: (point) => single.update({ held: `held out ${validationText(point)}  ` }),
    [Symbol.dispose]: () => single.stop(),
  };
}

function lines(io: Io, { label, total, pace }: Phase): Progress {
  let next = 0;
  return {
    show: ({ step, loss, sparsity }) => {
      const rate = rateText(pace.at(step));
      if (step < next && step < total) return;
      next = (Math.floor(10 * step / total) + 1) * total / 10;
      const told = [`${label}: step ${step}/${total}`, `loss ${loss.toFixed(4)}`, `sparsity ${percent(sparsity)}`];
      io.err([...told, ...(rate ? [rate] : [])].join(", "));
    },
    note: (point) => io.err(`${label}: step ${point.step}/${total}, held out: ${validationText(point)}`),
    [Symbol.dispose]: () => {},
  };
}

function rateText(pace: ReturnType<Pace["at"]>): string {
  if (!pace) return "";
  const { stepsPerSecond, secondsLeft } = pace;
  const rate = `${stepsPerSecond.toPrecision(3)} steps/s`;
  return secondsLeft > 0 ? `${rate}, ${duration(secondsLeft)} left` : rate;
}

function validationText({ validation }: ValidationPoint): string {
  return Object.entries(validation).map(([name, value]) => `${name} ${metricText(name, value)}`).join(", ");
}
