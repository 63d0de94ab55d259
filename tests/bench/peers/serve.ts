/**
 * The inside of a peer's process: reads requests from stdin, a JSON line each, and answers on stdout.
 *
 * `{"prepare": work, "data": path}` computes a workload once and answers `{"check": [...]}`; `{"run": n}` repeats it,
 * waits once and answers `{"ms": ...}`; failures answer `{"error": text}`. Answers start with a mark, since libraries
 * print what they like.
 *
 * @module
 */
import { lineStream } from "./lines.ts";
import { parseSafetensors } from "../../../engine/io/safetensors.ts";
import type { Arrays } from "../data.ts";
import type { Work } from "../work.ts";

/** Starts an answer. */
export const MARK = "@peer ";

/** A workload in a peer. */
export interface PeerTask {
  /** Numbers by which results are compared. */
  readonly check: readonly number[];
  /** Gives one repetition. May wait. */
  step(): void | Promise<void>;
  /** Waits for everything given. */
  wait(): void | Promise<void>;
  /** Frees what it holds. */
  free?(): void;
}

/** Answers requests until stdin ends. `hello` tells the library's version. */
export async function serve(
  hello: Readonly<Record<string, unknown>>,
  prepare: (work: Work, arrays: Arrays) => Promise<PeerTask>,
): Promise<void> {
  const answer = (value: unknown): void => console.log(MARK + JSON.stringify(value));
  answer(hello);
  let task: PeerTask | undefined;
  for await (const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(lineStream())) {
    const request = JSON.parse(line) as { prepare?: Work; data?: string; run?: number };
    try {
      if (request.prepare) {
        task?.free?.();
        task = undefined;
        const { tensors } = parseSafetensors(await Deno.readFile(request.data!), "bench data");
        task = await prepare(request.prepare, tensors);
        await task.wait();
        answer({ check: task.check });
      } else {
        const start = performance.now();
        for (let i = 0; i < request.run!; i++) await task!.step();
        await task!.wait();
        answer({ ms: performance.now() - start });
      }
    } catch (error) {
      answer({ error: String(error instanceof Error ? error.message : error).split("\n")[0] });
    }
  }
}
