/**
 * Looking for sentinel weights during a run.
 *
 * @module
 */
import { type HostTensor, type Mapped, type Placed, type Program, scoped, type Tensor } from "../engine/mod.ts";
import type { BatchTypes } from "./batches.ts";
import { mapNamed, type Named } from "./criteria/criterion.ts";
import type { Programs } from "./programs.ts";
import type { SentinelWatch } from "./run_options.ts";
import { OptionError } from "./schedule.ts";
import {
  histogramEdges,
  type SentinelCounts,
  type SentinelHistogram,
  sentinelHistogram,
} from "./sentinel_histogram.ts";
import { sentinelDefaults } from "./sentinel_statistics.ts";
import { type SentinelCount, sentinelReport, type Sentinels } from "./sentinels.ts";
import type { PruningState, StepBatch } from "./state.ts";
import type { StatisticsOptions } from "./statistics.ts";

type State = PruningState<Tensor>;

/** Runs the reports of a run, compiled when they are first needed. They take no data, so batches of all shapes are one. */
export class Watch<D> implements Disposable {
  #report: Program<State, StepBatch<D, Tensor>, Sentinels> | undefined;

  /** Watches as told. @throws {OptionError} for a setting that cannot be. */
  constructor(readonly options: SentinelWatch) {
    const { every, threshold = 0.5 } = options;
    if (!Number.isInteger(every) || every < 1) {
      throw new OptionError(`sentinels: every ${every} is not a positive integer: it is a number of steps`);
    }
    if (!(threshold >= 0 && threshold <= 1)) {
      throw new OptionError(`sentinels: threshold ${threshold} is not in [0, 1]; 0.5 is usual`);
    }
    histogramEdges(options.histogram);
  }

  /** Settings of the averages. */
  get statistics(): StatisticsOptions {
    const { alpha1, alpha2, moment } = { ...sentinelDefaults, ...this.options };
    return { alpha1, alpha2, moment };
  }

  /** Whether it looks after this step. */
  looksAt(step: number): boolean {
    return step % this.options.every === 0;
  }

  /** The classes of every tensor, waited for. `inputs` are those of the latest training step. */
  async look(programs: Programs<D>, state: Placed<State>, inputs: unknown): Promise<Record<string, SentinelCount>> {
    const { threshold = 0.5 } = this.options;
    const program = this.#report ??= await programs.compileStep(sentinelReport<D>({ threshold }), noData<D>());
    program.run(state, { data: {}, inputs } as never);
    const { sentinel, temporary } = (await program.lastMetrics()).values as Record<keyof Sentinels, Named<number>>;
    return mapNamed(sentinel, (count, name) => ({ sentinel: count, temporary: temporary[name]! }));
  }

  /** Where all weights lie, waited for. */
  async histogram(programs: Programs<D>, state: Placed<State>, inputs: unknown): Promise<SentinelHistogram> {
    const { histogram = {} } = this.options;
    const compiled = await programs.compileStep(sentinelHistogram<D>(histogram), noData<D>());
    const { values } = await scoped(compiled, (program) => {
      program.run(state, { data: {}, inputs } as never);
      return program.lastMetrics();
    });
    const counts = values as Mapped<SentinelCounts<Tensor>, Tensor, HostTensor>;
    return { ...counts, edges: histogramEdges(histogram) };
  }

  /** Frees its program. */
  [Symbol.dispose](): void {
    this.#report?.[Symbol.dispose]();
  }
}

const noData = <D>(): BatchTypes<D> => ({ types: {} as BatchTypes<D>["types"], key: "" });
