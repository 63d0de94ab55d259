/**
 * How far the host may run ahead of a device that works by itself.
 *
 * Asking whether work is done must not cost a wait at every step: so a mark is set every few steps, in the background,
 * and only who has given too many steps since the last mark that was passed waits for the next one. In Deno, setting a
 * mark (`onSubmittedWorkDone`) blocks until the queue is empty and resolves 10 ms later: there the bound holds even in
 * loops that never wait, at the price of one short gap in the work of the device per mark.
 *
 * @module
 */
import { macrotask } from "./macrotask.ts";

/** Most steps that may be under way. */
export const MOST_STEPS = 8;
/** Steps between marks: half of what may be under way, so that the device has work while a mark is waited for. */
export const MARK_STEPS = 4;

/** Counts steps given and done. */
export class Pace {
  readonly #done: () => Promise<unknown>;
  readonly #marks: Promise<void>[] = [];
  #given = 0;
  #passed = 0;
  #turns = 0;

  /** @param done resolves when all that the device was given before the call is done; rejections count as done. */
  constructor(done: () => Promise<unknown>) {
    this.#done = done;
  }

  /** Steps that were given and are not known to be done. */
  get underWay(): number {
    return this.#given - this.#passed;
  }

  /** Counts a step that was just given to the device. */
  step(): void {
    if (++this.#given % MARK_STEPS) return;
    const given = this.#given;
    const pass = (): void => {
      this.#passed = given;
      this.#marks.shift();
    };
    this.#marks.push(this.#done().then(pass, pass));
  }

  /** Resolves when the device may be given another step; lets timers and signals in now and then. */
  async ready(): Promise<void> {
    if (this.#given >= this.#turns + MARK_STEPS) {
      this.#turns = this.#given;
      await macrotask();
    }
    while (this.underWay >= MOST_STEPS) await this.#marks[0];
  }
}
