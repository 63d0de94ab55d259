/**
 * Disks for tests that fill them or that take the right to write away.
 *
 * A small file system of one's own needs a mount, which a process may make in a user namespace where the kernel lets
 * it; containers often do not. A limit on the size of files can be had everywhere and fails at the same places.
 */
import assert from "node:assert/strict";
import { lineStream } from "../../bench/peers/lines.ts";
import type { Outcome } from "../support.ts";
import { type Answer, answerMark, type Request } from "./driver.ts";

/** How writing is made to fail: by a small or read-only mount, a limit on files, `/dev/full`, a folder's permissions. */
export type DiskKind = "mount" | "limit" | "device" | "permissions";

/** A place where command lines run and writing fails at will. Give it back with `await using`. */
export class Disk implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #complaints: Promise<string>;

  private constructor(readonly kind: DiskKind, readonly path: string, [command, ...args]: readonly string[]) {
    const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    this.#child = new Deno.Command(command!, { args, ...pipes }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(lineStream()).getReader();
    this.#complaints = new Response(this.#child.stderr).text();
  }

  /**
   * Makes a disk.
   *
   * @param kind How.
   * @param path An empty folder.
   * @param env Variables of the command lines.
   */
  static open(kind: DiskKind, path: string, env: Readonly<Record<string, string>> = {}): Disk {
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const script = new URL("./driver.ts", import.meta.url).pathname;
    const driver = ["env", ...variables, Deno.execPath(), "run", "--no-check", "--allow-all", script];
    const around = kind === "mount" ? inMount(path, "1g") : kind === "permissions" ? bound : unsignalled;
    return new Disk(kind, path, [...around, ...driver]);
  }

  /** Makes room: bytes of the whole disk, or of a single file. */
  async resize(bytes: number): Promise<void> {
    // With the source named, `mount` does not repeat options that it finds in the table of mounts, where users and groups
    // are by numbers that the namespace does not have.
    if (this.kind === "mount") await this.#must("mount", "-o", `remount,size=${bytes}`, "none", this.path);
    else await this.#must("prlimit", "--pid", `${this.#child.pid}`, `--fsize=${bytes}:`);
  }

  /** Bytes of the disk that are taken. */
  async used(): Promise<number> {
    const { out } = await this.call("df", "--output=used", "--block-size=1", this.path);
    return Number(out.at(-1));
  }

  /** Takes the right to write away, or gives it back. */
  async protect(isProtected: boolean): Promise<void> {
    if (this.kind === "mount") {
      await this.#must("mount", "-o", `remount,${isProtected ? "ro" : "rw"}`, "none", this.path);
    } else await this.#must("chmod", "-R", isProtected ? "a-w" : "u+w", this.path);
  }

  /** Runs a command line in the process of the driver. A signal stops it when it says `stopAt`, if that is given. */
  async run(args: readonly string[], stopAt?: string): Promise<Outcome> {
    return await this.#ask({ kind: "run", args, ...(stopAt === undefined ? {} : { stopAt }) }) as Outcome;
  }

  /** Runs a program in a process of its own. */
  async call(command: string, ...args: readonly string[]): Promise<Outcome> {
    return await this.#ask({ kind: "call", command, args }) as Outcome;
  }

  /** Content of all files below a folder, by path. */
  async contents(path: string = this.path): Promise<Record<string, string>> {
    return await this.#ask({ kind: "contents", path }) as Record<string, string>;
  }

  async #must(command: string, ...args: readonly string[]): Promise<void> {
    const { code, err } = await this.call(command, ...args);
    assert.equal(code, 0, `${command} ${args.join(" ")}: ${err.join("\n")}`);
  }

  async #ask(request: Request): Promise<unknown> {
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
    for (;;) {
      const { value: line, done } = await this.#lines.read();
      if (done) throw new Error(`the driver ended: ${await this.#complaints}`);
      if (!line.startsWith(answerMark)) continue;
      const answer = JSON.parse(line.slice(answerMark.length)) as Answer;
      if ("error" in answer) throw new Error(answer.error);
      return answer.value;
    }
  }

  /** Ends the driver, and with it its mounts. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#lines.cancel();
    await this.#child.status;
    await this.#complaints;
  }
}

/** A command line that is run where a file system of its own lies on a folder. */
function inMount(path: string, size: string): string[] {
  const script = `mount -t tmpfs -o size=${size},mode=755 none "$0" && exec "$@"`;
  return ["unshare", "--map-root-user", "--mount", "sh", "-c", script, path];
}

/** A file that grows too large is to be an error, not the end of the process. */
const unsignalled = ["bash", "-c", `trap "" XFSZ; exec "$@"`, "bash"];

/** Root is bound by permissions without the right to override them. */
const bound = Deno.build.os === "linux" && Deno.uid() === 0
  ? ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-dac_override,-dac_read_search"]
  : [];

/** What a command complains of, or nothing. */
async function failureOf([command, ...args]: readonly string[]): Promise<string | undefined> {
  try {
    const { success, stderr } = await new Deno.Command(command!, { args, stdout: "null", stderr: "piped" }).output();
    return success ? undefined : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    return (error as Error).message;
  }
}

/** Why a kind of disk cannot be had here, or nothing. */
export async function whyNot(kind: DiskKind): Promise<string | undefined> {
  if (Deno.build.os === "windows") return "Windows has neither these mounts nor these limits";
  if (kind === "device") {
    return await failureOf(["test", "-c", "/dev/full"]) === undefined ? undefined : "there is no /dev/full";
  }
  if (kind === "limit") return await failureOf([...unsignalled, "prlimit", "--fsize=1024:", "true"]);
  const folder = await Deno.makeTempDir();
  try {
    if (kind === "mount") return await failureOf([...inMount(folder, "4k"), "true"]);
    await Deno.chmod(folder, 0o555);
    const failure = await failureOf([...bound, "true"]) ?? await failureOf([...bound, "test", "!", "-w", folder]);
    return failure === undefined ? undefined : failure || "permissions do not bind this user";
  } finally {
    await Deno.chmod(folder, 0o755);
    await Deno.remove(folder, { recursive: true });
  }
}

/** Where it is set, a test for which no kind of disk can be had fails instead of being left out. */
const isRequired = Deno.env.get("SEVEN_REQUIRE_DISKS") === "1";

/**
 * Registers a test of several kinds of disks. One that cannot be had here says so and is left out.
 *
 * @param name What is tested.
 * @param kinds How writing may be made to fail.
 * @param test The test.
 */
export async function testDisks(
  name: string,
  kinds: readonly DiskKind[],
  test: (kind: DiskKind) => Promise<void>,
): Promise<void> {
  const reasons = await Promise.all(kinds.map(whyNot));
  const fails = isRequired && reasons.every((reason) => reason !== undefined);
  for (const [i, kind] of kinds.entries()) {
    const reason = reasons[i];
    if (reason !== undefined) console.log(`left out, ${reason}: ${name} (${kind})`);
    Deno.test({ name: `${name} (${kind})`, ignore: reason !== undefined && !fails, fn: () => test(kind) });
  }
}
