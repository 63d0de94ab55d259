/**
 * A worker that keeps a lock young, whatever the main thread is busy with, and says when the lock is another's.
 *
 * @module
 */

/** What the worker is told. */
export interface Heartbeat {
  /** The lock. */
  readonly path: string;
  /** What its file says while it is held. */
  readonly content: string;
  /** Milliseconds between two looks. */
  readonly every: number;
}

const scope = globalThis as unknown as Pick<Worker, "addEventListener" | "postMessage">;

scope.addEventListener("message", ({ data: { path, content, every } }: MessageEvent<Heartbeat>) => {
  const timer = setInterval(() => {
    try {
      if (Deno.readTextFileSync(path) === content) {
        const now = new Date();
        return Deno.utimeSync(path, now, now);
      }
    } catch (error) {
      // A file system that does not answer for a while is no other owner.
      if (!(error instanceof Deno.errors.NotFound)) return;
    }
    clearInterval(timer);
    scope.postMessage("lost");
  }, every);
});
