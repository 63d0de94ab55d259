/**
 * Logs: what the processes of cells print.
 *
 * @module
 */
import type { Io } from "../io.ts";
import { writeAll } from "../write.ts";

/** The log of a process. Close it with `using`. */
export interface Log extends Disposable {
  /** Writes what was printed. */
  write(bytes: Uint8Array): void;
}

/**
 * Opens a log. One that cannot be written is said once: a cell does not fail for want of it.
 *
 * @param path The file; what is in it stays.
 * @param io Where it is said.
 */
export function openLog(path: string, io: Io): Log {
  let file: Deno.FsFile | undefined;
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      io.err(`${path}: cannot be written (${(error as Error).message}); what the process prints is not kept`);
      file?.close();
      file = undefined;
    }
  };
  attempt(() => file = Deno.openSync(path, { create: true, append: true }));
  return {
    write: (bytes) => attempt(() => file && writeAll(file, bytes)),
    [Symbol.dispose]: () => file?.close(),
  };
}

/** Copies what a process prints. Answers its last line. */
export async function copy(from: ReadableStream<Uint8Array>, to: Log): Promise<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of from) {
    to.write(bytes);
    rest = (rest + decoder.decode(bytes, { stream: true })).slice(-4096);
  }
  return rest.trimEnd().split("\n").at(-1) ?? "";
}
