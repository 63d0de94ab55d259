/**
 * A peer in a process of its own, so that neither disturbs the other: threads, memory, compiled code.
 *
 * @module
 */
import type { Contender } from "../race.ts";
import type { Work } from "../work.ts";
import { lineStream } from "./lines.ts";
import { MARK } from "./serve.ts";

/** How a peer is started. */
export interface PeerCommand {
  /** Name in results. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What its wait costs at the least, milliseconds. */
  readonly waitMs: number;
}

type Answer = { readonly check?: number[]; readonly ms?: number; readonly error?: string; readonly version?: string };

/** A running peer. */
export class PeerProcess {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;
  readonly #complaints: Promise<string>;
  /** What the peer says it is. */
  version = "";

  private constructor(readonly peer: PeerCommand) {
    this.#child = new Deno.Command(peer.command, {
      args: [...peer.args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      ...(peer.env ? { env: { ...peer.env } } : {}),
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#answers = this.#child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(lineStream()).getReader();
    this.#complaints = new Response(this.#child.stderr).text().catch(() => "");
  }

  /** Starts a peer. @throws {Error} saying why it cannot serve. */
  static async start(peer: PeerCommand): Promise<PeerProcess> {
    const process = new PeerProcess(peer);
    process.version = (await process.#answer(180_000)).version ?? "";
    process.#signal("SIGSTOP");
    return process;
  }

  /** Computes a workload once. @returns the numbers to compare. */
  async prepare(work: Work, data: string): Promise<readonly number[]> {
    return (await this.#ask({ prepare: work, data }, 180_000)).check!;
  }

  /** The prepared workload, to be raced. */
  contender(): Contender {
    return {
      name: this.peer.name,
      waitMs: this.peer.waitMs,
      run: async (count) => (await this.#ask({ run: count }, 120_000)).ms!,
    };
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    await this.#input.close().catch(() => {});
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#child.status;
    await this.#answers.cancel().catch(() => {});
  }

  /** Asks, and lets the process run for as long only: idle threads of some peers spin, and would disturb the others. */
  async #ask(request: unknown, limitMs: number): Promise<Answer> {
    this.#signal("SIGCONT");
    try {
      return await this.#askAwake(request, limitMs);
    } finally {
      this.#signal("SIGSTOP");
    }
  }

  #signal(signal: "SIGSTOP" | "SIGCONT"): void {
    if (Deno.build.os === "windows") return;
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended by itself.
    }
  }

  async #askAwake(request: unknown, limitMs: number): Promise<Answer> {
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
    return await this.#answer(limitMs);
  }

  async #answer(limitMs: number): Promise<Answer> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${limitMs / 1000} s`)), limitMs);
    });
    try {
      for (;;) {
        const { value, done } = await Promise.race([this.#answers.read(), late]);
        if (done) throw new Error(await this.#lastWords());
        if (!value.startsWith(MARK)) continue;
        const answer = JSON.parse(value.slice(MARK.length)) as Answer;
        if (answer.error !== undefined) throw new Error(answer.error);
        return answer;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #lastWords(): Promise<string> {
    const lines = (await this.#complaints).trim().split("\n").filter((line) => line.trim());
    return `the process ended: ${lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? "without a word"}`;
  }
}
