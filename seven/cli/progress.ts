/**
 * Progress of a phase of steps: a bar on a terminal, a line for every tenth on a pipe.
 *
 * @module
 */
import { Presets, SingleBar } from "cli-progress";
import type { StepEvent } from "../reports.ts";
import type { Io } from "./io.ts";
import { metricText, percent } from "./table.ts";
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
  return io.terminal ? bar(io.terminal, label, total) : lines(io, label, total);
}

function bar(stream: NodeJS.WritableStream, label: string, total: number): Progress {
  const single = new SingleBar({
    format: `${label.padEnd(10)} {bar} {value}/{total}  loss {loss}  sparsity {sparsity}  {held}{eta_formatted} left`,
    stream,
    hideCursor: true,
    gracefulExit: false,
  }, Presets.shades_classic);
  single.start(total, 0, { loss: "-", sparsity: "-", held: "" });
  return {
    show: ({ step, loss, sparsity }) => single.update(step, { loss: loss.toFixed(4), sparsity: percent(sparsity) }),
    note: (point) => single.update({ held: `held out ${validationText(point)}  ` }),
    [Symbol.dispose]: () => single.stop(),
  };
}

function lines(io: Io, label: string, total: number): Progress {
  let next = 0;
  return {
    show: ({ step, loss, sparsity }) => {
      if (step < next && step < total) return;
      next = (Math.floor(10 * step / total) + 1) * total / 10;
      io.err(`${label}: step ${step}/${total}, loss ${loss.toFixed(4)}, sparsity ${percent(sparsity)}`);
    },
    note: (point) => io.err(`${label}: step ${point.step}/${total}, held out: ${validationText(point)}`),
    [Symbol.dispose]: () => {},
  };
}

function validationText({ validation }: ValidationPoint): string {
  return Object.entries(validation).map(([name, value]) => `${name} ${metricText(name, value)}`).join(", ");
}
