/**
 * The command line: parsing, and errors to exit codes.
 *
 * @module
 */
import { Command, CommanderError } from "commander";
import { exitCodeOf, exitCodes, lineOf } from "./errors.ts";
import { type Io, processIo } from "./io.ts";
import { addPruneOptions, resolveOptions } from "./options.ts";
import { prune } from "./prune.ts";
import { version } from "./record.ts";

const examples = `
Examples:
  deno task prune
  deno task prune --sparsity 0.9 --method seven-pre,magnitude
  deno task prune --model vit-mnist --task mnist --data mnist --sparsity 0.95 --steps 300 --prune-steps 200 --out runs/1`;

/** All commands. */
function commands(io: Io): Command {
  const root = new Command("seven")
    .description("Prunes transformers while they are fine-tuned.")
    .version(version);
  root.exitOverride().configureOutput({
    writeOut: (text) => io.out(text.trimEnd()),
    writeErr: (text) => io.err(text.trimEnd()),
    outputError: (text, write) => write(text.trim().replace(/\s+/g, " ")),
  });
  const command = root.command("prune", { isDefault: true })
    .description(
      "Prunes a model by its gradients while it is fine-tuned. Without options: trains a small ViT on generated digits, " +
        "prunes it to 80 % by each method and compares them.",
    )
    .addHelpText("after", examples)
    .action((given: Parameters<typeof resolveOptions>[0]) => prune(resolveOptions(given), io));
  addPruneOptions(command);
  return root;
}

/**
 * Runs a command line. Never exits the process and never throws: errors become one line and an exit code.
 *
 * @param args Arguments, without the program's name.
 * @param io Where results and progress go, and what may stop the command; the process's own by default.
 * @returns The exit code: 0 done, 1 the run failed, 2 the command line or the input cannot be used, 128 + n stopped by
 * signal n.
 *
 * @example
 * ```ts
 * import { main } from "@sentinel/seven/cli";
 *
 * const lines: string[] = [];
 * const code = await main(["--sparsity", "1.4"], { out: (line) => lines.push(line), err: (line) => lines.push(line) });
 * console.assert(code === 2 && lines.length === 1);
 * ```
 */
export async function main(args: readonly string[], io: Io = processIo()): Promise<number> {
  try {
    await commands(io).parseAsync([...args], { from: "user" });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    io.err(`error: ${lineOf(error)}`);
    return exitCodeOf(error);
  }
}
