/**
 * Starting a worker: `node:worker_threads` where there is one (Deno, Node, Bun), else the Worker of browsers.
 *
 * The former comes first because its workers do not keep a process alive that has nothing left to do; in Deno a web
 * Worker that sleeps does. The text of {@linkcode work} is the whole program of a worker: it needs no file, hence no
 * permission, and no address that a package registry or a bundler would have to keep.
 *
 * @module
 */
import { work, type WorkerStart } from "./cpu_worker.ts";

/** A running worker. It ends by itself when told to stop through its control block. */
export interface Spawned {
  /** Ends it at once and releases what it holds. */
  terminate(): void;
}

/** Starts a worker; `failed` is called with the reason if it breaks down. @throws when the runtime refuses. */
export type Spawn = (start: WorkerStart, failed: (reason: string) => void) => Spawned;

interface NodeWorker {
  on(event: "error", listener: (error: unknown) => void): void;
  unref(): void;
  terminate(): unknown;
}

interface NodeThreads {
  readonly Worker: new (
    source: string,
    options: {
      eval: true;
      name: string;
      execArgv: string[];
      env: Record<string, string>;
      workerData: WorkerStart;
    },
  ) => NodeWorker;
}

const nameOf = ({ thread }: WorkerStart): string => `seven cpu ${thread}`;

function nodeThreads(): NodeThreads | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.("node:worker_threads") as NodeThreads | undefined;
}

function spawnNode({ Worker }: NodeThreads): Spawn {
  return (start, failed) => {
    const source = `(${work})(require("node:worker_threads").workerData);`;
    // No environment: copying the process's would need a permission, and a terminal would be asked for it.
    const options = { eval: true as const, name: nameOf(start), execArgv: [], env: {}, workerData: start };
    const worker = new Worker(source, options);
    worker.on("error", (error) => failed(error instanceof Error ? error.message : String(error)));
    worker.unref();
    return { terminate: () => void worker.terminate() };
  };
}

/** Starts a worker as browsers do. */
export const spawnWeb: Spawn = (start, failed) => {
  const source = `onmessage = ({ data }) => { (${work})(data); close(); };`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module", name: nameOf(start) });
  worker.onerror = (event) => {
    event.preventDefault();
    failed(event.message ?? "the worker did not start");
  };
  worker.postMessage(start);
  return {
    terminate() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
};

/** The way of this runtime; a sentence where it has none. */
export function spawnOfRuntime(): Spawn | string {
  if (typeof SharedArrayBuffer === "undefined") {
    return "no SharedArrayBuffer: browsers have it on pages that are cross-origin isolated";
  }
  const threads = nodeThreads();
  if (threads) return spawnNode(threads);
  return typeof Worker === "undefined" ? "this runtime has no workers" : spawnWeb;
}
