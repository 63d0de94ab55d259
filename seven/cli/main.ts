/**
 * The command line: parsing, and errors to exit codes.
 *
 * @module
 */
import { Command, CommanderError } from "commander";
import { addCompareCommand } from "./compare.ts";
import { readConfigFile } from "./config.ts";
import { addDoctorCommand } from "./doctor.ts";
import { exitCodeOf, exitCodes, lineOf, UsageError } from "./errors.ts";
import { type Io, processIo } from "./io.ts";
import { addExportCommand } from "./export.ts";
import { addEvaluateCommand } from "./evaluate.ts";
import { addInspectCommand } from "./inspect.ts";
import { listMethods, listTasks } from "./lists.ts";
import { jsonIo } from "./json_log.ts";
import { addPruneOptions, givenOptions } from "./option_lines.ts";
import type { GivenOptions } from "./options.ts";
import { addPredictCommand } from "./predict.ts";
import { presetNamed } from "./presets.ts";
import { prune as pruneCommand } from "./prune.ts";
import { addSensitivityCommand } from "./sensitivity.ts";
import { addSweepCommand } from "./sweep/command.ts";
import { version } from "./record.ts";
import { addReportCommand } from "./report/command.ts";

const examples = `
Examples:
  deno task prune
  deno task prune --sparsity 0.9 --method seven-pre,magnitude
  deno task prune --model vit-mnist --task mnist --data mnist --sparsity 0.95 --steps 300 --prune-steps 200 --out runs/1
  deno task prune --model hf:google-bert/bert-base-uncased --task sst2 --data glue/SST-2 --sparsity 0.6`;

/** All commands. `useIo` is told of another output that one of them goes on with. */
function commands(io: Io, useIo: (io: Io) => void): Command {
  const root = new Command("seven")
    .description("Prunes transformers while they are fine-tuned.")
    .version(version);
  root.exitOverride().configureOutput({
    writeOut: (text) => io.out(text.trimEnd()),
    writeErr: (text) => io.err(text.trimEnd()),
    outputError: (text, write) => write(text.trim().replace(/\s+/g, " ")),
  });
  const prune = root.command("prune", { isDefault: true })
    .description(
      "Prunes a model by its gradients while it is fine-tuned. Without options: trains a small ViT on generated digits, " +
        "prunes it to 80 % by each method and compares them.",
    )
    .addHelpText("after", examples)
    .action(async () => {
      const flags = givenOptions<GivenOptions>(prune);
      const file = flags.config === undefined ? {} : await readConfigFile(prune, flags.config);
      const preset = flags.preset ?? file.preset;
      const given = { ...(preset === undefined ? {} : presetNamed(preset)), ...file, ...flags };
      const shown = given.logFormat === "json" ? jsonIo(io) : io;
      useIo(shown);
      await pruneCommand(given, shown);
    });
  addPruneOptions(prune);
  addEvaluateCommand(root, io);
  root.command("tasks").argument("[name]", "a task, or a JSON file that describes one")
    .description("Lists the tasks; of one, with its data, the rows and labels of every part.")
    .option("--data <folder>", "data of the task, or hf:owner/name of the hub")
    .option("--json", "prints JSON")
    .action((name: string | undefined, given: Parameters<typeof listTasks>[1]) => listTasks(name, given, io));
  addInspectCommand(root, io);
  addPredictCommand(root, io);
  addSensitivityCommand(root, io);
  addExportCommand(root, io);
  addReportCommand(root, io);
  addCompareCommand(root, io);
  addSweepCommand(root, io);
  addDoctorCommand(root, io);
  root.command("methods")
    .description("Lists the methods.")
    .option("--json", "prints JSON")
    .action((given: Parameters<typeof listMethods>[0]) => listMethods(given, io));
  return root;
}

/** Without this, a mistyped command would be an argument too many of the default one. */
function checkCommand(root: Command, word: string | undefined): void {
  const known = [...root.commands.map((command) => command.name()), "help"];
  if (word === undefined || word.startsWith("-") || known.includes(word)) return;
  throw new UsageError(`${word}: there is no such command; there are ${known.join(", ")}`);
}

/**
 * Runs a command line. Never exits the process and never throws: errors become one line and an exit code.
 *
 * @param args Arguments, without the program's name.
 * @param io Where results and progress go, and what may stop the command; the process's own by default.
 * @returns The exit code: 0 done, 1 the run failed, 2 the command line or the input cannot be used, 75 stopped and able
 * to go on, 128 + n stopped by signal n.
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
  let shown = io;
  try {
    const root = commands(io, (other) => shown = other);
    checkCommand(root, args[0]);
    await root.parseAsync([...args], { from: "user" });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const message = lineOf(error), exitCode = exitCodeOf(error);
    if (shown.log) shown.log({ event: "error", message, exitCode });
    else shown.err(`error: ${message}`);
    return exitCode;
  }
}
