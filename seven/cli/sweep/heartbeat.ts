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
    if (isOurs(path, content)) return touch(path);
    clearInterval(timer);
    scope.postMessage("lost");
  }, every);
});

/** A file system that does not answer for a while is no other owner. */
function isOurs(path: string, content: string): boolean {
  try {
    return Deno.readTextFileSync(path) === content;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

function touch(path: string): void {
  const now = new Date();
  try {
    Deno.utimeSync(path, now, now);
  } catch { /* the next time, maybe */ }
}
