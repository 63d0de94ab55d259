/**
 * Memory of temporaries, shared by all programs of a device: they run one after another, and what a program leaves in
 * its slots is of no use to anyone.
 *
 * The i-th largest slot of every program lies in the i-th largest storage, which is as large as the largest of these.
 * So a training step for several lengths of texts, its variant that prunes and the forward pass beside it take hardly
 * more than the largest of them alone.
 *
 * @module
 */
import type { Backend, Storage } from "./backend.ts";

/** The slots of one program. Release them with the program. */
export interface Slots extends Disposable {
  /** Where a slot lies, until {@linkcode SharedSlots.generation} changes. */
  storage(slot: number): Storage;
}

/** The storages that programs share. */
export class SharedSlots {
  readonly #backend: Backend;
  readonly #storages: Storage[] = [];
  #generation = 0;
  #programs = 0;

  /** Allocates on `backend`, as programs ask for more. */
  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Changes whenever a storage is replaced: what was bound before must be bound again. */
  get generation(): number {
    return this.#generation;
  }

  /** Bytes of all storages. */
  get bytes(): number {
    return this.#storages.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Makes room for the slots of a program.
   *
   * @param sizes Bytes of each slot, by its number.
   * @throws {DeviceError} when memory does not suffice; other programs keep what they have.
   */
  reserve(sizes: ReadonlyMap<number, number>): Slots {
    const largestFirst = [...sizes].sort(([, a], [, b]) => b - a);
    try {
      largestFirst.forEach(([, bytes], rank) => this.#grow(rank, bytes));
    } catch (error) {
      if (this.#programs === 0) this.#free();
      throw error;
    }
    const rankOf = new Map(largestFirst.map(([slot], rank) => [slot, rank]));
    this.#programs++;
    let isReleased = false;
    return {
      storage: (slot) => this.#storages[rankOf.get(slot)!]!,
      [Symbol.dispose]: () => {
        if (isReleased) return;
        isReleased = true;
        if (--this.#programs === 0) this.#free();
      },
    };
  }

  /** The old storage is freed first: for a moment both would be needed otherwise. */
  #grow(rank: number, bytes: number): void {
    const old = this.#storages[rank];
    if (old && old.bytes >= bytes) return;
    if (old) {
      this.#generation++;
      old[Symbol.dispose]();
    }
    const allocate = (bytes: number): Storage => this.#backend.allocate(bytes, `slot ${rank}`);
    try {
      this.#storages[rank] = allocate(bytes);
    } catch (error) {
      if (old) this.#storages[rank] = allocate(old.bytes);
      throw error;
    }
  }

  #free(): void {
    this.#generation++;
    for (const storage of this.#storages.splice(0)) storage[Symbol.dispose]();
  }
}
