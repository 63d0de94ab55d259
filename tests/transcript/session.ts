/**
 * Running commands as in a terminal, and writing down what was typed and what was printed.
 *
 * @module
 */

const program = new URL("../../seven/cli/mod.ts", import.meta.url).pathname;

/** What people type, and what runs. */
const typed = "deno task prune ", runs = [Deno.execPath(), "run", "--allow-all", program];

/** A folder in which commands run, and the record of them. */
export class Session {
  readonly #folder: string;
  readonly #text: string[] = [];

  /** @param folder Where commands run. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Markdown so far. */
  get markdown(): string {
    return `${this.#text.join("\n\n")}\n`;
  }

  /** A heading, and what is said below it. */
  section(title: string, text: string): void {
    this.#text.push(`## ${title}`, text);
  }

  /** A paragraph. */
  say(text: string): void {
    this.#text.push(text);
  }

  /**
   * Runs a command to its end.
   *
   * @param line What is typed.
   * @throws {Error} when it fails.
   */
  async run(line: string): Promise<void> {
    const { code, lines } = await this.#execute(line, () => false);
    if (code !== 0) throw new Error(`$ ${line}\n${lines.join("\n")}\nexit code ${code}`);
    this.#write(line, lines);
  }

  /**
   * Runs a command in the background and kills it (SIGKILL) when it prints a line that matches.
   *
   * @param line What is typed.
   * @param at When to kill it.
   * @throws {Error} when it ends before.
   */
  async kill(line: string, at: RegExp): Promise<void> {
    const { code, lines } = await this.#execute(line, (printed) => at.test(printed));
    if (code !== 137) throw new Error(`$ ${line}\n${lines.join("\n")}\nended by ${code} before it was killed`);
    this.#write(`${line} &`, lines, "$ kill -KILL %1");
  }

  async #execute(line: string, ends: (printed: string) => boolean): Promise<{ code: number; lines: string[] }> {
    // One pipe for both streams, so that lines keep their order.
    const command = line.startsWith(typed)
      ? ['exec "$0" "$@" 2>&1', ...runs, ...line.slice(typed.length).split(" ")]
      : [`${line} 2>&1`];
    const child = new Deno.Command("bash", {
      args: ["-c", ...command],
      cwd: this.#folder,
      env: { NO_COLOR: "1" },
      stdout: "piped",
    }).spawn();
    const lines: string[] = [];
    let rest = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop()!;
      for (const part of parts) {
        lines.push(part);
        if (ends(part)) child.kill("SIGKILL");
      }
    }
    if (rest) lines.push(rest);
    const { code } = await child.status;
    return { code, lines };
  }

  #write(line: string, lines: readonly string[], after?: string): void {
    const printed = [`$ ${line}`, ...lines, ...(after ? [after] : [])].map((text) => text.trimEnd());
    this.#text.push(["```console", ...printed, "```"].join("\n"));
  }
}
