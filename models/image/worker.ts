/**
 * The program of a worker that decodes pictures: it gets a job, answers it, and waits for the next.
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import type { RowKey } from "../data/image_row.ts";
import { prepareFile, type Recipe } from "./prepare_file.ts";

/** A file to prepare. */
export interface Job {
  /** Number of the job, which its answer repeats. */
  readonly id: number;
  /** The file. */
  readonly bytes: Uint8Array;
  /** Its name, for errors. */
  readonly label: string;
  /** What to make of it. */
  readonly recipe: Recipe;
  /** Randomness of the changes. */
  readonly key: RowKey | undefined;
}

/** What became of a job: bytes, or what is wrong with the file, or how the worker broke down. */
export type Answer =
  | { readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly id: number; readonly fault: string }
  | { readonly id: number; readonly failure: string };

async function answer({ id, bytes, label, recipe, key }: Job): Promise<Answer> {
  try {
    // Bytes in memory of their own, which can be handed over.
    return { id, bytes: new Uint8Array(await prepareFile(bytes, label, recipe, key)) };
  } catch (error) {
    if (error instanceof DataError) return { id, fault: error.message };
    return { id, failure: error instanceof Error ? error.message : String(error) };
  }
}

/** Where jobs come from and answers go: a port of Node, or the global object of a browser's worker. */
interface Port {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  on?(event: "message", listener: (job: Job) => void): void;
  onmessage?: ((event: { readonly data: Job }) => void) | null;
}

interface Threads {
  readonly isMainThread: boolean;
  readonly parentPort: Port | null;
}

function portOfThread(): Port {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  const threads = process?.getBuiltinModule?.("node:worker_threads") as Threads | undefined;
  return threads?.parentPort ?? globalThis as unknown as Port;
}

const port = portOfThread();
const serve = async (job: Job): Promise<void> => {
  const reply = await answer(job);
  port.postMessage(reply, "bytes" in reply ? [reply.bytes.buffer] : []);
};
if (port.on) port.on("message", (job) => void serve(job));
else port.onmessage = ({ data }) => void serve(data);
