/** Processes that are killed at random moments, and what must hold of the folder that they leave. */

import assert from "node:assert/strict";
import { assertSame, assertWhole, finishedFiles, savedSteps, smallRun, writeSmall } from "./runs.ts";
import { contents, run } from "./support.ts";

const methods = ["seven-pre", "platon"];

/** Files by whose writing a moment is chosen. */
const watched = [
  ...["recipe.json", "dense/checkpoint.safetensors", "dense/model.safetensors", "dense.json"],
  ...methods.flatMap((method) =>
    [
      ...[
        "events.jsonl",
        "checkpoint.safetensors",
        "best.safetensors",
        "best/model.safetensors",
        "README.md",
        "timing.json",
      ],
      ...["model.safetensors", "masks.safetensors", "run.json", "report.html"],
    ].map((name) => `${method}/${name}`)
  ),
];

/** When a process is killed: after a time in milliseconds, or at a file that it writes and a little later. */
interface Moment {
  readonly after: number;
  readonly file?: string;
}

/** Every other moment is one of the whole time that a run takes, every other that of a file which is still to come. */
function momentOf(random: () => number, span: number, there: Readonly<Record<string, string>>): Moment {
  const isResumed = Object.hasOwn(there, "recipe.json");
  if (random() < 0.5) return { after: (isResumed ? 0.7 : 1) * span * random() }; // less is left to do
  const repeated = /(events\.jsonl|checkpoint\.safetensors)$/;
  const open = watched.filter((name) => !Object.hasOwn(there, name) || repeated.test(name));
  return { after: 3 * random(), file: open[Math.floor(open.length * random())]! };
}

function start(args: readonly string[]): Deno.ChildProcess {
  const script = new URL("../../seven/cli/mod.ts", import.meta.url).pathname;
  const flags = ["run", "--no-check", "--allow-all", script];
  return new Deno.Command(Deno.execPath(), { args: [...flags, ...args], stdout: "null", stderr: "piped" }).spawn();
}

/** Runs a process and kills it at a moment; tells whether it was still there. */
async function killAt({ after, file }: Moment, out: string, args: readonly string[]): Promise<boolean> {
  using watcher = file === undefined ? undefined : Deno.watchFs(out.replace(/\/[^/]*$/, ""));
  const child = start(args);
  const complaints = new Response(child.stderr).text();
  const kill = (): void => {
    try {
      child.kill("SIGKILL");
    } catch { /* has ended */ }
  };
  let timer = watcher ? undefined : setTimeout(kill, after);
  const watch = async (): Promise<void> => {
    const isIt = (path: string): boolean => path === `${out}/${file}` || path === `${out}/${file}.partial`;
    for await (const { paths } of watcher!) {
      if (paths.some(isIt)) timer ??= setTimeout(kill, after);
    }
  };
  const watching = watcher ? watch() : undefined;
  const { code, signal } = await child.status;
  clearTimeout(timer);
  watcher?.close();
  await watching;
  assert.ok(signal === "SIGKILL" || code === 0, await complaints);
  await complaints;
  return signal === "SIGKILL";
}

/**
 * Kills a run of two methods again and again; where it ends in spite of that, another one begins.
 *
 * @param folder An empty folder.
 * @param number How often.
 * @param random Where moments come from.
 * @param tell Told of every kill.
 */
export async function killAgainAndAgain(
  folder: string,
  number: number,
  random: () => number,
  tell: (line: string) => void,
): Promise<void> {
  await writeSmall(folder);
  const begin = [...smallRun(folder, methods.join()), "--quiet", "--out"];
  const before = performance.now();
  const { code } = await start([...begin, `${folder}/whole`]).output();
  const span = performance.now() - before;
  assert.equal(code, 0);
  const whole = contents(`${folder}/whole`);

  for (let kills = 0, runs = 0; kills < number; runs++) {
    assert.ok(runs <= number + 10, "runs that end before they are killed");
    const parent = `${folder}/run${runs}`, out = `${parent}/out`;
    await Deno.mkdir(parent);
    let kept: Record<string, string> = {}, steps: Record<string, number> = {};
    const files = (): Record<string, string> => {
      try {
        return contents(out);
      } catch {
        return {}; // was killed before there was a folder
      }
    };
    const args = (): string[] => Object.hasOwn(files(), "recipe.json") ? ["--resume", out, "--quiet"] : [...begin, out];
    while (kills < number) {
      const moment = momentOf(random, span, files());
      if (!await killAt(moment, out, args())) break;
      kills++;
      const left = files();
      const partial = Object.keys(left).filter((path) => path.endsWith(".partial"));
      const when = moment.file ?? `${Math.round(moment.after)} of ${Math.round(span)} ms`;
      tell(
        `run ${runs}, killed at ${when}: ${Object.keys(left).length} files, half-written: ${
          partial.join(", ") || "none"
        }`,
      );
      assertWhole(left);
      const finished = finishedFiles(left), saved = savedSteps(left);
      for (const [path, content] of Object.entries(kept)) assert.equal(finished[path], content, path);
      for (const [path, step] of Object.entries(steps)) {
        const isFinished = Object.hasOwn(finished, path.replace(/[^/]*$/, "model.safetensors"));
        assert.ok(isFinished || saved[path]! >= step, `${path}: after step ${step}, then ${saved[path]}`);
      }
      [kept, steps] = [finished, saved];
    }
    const { code, err } = await run(args());
    assert.equal(code, 0, err.join("\n"));
    assertSame(files(), whole);
    for (const [path, content] of Object.entries(kept)) assert.equal(files()[path], content, path);
  }
}
