/**
 * Starting a worker that decodes pictures: `node:worker_threads` for files (Deno, Node), else the Worker of browsers.
 *
 * The former comes first because its workers need not keep a process alive that has nothing left to do.
 *
 * @module
 */
import type { Answer, Job } from "./worker.ts";

/** A running worker. */
export interface Thread {
  /** Sends it a job. */
  post(job: Job): void;
  /** Says whether it has work: while it has none, it does not keep the process alive. */
  busy(has: boolean): void;
  /** Ends it. */
  terminate(): void;
}

/** Who hears of a worker. */
export interface Listener {
  /** An answer has come. */
  answer(answer: Answer): void;
  /** The worker did not start, or broke down. */
  failed(reason: string): void;
}

interface NodeWorker {
  on(event: "message", listener: (answer: Answer) => void): void;
  on(event: "error", listener: (error: unknown) => void): void;
  postMessage(job: Job, transfer: ArrayBuffer[]): void;
  ref(): void;
  unref(): void;
  terminate(): unknown;
}

type NodeWorkers = new (
  url: URL,
  options: { name: string; execArgv: string[]; env: Record<string, string> },
) => NodeWorker;

const name = "seven pictures";
const program = new URL("./worker.ts", import.meta.url);

function startNode(listener: Listener, Workers: NodeWorkers, url: URL): Thread {
  // No environment: copying the process's would need a permission, and a terminal would be asked for it.
  const worker = new Workers(url, { name, execArgv: [], env: {} });
  worker.on("message", (answer) => listener.answer(answer));
  worker.on("error", (error) => listener.failed(error instanceof Error ? error.message : String(error)));
  worker.unref();
  return {
    post: (job) => worker.postMessage(job, []),
    busy: (has) => has ? worker.ref() : worker.unref(),
    terminate: () => void worker.terminate(),
  };
}

/**
 * Starts a worker as browsers do.
 *
 * @param listener Who hears of it.
 * @param url Its program.
 * @returns The worker.
 */
export function startWeb(listener: Listener, url: URL = program): Thread {
  const worker = new Worker(url, { type: "module", name });
  worker.onmessage = ({ data }) => listener.answer(data);
  worker.onerror = (event) => {
    event.preventDefault();
    listener.failed(event.message ?? "the worker did not start");
  };
  return { post: (job) => worker.postMessage(job), busy: () => {}, terminate: () => worker.terminate() };
}

/**
 * Starts a worker.
 *
 * @param listener Who hears of it.
 * @returns The worker.
 * @throws when the runtime has none or refuses.
 */
export function startThread(listener: Listener): Thread {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  const threads = process?.getBuiltinModule?.("node:worker_threads") as { Worker: NodeWorkers } | undefined;
  return threads && program.protocol === "file:" ? startNode(listener, threads.Worker, program) : startWeb(listener);
}
