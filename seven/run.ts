/**
 * Driving step functions: follows the agenda, feeds the steps, watches the loss.
 *
 * @module
 */
import {
  type BatchLeaf,
  type Device,
  foldKey,
  type HostTensor,
  keyFromSeed,
  type Mapped,
  type Optimizer,
  type Placed,
  type Schedule,
  sizeOf,
  type Tensor,
  type Type,
} from "../engine/mod.ts";
import { agenda, trainingSteps, trains, type Turn } from "./agenda.ts";
import type { Named } from "./criteria/criterion.ts";
import { countKept } from "./mask.ts";
import type { Method } from "./methods.ts";
import { pruningSteps } from "./pruning.ts";
import type { Loss, PruningState, PruningSteps } from "./state.ts";
import { Reports, type StepEvent, type StepProgram } from "./reports.ts";
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
  /** Parameters that do not move; none. */
  readonly frozen?: (name: string) => boolean;
  /** Whether zeros of the initial parameters count as pruned before; true. */
  readonly keepsZeros?: boolean;
  /** Parameters that the loss gets as its teacher's, unchanged at every step; none. */
  readonly teacher?: Named<HostTensor>;
  /** Batches per step, whose gradients are averaged over all their rows; 1. Scores go by that gradient too. */
  readonly accumulate?: number;
  /** Rows of a batch that its mean loss is over, rank 0; by default all batches of a step weigh the same. */
  readonly rows?: (data: D) => Tensor;
  /** How weights move. */
  readonly optimizer: Optimizer;
  /** How weights are ranked, and when they are pruned. */
  readonly method: Method;
  /** Training steps, T; of each round, for lottery tickets. */
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

type State = PruningState<Tensor>;

/**
 * Trains and prunes.
 *
 * @throws {NonFiniteError} when the loss does not stay finite; {@linkcode OptionError} when the method does not fit into
 *   the steps or the batches end early.
 */
export async function runPruning<D>(options: RunOptions<D>): Promise<RunResult> {
  const { device, method, steps, logEvery = 10, accumulate = 1 } = options;
  const plan = [...agenda(method, steps, accumulate)];
  const { criterion, scope, lottery } = method;
  const functions = pruningSteps<D>({
    ...options,
    criterion,
    accumulates: accumulate > 1,
    ...(scope ? { scope } : {}),
    ...(lottery ? { rewinds: true } : {}),
  });
  const initial = functions.init(options.params);
  const prunable = Object.keys(initial.masks).reduce((sum, name) => sum + sizeOf(options.params[name]!), 0);
  const total = trainingSteps(method, steps);
  const state = device.place(initial as never) as unknown as Placed<State>;
  try {
    using programs = await compileTurns(functions, new Set(plan.map(({ turn }) => turn)), state, options);
    const reports = new Reports<D>(prunable, options.onReport);
    const rootKey = keyFromSeed(options.seed);
    let data: Mapped<D, Tensor, BatchLeaf> | undefined;
    for (const { turn, step, t, progress, part } of plan) {
      if (options.signal?.aborted) break;
      if (trains(turn) || part) data = nextBatch(options.batches, step, total);
      const learningRate = options.learningRate(t - 1);
      const stepKey = foldKey(rootKey, step);
      const key = part ? foldKey(stepKey, part) : stepKey;
      const inputs = functions.inputs(options.params, { t, learningRate, key, progress });
      const program = programs.of(turn);
      program.run(state, { data, inputs } as never);
      if (!trains(turn)) {
        if (part && device.kind === "cpu") await device.idle();
        continue;
      }
      const logged = step === 1 || step === total || step % logEvery === 0 || options.signal?.aborted === true;
      const kept = functions.kept(options.params, progress.sparsity);
      const event = { step, sparsity: 1 - kept / prunable, kept, learningRate, pruned: turn === "prune" };
      reports.add(program, event, logged);
      if (logged) await reports.read();
      // Lets signals and timers in: the cpu device works on this very thread.
      else if (device.kind === "cpu") await device.idle();
    }
    await reports.read();
    return { state, prunable, kept: countKept(await state.readAll("masks")), ...programs.size() };
  } catch (error) {
    state[Symbol.dispose]();
    throw error;
  }
}

/** The compiled step functions of a run. */
class Programs<D> implements Disposable {
  constructor(readonly compiled: ReadonlyMap<Turn, StepProgram<D>>) {}

  of(turn: Turn): StepProgram<D> {
    return this.compiled.get(turn)!;
  }

  size(): Pick<RunResult, "dispatches" | "slotBytes"> {
    const entries = [...this.compiled];
    return {
      dispatches: Object.fromEntries(entries.map(([turn, program]) => [turn, program.dispatches])),
      slotBytes: entries.reduce((sum, [, program]) => sum + program.plan.slotBytes, 0),
    };
  }

  [Symbol.dispose](): void {
    this.compiled.forEach((program) => program[Symbol.dispose]());
  }
}

async function compileTurns<D>(
  functions: PruningSteps<D>,
  turns: ReadonlySet<Turn>,
  state: Placed<State>,
  { device, dataTypes, params, checkFinite = false }: RunOptions<D>,
): Promise<Programs<D>> {
  const types = {
    state: state.types,
    batch: { data: dataTypes, inputs: functions.inputTypes(params) },
  } as unknown as Parameters<typeof device.compile<State, { data: D }, unknown>>[1];
  const compiled = await Promise.all([...turns].map(async (turn) => {
    const program = await device.compile(functions[turn], types as never, { checkFinite });
    return [turn, program] as const;
  }));
  return new Programs<D>(new Map(compiled));
}

function nextBatch<T>(batches: Iterator<T>, step: number, total: number): T {
  const { value, done } = batches.next();
  if (done) throw new OptionError(`the training batches ended after ${step - 1} of ${total} steps`);
  return value;
}
