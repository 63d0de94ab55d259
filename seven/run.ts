/**
 * Driving step functions: picks the step whose turn it is, feeds it, watches the loss.
 *
 * @module
 */
import {
  type BatchLeaf,
  type Device,
  firstNonFinite,
  foldKey,
  type HostTensor,
  keyFromSeed,
  type Mapped,
  type Optimizer,
  type Placed,
  type Program,
  type Schedule,
  sizeOf,
  type Tensor,
  type Type,
} from "../engine/mod.ts";
import type { Named } from "./criteria/criterion.ts";
import { countKept } from "./mask.ts";
import type { Method } from "./methods.ts";
import { type Loss, type PruningState, pruningSteps, type StepBatch, type StepReport } from "./pruning.ts";
import { OptionError } from "./schedule.ts";

/** What a run is made of. */
export interface RunOptions<D> {
  /** Where to run. */
  readonly device: Device;
  /** Initial parameters. */
  readonly params: Named<HostTensor>;
  /** Mean loss of a batch. */
  readonly loss: Loss<D>;
  /** Which parameters may be pruned. */
  readonly prunable: (name: string) => boolean;
  /** How weights move. */
  readonly optimizer: Optimizer;
  /** How weights are ranked, and when they are pruned. */
  readonly method: Method;
  /** Training steps in all, T. */
  readonly steps: number;
  /** Learning rate from the number of completed steps. */
  readonly learningRate: Schedule;
  /** Training batches, all of one shape. */
  readonly batches: Iterator<Mapped<D, Tensor, BatchLeaf>>;
  /** Types of a batch. */
  readonly dataTypes: Mapped<D, Tensor, Type>;
  /** Seed of everything random inside the steps. */
  readonly seed: number;
  /** Report every so many steps; 10. The loss is checked as often. */
  readonly logEvery?: number;
  /** Tell which tensor went bad first when the loss does; costs a reduction per tensor. */
  readonly checkFinite?: boolean;
  /** Called with the report of every `logEvery`-th step, and of the first and the last. */
  readonly onReport?: (report: StepEvent) => void;
  /** Stops the run between two steps. */
  readonly signal?: AbortSignal;
}

/** One logged step. */
export interface StepEvent {
  /** Step, from 1. */
  readonly step: number;
  /** Mean loss of the step's batch, before its update. */
  readonly loss: number;
  /** Share of prunable weights that are 0 after the step. */
  readonly sparsity: number;
  /** Prunable weights that are left. */
  readonly kept: number;
  /** Learning rate of the step. */
  readonly learningRate: number;
  /** Whether this step chose a new mask. */
  readonly pruned: boolean;
}

/** What a run leaves behind. The state is on the device: release it. */
export interface RunResult {
  /** Parameters, averages and masks after the last step. */
  readonly state: Placed<PruningState<Tensor>>;
  /** Prunable weights. */
  readonly prunable: number;
  /** Of these, kept. */
  readonly kept: number;
  /** Kernel launches of each kind of step that the run had. */
  readonly dispatches: { readonly [turn in Turn]?: number };
  /** Bytes of temporaries of all its programs. */
  readonly slotBytes: number;
}

/** The loss became infinite or NaN. */
export class NonFiniteError extends Error {
  /** Error class name. */
  override readonly name = "NonFiniteError";

  /** Makes the error of a step. */
  constructor(readonly step: number, readonly loss: number, first?: string) {
    const where = first ? `; the first tensor that went bad is ${first}` : "; run again with checkFinite to see where";
    super(`the loss is ${loss} at step ${step}${where}. A lower learning rate is the usual remedy`);
  }
}

/** Which step function a step runs. */
export type Turn = "prune" | "observe" | "train";

type State = PruningState<Tensor>;
type StepProgram<D> = Program<State, StepBatch<D, Tensor>, StepReport>;

/** Trains and prunes. @throws {NonFiniteError} when the loss does not stay finite. */
export async function runPruning<D>(options: RunOptions<D>): Promise<RunResult> {
  const { device, method, steps, logEvery = 10, checkFinite = false } = options;
  if (!Number.isInteger(steps) || steps < 1) throw new OptionError(`steps ${steps} is not a positive integer`);
  if (method.schedule.end > steps) {
    throw new OptionError(
      `pruning ends at step ${method.schedule.end}, after the ${steps} steps of the run; give more steps or fewer pruning steps`,
    );
  }
  const { criterion, scope, schedule } = method;
  const functions = pruningSteps<D>({ ...options, criterion, ...(scope ? { scope } : {}) });
  const initial = functions.init(options.params);
  const prunable = Object.keys(initial.masks).reduce((sum, name) => sum + sizeOf(options.params[name]!), 0);
  const state = device.place(initial as never) as unknown as Placed<State>;
  const types = {
    state: state.types,
    batch: { data: options.dataTypes, inputs: functions.inputTypes(options.params) },
  } as unknown as Parameters<typeof device.compile<State, StepBatch<D, Tensor>, StepReport>>[1];
  const turnOf = (t: number): Turn =>
    schedule.at(t) !== undefined ? "prune" : t >= schedule.start && t < schedule.end ? "observe" : "train";
  const turns = new Set(Array.from({ length: steps }, (_, i) => turnOf(i + 1)));
  const compiled = await Promise.all(
    [...turns].map(async (turn) => [turn, await device.compile(functions[turn], types, { checkFinite })] as const),
  );
  using stack = new DisposableStack();
  const programs = new Map(compiled.map(([turn, program]) => [turn, stack.use(program)]));
  const rootKey = keyFromSeed(options.seed);
  const reader = new MetricsReader<D>([...programs.values()], prunable, options.onReport);
  let sparsity = 0, update = 0;
  for (let t = 1; t <= steps && !options.signal?.aborted; t++) {
    const turn = turnOf(t);
    sparsity = schedule.at(t) ?? sparsity;
    if (turn !== "train") update++;
    const learningRate = options.learningRate(t - 1);
    const { value: data, done } = options.batches.next();
    if (done) throw new OptionError(`the training batches ended after ${t - 1} of ${steps} steps`);
    const progress = { update: Math.max(1, update), sparsity, target: schedule.sparsity };
    const inputs = functions.inputs(options.params, { t, learningRate, key: foldKey(rootKey, t), progress });
    const program = programs.get(turn)!;
    program.run(state, { data, inputs } as never);
    const last = t === steps || options.signal?.aborted === true;
    const logged = t === 1 || last || t % logEvery === 0;
    const kept = Object.values(inputs.keep).reduce<number>((sum, count) => sum + (count as number), 0);
    reader.add(
      program,
      { step: t, sparsity: 1 - kept / prunable, kept, learningRate, pruned: turn === "prune" },
      logged,
    );
    if (logged) await reader.read();
    // Lets signals and timers in: the cpu device works on this very thread.
    else if (device.kind === "cpu") await macrotask();
  }
  await reader.read();
  const masks = await state.readAll("masks");
  return {
    state,
    prunable,
    kept: countKept(masks),
    dispatches: Object.fromEntries(compiled.map(([turn, program]) => [turn, program.dispatches])),
    slotBytes: compiled.reduce((sum, [, program]) => sum + program.plan.slotBytes, 0),
  };
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

/** Matches what programs report with the steps that they were run for. */
class MetricsReader<D> {
  readonly #waiting = new Map<StepProgram<D>, { event: Omit<StepEvent, "loss">; logged: boolean }[]>();

  /** What a criterion's own rule last kept. */
  #kept: number | undefined;

  constructor(
    readonly programs: readonly StepProgram<D>[],
    readonly prunable: number,
    readonly onReport?: (event: StepEvent) => void,
  ) {
    programs.forEach((program) => this.#waiting.set(program, []));
  }

  add(program: StepProgram<D>, event: Omit<StepEvent, "loss">, logged: boolean): void {
    this.#waiting.get(program)!.push({ event, logged });
  }

  async read(): Promise<void> {
    const reports: { event: StepEvent; logged: boolean; taps: Readonly<Record<string, unknown>>; kept?: number }[] = [];
    for (const program of this.programs) {
      const waiting = this.#waiting.get(program)!.splice(0);
      if (!waiting.length) continue;
      const metrics = await program.metrics();
      // The ring keeps the newest runs: match from the end.
      metrics.forEach(({ values, taps }, i) => {
        const entry = waiting[waiting.length - metrics.length + i]!;
        const { loss, kept } = values as { loss: number; kept?: number };
        reports.push({ event: { ...entry.event, loss }, logged: entry.logged, taps, kept });
      });
    }
    reports.sort((a, b) => a.event.step - b.event.step);
    for (const { event: planned, logged, taps, kept } of reports) {
      this.#kept = kept ?? this.#kept;
      // Where a criterion has a rule of its own, the sparsity is what came out, not what was asked for.
      const event = this.#kept === undefined
        ? planned
        : { ...planned, kept: this.#kept, sparsity: 1 - this.#kept / this.prunable };
      if (!Number.isFinite(event.loss)) throw new NonFiniteError(event.step, event.loss, firstNonFinite(taps));
      if (logged) this.onReport?.(event);
    }
  }
}
