/**
 * Whether sharing kernels pays at present.
 *
 * On a busy machine a worker may lose its core in the middle of a part, and the main thread then waits for it longer than
 * it would have taken to do all by itself. So the time of shared kernels is compared with what one thread takes for them
 * at its best; where they take hardly less, the main thread does a few alone, and goes on in the way that was faster.
 * Results do not depend on the answer.
 *
 * @module
 */

/** Kernels that are judged together: so many, or fewer that take so many milliseconds. */
const BURST = 16, LONG = 10;
/** Share of the time of one undisturbed thread below which nothing else can be faster. */
const CLEARLY_FASTER = 0.8;
/** Milliseconds after which the other way is tried again: first, and at most. */
const FIRST_PAUSE = 20, LONGEST_PAUSE = 250;

/** Decides for the kernels of one team. */
export class Sharing {
  #shares = true;
  #time = 0;
  #best = 0;
  #kernels = 0;
  /** What the other way took, where this burst tries one against the other. */
  #before: number | undefined;
  #pause = FIRST_PAUSE;
  #wait = 0;
  #crowded = false;

  /** True while sharing brings hardly anything: threads wait for their cores. */
  get crowded(): boolean {
    return this.#crowded;
  }

  /** True when the next kernel should be shared. */
  get pays(): boolean {
    return this.#shares;
  }

  /**
   * Takes in a kernel that was just run.
   *
   * @param time what it took, run as {@linkcode Sharing.pays} said, in milliseconds.
   * @param best what one undisturbed thread takes for it, as far as is known.
   */
  record(time: number, best: number): void {
    this.#time += time;
    this.#best += best;
    if (++this.#kernels < BURST && this.#best < LONG) return;
    const spent = this.#time, ratio = spent / Math.max(this.#best, Number.MIN_VALUE);
    this.#time = this.#best = this.#kernels = 0;
    this.#judge(ratio, spent);
  }

  #judge(ratio: number, spent: number): void {
    if (this.#shares) this.#crowded = ratio > CLEARLY_FASTER;
    if (this.#before !== undefined) {
      const better = ratio < this.#before;
      this.#before = undefined;
      this.#wait = this.#pause;
      this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
      if (!better) this.#shares = !this.#shares;
    } else if (this.#shares && ratio <= CLEARLY_FASTER) {
      this.#pause = FIRST_PAUSE;
      this.#wait = 0;
    } else if ((this.#wait -= spent) <= 0) {
      this.#before = ratio;
      this.#shares = !this.#shares;
    }
  }
}
