/**
 * Driving step functions: follows the agenda, feeds the steps, watches the loss.
 *
 * @module
 */
import { type Placed, scoped, sizeOf, type Tensor } from "../engine/mod.ts";
import { agenda, type Entry, remaining, trainingSteps, trains } from "./agenda.ts";
import { type BatchTypes, Feed, type HostBatch, isPromise, typesOf } from "./batches.ts";
import { countKept } from "./mask.ts";
import { Programs } from "./programs.ts";
import { Reports } from "./reports.ts";
import { restoreState } from "./resume.ts";
import type { RunOptions, RunResult } from "./run_options.ts";
import { OptionError } from "./schedule.ts";
import type { PruningState, PruningSteps } from "./state.ts";
import { inputsOf, stepFunctions } from "./turns.ts";
import { Watch } from "./watch.ts";

export type { Evaluation, RunOptions, RunResult, SentinelWatch } from "./run_options.ts";

/**
 * Trains and prunes.
 *
 * @throws {NonFiniteError} when the loss does not stay finite; {@linkcode OptionError} when the method does not fit into
 *   the steps, the batches end early, or the saved state is of another run.
 */
export async function runPruning<D>(options: RunOptions<D>): Promise<RunResult> {
  const { sentinels } = options;
  return await scoped(sentinels && new Watch<D>(sentinels), (watch) => trainAndPrune(options, watch));
}

async function trainAndPrune<D>(options: RunOptions<D>, watch: Watch<D> | undefined): Promise<RunResult> {
  const { method, steps, params, accumulate = 1, start = 0 } = options;
  const total = trainingSteps(method, steps);
  const whole = [...agenda(method, steps, accumulate)];
  const plan = remaining(whole, start, total);
  if (start > 0 && !options.state) {
    throw new OptionError(`start ${start} is given without a state: give the state that the run had after that step`);
  }
  checkEvaluations(options);
  const functions = stepFunctions(options, watch?.statistics);
  functions.check(params, method.schedule.sparsity);
  const { state, prunable, left } = placeState(functions, options);
  try {
    return await scoped(new Programs<D>({ ...options, functions, state }), async (programs) => {
      const run = new Run<D>(options, { functions, state, programs, watch, total, prunable, left });
      let stopped = options.signal?.aborted ? "signal" as const : undefined as RunResult["stopped"], done = start;
      for (const entry of stopped ? [] : plan) {
        const waits = run.begin(entry, plan);
        if (waits) await waits;
        run.launch(entry);
        const answer = trains(entry.turn) ? run.settle(entry) : run.breathe();
        stopped = isPromise(answer) ? await answer : answer;
        if (trains(entry.turn)) done = entry.step;
        if (stopped) break;
      }
      return await run.end(done, stopped, whole.findLast(({ turn, step }) => trains(turn) && step === done));
    });
  } catch (error) {
    state[Symbol.dispose]();
    throw error;
  }
}

/**
 * Places the state that a run begins with; the host's copy, several times the size of the model, is not kept.
 *
 * @returns The state, how many weights are prunable, and how many of them are left where the sparsity does not tell.
 */
function placeState<D>(functions: PruningSteps<D>, { device, params, state }: RunOptions<D>) {
  const initial = functions.init(params);
  const given = state ? restoreState(initial, state) : initial;
  return {
    state: device.place(given as never) as unknown as Placed<PruningState<Tensor>>,
    prunable: Object.keys(given.masks).reduce((sum, name) => sum + sizeOf(params[name]!), 0),
    left: functions.counts && state ? countKept(given.masks) : undefined,
  };
}

/** What a run is made of beside its options. */
interface Parts<D> {
  readonly functions: PruningSteps<D>;
  readonly state: Placed<PruningState<Tensor>>;
  readonly programs: Programs<D>;
  readonly watch: Watch<D> | undefined;
  readonly total: number;
  readonly prunable: number;
  readonly left: number | undefined;
}

/** A run between its steps. */
class Run<D> {
  readonly #options: RunOptions<D>;
  readonly #parts: Parts<D>;
  readonly #reports: Reports<D>;
  readonly #feed: Feed<D>;
  #data: HostBatch<D> | undefined;
  #types: BatchTypes<D> | undefined;
  /** Inputs of the training step that was launched last. */
  #inputs: unknown;

  constructor(options: RunOptions<D>, parts: Parts<D>) {
    const { prunable, left, total } = parts;
    this.#options = options;
    this.#parts = parts;
    this.#reports = new Reports<D>(prunable, options.onReport, left);
    this.#feed = new Feed<D>(options.batches, total);
  }

  /**
   * Fetches what an entry takes: its batch, and the program for it. Gives a promise only where there is something to
   * wait for.
   */
  begin({ turn, part, step }: Entry, plan: readonly Entry[]): PromiseLike<void> | undefined {
    const own = trains(turn) || part !== undefined;
    // Turns between steps take no batch of their own: types are those of the last one, or of the one to come.
    const batch = own ? this.#feed.take(step) : this.#data ?? this.#feed.peek(step + 1);
    const ready = (data: HostBatch<D>): Promise<void> | undefined => {
      const first = this.#types === undefined;
      this.#data = data;
      this.#types = typesOf(data);
      if (this.#parts.programs.get(turn, this.#types)) return undefined;
      return this.#parts.programs.compile(first ? plan.map((entry) => entry.turn) : [turn], this.#types);
    };
    return isPromise(batch) ? batch.then(ready) : ready(batch as HostBatch<D>);
  }

  /** Gives an entry to the device, and does not wait. */
  launch(entry: Entry): void {
    const { turn, step, t, progress } = entry;
    const { state, programs } = this.#parts;
    const inputs = inputsOf(this.#parts.functions, this.#options, entry);
    const program = programs.get(turn, this.#types!)!;
    program.run(state, { data: this.#data, inputs } as never);
    if (trains(turn)) this.#inputs = inputs;
    if (turn === "rewind") this.#reports.add(program, this.#planned({ turn, step, t, progress }), false);
  }

  /**
   * Lets signals and timers in: the cpu device works on this very thread. Others are waited for when too many steps are
   * under way.
   */
  breathe(): Promise<undefined> {
    const { device } = this.#options;
    return (device.kind === "cpu" ? device.idle() : device.ready()).then(() => undefined);
  }

  /** Reports a training step and looks at it, as far as it is due; tells whether, and why, the run stops here. */
  settle(entry: Entry): Promise<RunResult["stopped"]> | RunResult["stopped"] {
    const { logEvery = 10, start = 0, signal, evaluateEvery } = this.#options;
    const { programs, watch, total } = this.#parts;
    const { step, turn } = entry, last = step === total;
    const evaluates = evaluateEvery !== undefined && step % evaluateEvery === 0;
    const looks = watch !== undefined && (watch.looksAt(step) || last);
    const due = step === start + 1 || last || step % logEvery === 0 || signal?.aborted === true;
    if (due || evaluates || looks) return this.#look(entry, { evaluates, looks });
    this.#reports.add(programs.get(turn, this.#types!)!, this.#planned(entry), false);
    return this.breathe().then(() => this.#aborted(step));
  }

  /** Waits for a training step. */
  async #look(
    entry: Entry,
    { evaluates, looks }: Record<"evaluates" | "looks", boolean>,
  ): Promise<RunResult["stopped"]> {
    const { state, programs, watch } = this.#parts;
    const { step } = entry, planned = this.#planned(entry);
    const sentinels = looks ? await watch!.look(programs, state, this.#inputs) : undefined;
    const event = { ...planned, ...(sentinels ? { sentinels } : {}) };
    this.#reports.add(programs.get(entry.turn, this.#types!)!, event, true);
    await this.#reports.read();
    if (evaluates) {
      const { sparsity, kept } = this.#reports.actual(planned);
      if (await this.#options.onEvaluate!({ step, state, sparsity, kept }) === "stop") return "evaluation";
    }
    return this.#aborted(step);
  }

  #aborted(step: number): "signal" | undefined {
    return this.#options.signal?.aborted && step < this.#parts.total ? "signal" : undefined;
  }

  /** What the run leaves behind. */
  async end(steps: number, stopped: RunResult["stopped"], last: Entry | undefined): Promise<RunResult> {
    const { state, programs, watch } = this.#parts;
    await this.#reports.read();
    // A run that goes on after its last step has launched none.
    const inputs = this.#inputs ?? (last && inputsOf(this.#parts.functions, this.#options, last));
    const sentinels = watch && inputs ? await watch.histogram(programs, state, inputs) : undefined;
    const kept = countKept(await state.readAll("masks"));
    return {
      ...{ state, steps, prunable: this.#parts.prunable, kept, ...programs.size() },
      ...(stopped ? { stopped } : {}),
      ...(sentinels ? { sentinels } : {}),
    };
  }

  #planned({ turn, step, t, progress }: Entry) {
    const { params, learningRate } = this.#options;
    const kept = this.#parts.functions.kept(params, progress.sparsity);
    const pruned = turn === "prune";
    return { step, sparsity: 1 - kept / this.#parts.prunable, kept, learningRate: learningRate(t - 1), pruned };
  }
}

/** @throws {OptionError} when evaluations are asked for at no number of steps, or nobody is there to make them. */
function checkEvaluations<D>({ evaluateEvery, onEvaluate }: RunOptions<D>): void {
  if (evaluateEvery === undefined) return;
  if (!Number.isInteger(evaluateEvery) || evaluateEvery < 1) {
    throw new OptionError(`evaluateEvery ${evaluateEvery} is not a positive integer: it is a number of steps`);
  }
  if (!onEvaluate) throw new OptionError("evaluateEvery is given without onEvaluate; give the function to call");
}
