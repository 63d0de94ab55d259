/**
 * Runs command lines where a disk is small: a process whose mounts and limits are its own. It reads a request in JSON
 * from each line of its input and answers by a line.
 */
import { lineStream } from "../../bench/peers/lines.ts";
import { Interrupted, type Io, main } from "../../../seven/cli/mod.ts";
import { contents, type Outcome } from "../support.ts";

/** What the driver is asked for. */
export type Request =
  | { readonly kind: "run"; readonly args: readonly string[]; readonly stopAt?: string }
  | { readonly kind: "contents"; readonly path: string }
  | { readonly kind: "call"; readonly command: string; readonly args: readonly string[] };

/** What it answers. */
export type Answer = { readonly value: unknown } | { readonly error: string };

/** Begins lines that are answers: others may print too. */
export const answerMark = "answer: ";

async function valueOf(request: Request): Promise<unknown> {
  if (request.kind === "run") return await runUntil(request.args, request.stopAt);
  if (request.kind === "contents") return contents(request.path);
  const { code, stdout, stderr } = await new Deno.Command(request.command, {
    args: [...request.args],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const lines = (bytes: Uint8Array): string[] => new TextDecoder().decode(bytes).split("\n").filter(Boolean);
  return { code, out: lines(stdout), err: lines(stderr) };
}

/** Runs a command line; a signal stops it when it has said something. */
async function runUntil(args: readonly string[], stopAt?: string): Promise<Outcome> {
  const out: string[] = [], err: string[] = [];
  const stop = new AbortController();
  const io: Io = {
    out: (line) => void out.push(line),
    err: (line) => {
      err.push(line);
      if (stopAt !== undefined && line.includes(stopAt)) stop.abort(new Interrupted("SIGTERM", 143));
    },
    signal: stop.signal,
  };
  return { code: await main(args, io), out, err };
}

async function answerTo(line: string): Promise<Answer> {
  try {
    return { value: await valueOf(JSON.parse(line)) };
  } catch (error) {
    return { error: (error as Error).stack ?? String(error) };
  }
}

if (import.meta.main) {
  for await (const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(lineStream())) {
    console.log(answerMark + JSON.stringify(await answerTo(line)));
  }
}
