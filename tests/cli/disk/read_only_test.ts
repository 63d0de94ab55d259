/** Folders in which nothing may be written: said before anything runs, and nothing in them changes. */

import assert from "node:assert/strict";
import { serveHub } from "../hub/server.ts";
import { assertSame, smallRun, writeSmall } from "../runs.ts";
import { bytesOf, contents, inFolder, type Outcome, run } from "../support.ts";
import { Disk, type DiskKind, testDisks } from "./disk.ts";

/** A folder that can be made read-only, with a folder `mine` in it that is empty. */
async function withDisk(
  kind: DiskKind,
  test: (disk: Disk, folder: string) => Promise<void>,
  hub = "",
): Promise<void> {
  await inFolder(async (folder) => {
    await writeSmall(folder);
    await Deno.mkdir(`${folder}/disk`);
    await using disk = Disk.open(kind, `${folder}/disk`, { HF_ENDPOINT: hub, HF_HUB_CACHE: `${folder}/disk/cache` });
    await disk.call("mkdir", `${disk.path}/mine`);
    try {
      await test(disk, folder);
    } finally {
      await disk.protect(false);
    }
  });
}

/** Runs a command line in a read-only folder: it says one line, and nothing is altered. */
async function refused(disk: Disk, args: readonly string[], code: number, line: RegExp): Promise<void> {
  const before = await disk.contents();
  await disk.protect(true);
  const outcome: Outcome = await disk.run(args);
  await disk.protect(false);
  assert.deepEqual([outcome.code, outcome.out, outcome.err.length], [code, [], 1], outcome.err.join("\n"));
  assert.match(outcome.err[0]!, line);
  assert.deepEqual(await disk.contents(), before);
  const { out } = await disk.call("ls", "-A", disk.path, `${disk.path}/mine`);
  assert.doesNotMatch(out.join("\n"), /partial|new/);
}

const kinds = ["mount", "permissions"] as const;
const why = String.raw`\((Read-only file system|Permission denied) \(os error \d+\)\)`;

await testDisks(
  "--out in a read-only place is refused before anything runs",
  kinds,
  (kind) =>
    withDisk(kind, async (disk, folder) => {
      for (const place of ["mine", "new", "mine/new/deep"]) {
        const out = `${disk.path}/${place}`;
        const line = new RegExp(`^error: --out ${out}: cannot be written ${why}; name another folder$`);
        await refused(disk, [...smallRun(folder), "--out", out], 2, line);
        await refused(disk, [...smallRun(folder), "--out", out, "--dry-run"], 2, line);
        await refused(disk, ["export", `${folder}/tiny`, "--out", out], 2, line);
      }
      await Deno.writeTextFile(`${folder}/grid.json`, JSON.stringify({ base: { task: "digits", method: "random" } }));
      const out = `${disk.path}/new`;
      const line = new RegExp(`^error: --out ${out}: cannot be written ${why}; name another folder$`);
      await refused(disk, ["sweep", "plan", `${folder}/grid.json`, "--out", out], 2, line);
    }),
);

await testDisks(
  "a run whose folder became read-only goes on when it is so no more, to the same bits",
  kinds,
  (kind) =>
    withDisk(kind, async (disk, folder) => {
      const begin = [...smallRun(folder), "--method", "magnitude,random", "--out"];
      const whole = await run([...begin, `${folder}/whole`, "--quiet"]);
      assert.equal(whole.code, 0, whole.err.join("\n"));
      const out = `${disk.path}/run`;
      const next = `allow writing there, then go on with --resume ${out}`;
      const line = new RegExp(`^error: --resume ${out}[^:]*: cannot be written ${why}; ${next}$`);
      let stopped = await disk.run([...begin, out], "training: step 2/4");
      for (const moment of ["magnitude: step 6/8", "random: step 4/8"]) {
        assert.equal(stopped.code, 75, stopped.err.join("\n"));
        await refused(disk, ["--resume", out], 2, line);
        stopped = await disk.run(["--resume", out], moment);
      }
      const { code, err } = await disk.run(["--resume", out]);
      assert.equal(code, 0, err.join("\n"));
      assertSame(await disk.contents(out), contents(`${folder}/whole`));

      await refused(disk, ["--resume", out], 2, line);
      const page = new RegExp(
        String
          .raw`^error: ${out}/magnitude/report\.html: cannot be written ${why}; allow writing there, then run the command again$`,
      );
      await refused(disk, ["report", out], 1, page);
    }),
);

await testDisks("a sweep in a read-only folder says so once", kinds, (kind) =>
  withDisk(kind, async (disk, folder) => {
    const base = { model: `${folder}/tiny`, task: "mnist", data: `${folder}/few`, steps: 4, pruneSteps: 2, batch: 4 };
    const grid = { base: { ...base, device: "cpu" }, grid: { method: ["random", "magnitude"] } };
    await Deno.writeTextFile(`${folder}/grid.json`, JSON.stringify(grid));
    const sweep = `${disk.path}/sweep`;
    const planned = await disk.run(["sweep", "plan", `${folder}/grid.json`, "--out", sweep]);
    assert.equal(planned.code, 0, planned.err.join("\n"));
    const line = new RegExp(
      `^error: ${sweep}: cannot be written ${why}; allow writing there, then run the command again$`,
    );
    await refused(disk, ["sweep", "run", sweep], 1, line);
    await refused(disk, ["sweep", "run", sweep, "--jobs", "2"], 1, line);
    const lock = new RegExp(
      `^error: ${sweep}/locks: cannot be written ${why}; allow writing there, then run cell 1 of ${sweep} again to go on$`,
    );
    await refused(disk, ["sweep", "cell", sweep, "--index", "1"], 1, lock);
    const { code, err } = await disk.run(["sweep", "run", sweep, "--quiet"]);
    assert.equal(code, 0, err.join("\n"));
    await refused(
      disk,
      ["sweep", "report", sweep],
      1,
      /report\.md: cannot be written .+; allow writing there, then run the command again$/,
    );
  }));

await testDisks(
  "a read-only cache of the hub serves what it has, and says so when it lacks something",
  kinds,
  (kind) =>
    inFolder(async (source) => {
      await writeSmall(source);
      const served = Object.entries(contents(`${source}/tiny`)).map(([name, content]) => [name, bytesOf(content)]);
      using hub = serveHub("owner/tiny", Object.fromEntries(served));
      await withDisk(kind, async (disk) => {
        const lacking = new RegExp(
          `^error: ${disk.path}/cache[^:]*: cannot be written ${why}; allow writing there, then run the command again$`,
        );
        await refused(disk, ["inspect", "hf:owner/tiny"], 1, lacking);
        const before = await disk.run(["inspect", "hf:owner/tiny"]);
        await disk.protect(true);
        const after = await disk.run(["inspect", "hf:owner/tiny"]);
        assert.deepEqual([after.code, after.out, after.err], [0, before.out, []]);
      }, hub.url);
    }),
);
