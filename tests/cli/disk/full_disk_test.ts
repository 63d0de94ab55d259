/** Disks that fill up while a run is written, and then have some room again. */

import assert from "node:assert/strict";
import { assertSame, assertWhole, finishedFiles, smallRun, writeSmall } from "../runs.ts";
import { contents, inFolder, type Outcome, run } from "../support.ts";
import { Disk, type DiskKind, testDisks } from "./disk.ts";
import { failureOf, mends } from "./failure.ts";

const page = 4096;

/** Room that grows until a run is finished: of the disk in pages, of a single file by its length. */
interface Room {
  readonly first: number;
  next(room: number): number;
}

/**
 * Runs a command line, and goes on with the run under more and more room.
 *
 * @param disk Where its folder is, in `run`.
 * @param begin What begins the run.
 * @param room How the room grows.
 * @returns The files at which it failed.
 */
async function fillUp(disk: Disk, begin: readonly string[], { first, next }: Room): Promise<Set<string>> {
  const out = `${disk.path}/run`;
  const failed = new Set<string>();
  let kept = finishedFiles(await disk.contents());
  let begun = Object.hasOwn(await disk.contents(), "run/recipe.json");
  for (let room = first;; room = next(room)) {
    await disk.resize(room);
    const outcome: Outcome = await disk.run([...begun ? ["--resume", out] : begin, "--quiet"]);
    if (outcome.code === 0) return failed;
    const failure = failureOf(outcome);
    failed.add(failure.path.slice(out.length + 1));
    const files = await disk.contents();
    kept = assertKept(files, kept);
    begun = Object.hasOwn(files, "run/recipe.json");
    assert.equal(failure.mend, mends[disk.kind]);
    assert.equal(failure.next, begun ? `go on with --resume ${out}` : "run the command again");
  }
}

/** What is there is whole, and what was finished is as it was; gives what is finished now. */
function assertKept(files: Readonly<Record<string, string>>, before: Readonly<Record<string, string>>) {
  assert.deepEqual(Object.keys(files).filter((name) => name.endsWith(".partial")), []);
  assertWhole(files);
  const finished = finishedFiles(files);
  for (const [name, content] of Object.entries(before)) assert.equal(finished[name], content, name);
  return finished;
}

/** A small run on a disk, and what it comes to where nothing is in its way. */
async function onDisk(
  kind: DiskKind,
  test: (disk: Disk, begin: readonly string[], whole: Readonly<Record<string, string>>) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    await writeSmall(folder);
    const begin = [...smallRun(folder), "--out"];
    const { code, err } = await run([...begin, `${folder}/whole`, "--quiet"]);
    assert.equal(code, 0, err.join("\n"));
    await Deno.mkdir(`${folder}/disk`);
    await using disk = Disk.open(kind, `${folder}/disk`);
    await test(disk, [...begin, `${folder}/disk/run`], contents(`${folder}/whole`));
  });
}

const failsAt = (failed: ReadonlySet<string>, ...names: readonly string[]): void =>
  assert.deepEqual(names.filter((name) => !failed.has(name)), [], `failed at ${[...failed].join(", ")} only`);

await testDisks(
  "a run goes on after every file that did not fit, to the same bits",
  ["mount", "limit"],
  (kind) =>
    onDisk(kind, async (disk, begin, whole) => {
      const isMount = kind === "mount";
      if (isMount) await disk.call("dd", "if=/dev/zero", `of=${disk.path}/filler`, `bs=${page}`, "count=1");
      const room = isMount
        ? { first: page, next: (room: number) => room + (room < 8 * page ? 1 : 2) * page }
        : { first: 64, next: (room: number) => 2 * room };
      const failed = await fillUp(disk, begin, room);
      failsAt(failed, "recipe.json", "dense/checkpoint.safetensors", "checkpoint.safetensors", "report.html");
      if (isMount) failsAt(failed, "dense/events.jsonl", "best.safetensors");
      assertSame(await disk.contents(`${disk.path}/run`), whole);
    }),
);

/** Files at which the command fails in a process of its own: with that exit code, and without a stack trace. */
const inProcess = ["recipe.json", "checkpoint.safetensors", "run.json"];

const script = new URL("../../../seven/cli/mod.ts", import.meta.url).pathname;
const command = ["run", "--no-check", "--allow-all", script];

/** What a run writes, in its order. */
const written = [
  ...["recipe.json", "dense/checkpoint.safetensors", "dense/config.json"],
  ...["dense/model.safetensors", "dense.json", "checkpoint.safetensors", "best.safetensors", "events.jsonl"],
  ...["best/config.json", "best/model.safetensors", "README.md", "sentinels.json", "timing.json", "config.json"],
  ...["preprocessor_config.json", "model.safetensors", "masks.safetensors", "run.json", "report.html"],
];

await testDisks(
  "a run goes on after any one file that did not fit",
  ["device"],
  (kind) =>
    onDisk(kind, async (disk, begin, whole) => {
      const out = `${disk.path}/run`;
      let kept: Record<string, string> = {};
      for (const name of written) {
        const place = `${out}/${name}.partial`;
        await disk.call("mkdir", "-p", place.replace(/\/[^/]*$/, ""));
        await disk.call("ln", "-s", "/dev/full", place);
        const args = [...name === "recipe.json" ? begin : ["--resume", out], "--quiet"];
        const failure = failureOf(
          inProcess.includes(name) ? await disk.call(Deno.execPath(), ...command, ...args) : await disk.run(args),
        );
        const next = name === "recipe.json" ? "run the command again" : `go on with --resume ${out}`;
        assert.deepEqual(failure, { path: `${out}/${name}`, mend: "free some space", next });
        kept = assertKept(await disk.contents(), kept);
        if (name === "recipe.json") assert.equal((await disk.run(begin, "device:")).code, 75);
      }
      const { code, err } = await disk.run(["--resume", out, "--quiet"]);
      assert.equal(code, 0, err.join("\n"));
      assertSame(await disk.contents(out), whole);
    }),
);
