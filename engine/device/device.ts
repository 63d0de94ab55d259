/**
 * A device: places state, compiles steps. The same for all executors; what differs lies behind {@linkcode Backend}.
 *
 * @module
 */
import { plan } from "../compile/plan.ts";
import { type Step, trace } from "../compile/trace.ts";
import { withFiniteChecks } from "../compile/finite.ts";
import type { Tensor, Type } from "../graph/node.ts";
import type { HostTensor } from "../host.ts";
import { scoped } from "../scoped.ts";
import type { Mapped, Tree } from "../tree.ts";
import type { Backend } from "./backend.ts";
import { Placed } from "./placed.ts";
import { type MetricLeaf, Program } from "./program.ts";
import { SharedSlots } from "./slots.ts";

/** How to compile a step. */
export interface CompileOptions {
  /**
   * Counts non-finite elements of every contraction, reduction and output, in the order in which they are computed;
   * {@linkcode firstNonFinite} tells which was the first. Costs a reduction each.
   */
  readonly checkFinite?: boolean;
}

/** An executor with everything common around it. Release it with `using`. */
export class Device implements Disposable {
  /** Why this device was chosen, when it was chosen automatically. */
  readonly reason: string;
  readonly #slots: SharedSlots;

  /** Wraps a backend. Use {@linkcode openDevice}. */
  constructor(readonly backend: Backend, reason = "asked for") {
    this.reason = reason;
    this.#slots = new SharedSlots(backend);
  }

  /** Which executor. */
  get kind(): Backend["kind"] {
    return this.backend.kind;
  }

  /** One line for people. */
  get description(): string {
    return this.backend.description;
  }

  /** Bytes of temporaries: all programs share them, so it is about what the largest of them needs. */
  get slotBytes(): number {
    return this.#slots.bytes;
  }

  /**
   * Copies a tree of host tensors to the device.
   *
   * @throws {ShapeError} when data does not fill a shape; {@linkcode DeviceError} when memory does not suffice.
   */
  place<T extends Tree<HostTensor>>(tree: T): Placed<Mapped<T, HostTensor, Tensor>> {
    return new Placed(this.backend, tree);
  }

  /**
   * Traces, fuses, plans and compiles a step.
   *
   * @param step pure function from (state, batch) to { state, metrics }.
   * @param types types of the state and batch, as trees (`placed.types` serves for the state).
   * @throws {ShapeError} for operations that do not fit; {@linkcode DeviceError} when the device refuses a kernel.
   */
  async compile<S, B, M>(
    step: Step<S, B, M>,
    types: { readonly state: Mapped<S, Tensor, Type>; readonly batch: Mapped<B, Tensor, Type> },
    options: CompileOptions = {},
  ): Promise<Program<S, B, M>> {
    let traced = trace(step, types as unknown as { state: Tree<Type>; batch: Tree<Type> });
    if (options.checkFinite) traced = withFiniteChecks(traced);
    const planned = plan(traced, { bindings: this.backend.limits.bindings });
    const loaded = await this.backend.load(planned.kernels, (buffer) => planned.buffers[buffer]!.label);
    return new Program(this.backend, this.#slots, traced, planned, loaded);
  }

  /** Computes tensors once and reads them: for tests, initialisers and looking at values. */
  async read<T>(build: T | (() => T)): Promise<Mapped<T, Tensor, MetricLeaf>> {
    const step = (state: readonly Tensor[]) => ({
      state,
      metrics: typeof build === "function" ? (build as () => T)() : build,
    });
    return await scoped(
      await this.compile<readonly Tensor[], readonly Tensor[], T>(step, { state: [], batch: [] }),
      (program) =>
        scoped(this.place([] as HostTensor[]), async (state) => {
          program.run(state as never, [] as never);
          return (await program.lastMetrics()).values;
        }),
    );
  }

  /**
   * Resolves when the device may be given another step. `Program.run` never waits, so a loop that reads no metrics runs
   * ahead of the device: await this in it, once a step. At most eight steps are then under way, it costs next to nothing
   * while the device keeps up, and timers and signals get their turn on every device.
   */
  ready(): Promise<void> {
    return this.backend.ready();
  }

  /** Resolves when all work is done. */
  idle(): Promise<void> {
    return this.backend.idle();
  }

  /** Frees the device and everything on it. */
  [Symbol.dispose](): void {
    this.backend[Symbol.dispose]();
  }
}
