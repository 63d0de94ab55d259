/**
 * Training batches on their way into steps: where they come from, and of which types they are.
 *
 * @module
 */
import { formatType, type HostTensor, leavesOf, type Mapped, mapTree, type Tensor, type Type } from "../engine/mod.ts";
import { OptionError } from "./schedule.ts";

/** A batch on the host: a tree of host tensors. */
export type HostBatch<D> = Mapped<D, Tensor, HostTensor>;

/** Training batches, made at once or waited for. Shapes may differ from batch to batch. */
export type Batches<D> = Iterator<HostBatch<D>> | AsyncIterator<HostBatch<D>>;

/** Types of a batch, and one text for each combination of them. */
export interface BatchTypes<D> {
  /** Types of the leaves, in the structure of the batch. */
  readonly types: Mapped<D, Tensor, Type>;
  /** Equal for batches that one program takes. */
  readonly key: string;
}

/**
 * Reads the types of a batch.
 *
 * @throws {OptionError} for a leaf that is no host tensor.
 */
export function typesOf<D>(batch: HostBatch<D>): BatchTypes<D> {
  const words: string[] = [];
  for (const [path, leaf] of leavesOf<HostTensor>(batch as never)) {
    if (!leaf || !Array.isArray(leaf.shape) || !leaf.dtype) {
      throw new OptionError(`batch "${path}" is no host tensor; give its shape too: hostTensor(data, shape)`);
    }
    words.push(`${path} ${formatType(leaf)}`);
  }
  const types = mapTree(batch, ({ shape, dtype }: HostTensor) => ({ shape, dtype })) as unknown as Mapped<
    D,
    Tensor,
    Type
  >;
  return { types, key: words.join("; ") };
}

/** Whether a value has to be waited for. */
export const isPromise = <T>(value: T | PromiseLike<T>): value is Promise<T> =>
  typeof (value as PromiseLike<T> | undefined)?.then === "function";

/** Takes batches one by one. Only those that have to be waited for are: a promise in the way of each step costs time. */
export class Feed<D> {
  #ahead: HostBatch<D> | undefined;

  /** Takes from `batches`; `total` steps are named when they end early. */
  constructor(readonly batches: Batches<D>, readonly total: number) {}

  /** The batch that {@linkcode take} gives next. */
  async peek(step: number): Promise<HostBatch<D>> {
    return this.#ahead ??= await this.take(step);
  }

  /**
   * The next batch, for a step.
   *
   * @throws {OptionError} when there is none.
   */
  take(step: number): HostBatch<D> | PromiseLike<HostBatch<D>> {
    const ahead = this.#ahead;
    if (ahead) {
      this.#ahead = undefined;
      return ahead;
    }
    const result = this.batches.next();
    return isPromise(result) ? result.then((one) => this.#valueOf(one, step)) : this.#valueOf(result, step);
  }

  #valueOf({ value, done }: IteratorResult<HostBatch<D>>, step: number): HostBatch<D> {
    if (done) throw new OptionError(`the training batches ended after ${step - 1} of ${this.total} steps`);
    return value;
  }
}
