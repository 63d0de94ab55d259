/**
 * Compiled step functions of a run: one for each kind of step and each combination of shapes that batches have, all over
 * one placed state.
 *
 * @module
 */
import type { Device, HostTensor, Placed, Program, Step, Tensor } from "../engine/mod.ts";
import type { Turn } from "./agenda.ts";
import type { BatchTypes } from "./batches.ts";
import type { Named } from "./criteria/criterion.ts";
import type { StepProgram } from "./reports.ts";
import type { PruningState, PruningSteps, StepBatch } from "./state.ts";

type State = PruningState<Tensor>;

/** What programs are compiled from. */
export interface ProgramSource<D> {
  /** Where they run. */
  readonly device: Device;
  /** Their functions. */
  readonly functions: PruningSteps<D>;
  /** The state that they share. */
  readonly state: Placed<State>;
  /** Initial parameters. */
  readonly params: Named<HostTensor>;
  /** Tell which tensor went bad first when the loss does; false. */
  readonly checkFinite?: boolean;
}

/** Programs by turn and shapes, compiled when first needed. Release them with `using`. */
export class Programs<D> implements Disposable {
  readonly #source: ProgramSource<D>;
  readonly #compiled = new Map<string, StepProgram<D>>();
  readonly #first = new Map<Turn, StepProgram<D>>();

  /** Compiles from `source`. */
  constructor(source: ProgramSource<D>) {
    this.#source = source;
  }

  /** The program of a turn for batches of these types, when it is there. */
  get(turn: Turn, { key }: BatchTypes<D>): StepProgram<D> | undefined {
    return this.#compiled.get(`${turn}: ${key}`);
  }

  /** Compiles turns for batches of these types, all at the same time. */
  async compile(turns: Iterable<Turn>, types: BatchTypes<D>): Promise<void> {
    const { functions, checkFinite = false } = this.#source;
    await Promise.all(
      [...new Set(turns)].filter((turn) => !this.get(turn, types)).map(async (turn) => {
        const program = await this.compileStep(functions[turn], types, checkFinite);
        this.#compiled.set(`${turn}: ${types.key}`, program);
        if (!this.#first.has(turn)) this.#first.set(turn, program);
      }),
    );
  }

  /** Compiles any step over the same state and batches; the caller releases it. */
  compileStep<M>(
    step: Step<State, StepBatch<D, Tensor>, M>,
    { types }: BatchTypes<D>,
    checkFinite = false,
  ): Promise<Program<State, StepBatch<D, Tensor>, M>> {
    const { device, functions, state, params } = this.#source;
    const of = { state: state.types, batch: { data: types, inputs: functions.inputTypes(params) } };
    return device.compile(step, of as never, { checkFinite });
  }

  /** Kernel launches of each kind of step, at the shapes that it first had; bytes of temporaries on the device. */
  size(): { readonly dispatches: { readonly [turn in Turn]?: number }; readonly slotBytes: number } {
    return {
      dispatches: Object.fromEntries([...this.#first].map(([turn, program]) => [turn, program.dispatches])),
      slotBytes: this.#source.device.slotBytes,
    };
  }

  /** Frees all programs. */
  [Symbol.dispose](): void {
    this.#compiled.forEach((program) => program[Symbol.dispose]());
    this.#compiled.clear();
  }
}
