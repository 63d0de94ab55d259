/** Disks that fill up under other commands than `prune`: exports, sweeps, the hub's cache. */

import assert from "node:assert/strict";
import { serveHub } from "../hub/server.ts";
import { assertWhole, smallRun, writeSmall } from "../runs.ts";
import { bytesOf, contents, inFolder, run } from "../support.ts";
import { comparable } from "../sweep/support.ts";
import { Disk, type DiskKind, testDisks } from "./disk.ts";
import { type Failure, failureOf, mends } from "./failure.ts";

/** Room that grows: of the disk from what is taken, of single files from next to nothing. */
async function* rooms(disk: Disk, pages: number): AsyncGenerator<void> {
  const isMount = disk.kind === "mount";
  for (let room = isMount ? await disk.used() : 32;; room = isMount ? room + 4096 * pages : 2 * room) {
    await disk.resize(room);
    yield;
  }
}

/** Runs a command until there is room for it. Gives the failures. */
async function untilDone(disk: Disk, args: readonly string[], check: () => Promise<void>): Promise<Failure[]> {
  const failures: Failure[] = [];
  for await (const _ of rooms(disk, 2)) {
    const outcome = await disk.run(args);
    if (outcome.code === 0) return failures;
    const failure = failureOf(outcome);
    assert.deepEqual([failure.mend, failure.next], [mends[disk.kind], "run the command again"]);
    failures.push(failure);
    await check();
  }
  throw new Error("cannot be");
}

async function withDisk(
  kind: DiskKind,
  test: (disk: Disk, folder: string) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  await inFolder(async (folder) => {
    await writeSmall(folder);
    await Deno.mkdir(`${folder}/disk`);
    await using disk = Disk.open(kind, `${folder}/disk`, { ...env, HF_HUB_CACHE: `${folder}/disk/cache` });
    if (kind === "mount") await disk.call("dd", "if=/dev/zero", `of=${disk.path}/filler`, "bs=4096", "count=1");
    await test(disk, folder);
  });
}

await testDisks(
  "an export that does not fit leaves nothing, and is made when it does",
  ["mount", "limit"],
  (kind) =>
    withDisk(kind, async (disk, folder) => {
      for (const [i, args] of [[], ["--format", "packed"], ["--format", "onnx"], ["--shrink"]].entries()) {
        const command = ["export", `${folder}/tiny`, ...args, "--out"];
        const whole = await run([...command, `${folder}/whole${i}`]);
        assert.equal(whole.code, 0, whole.err.join("\n"));
        const before = await disk.contents();
        const out = `${disk.path}/exports/${i}`;
        const failures = await untilDone(disk, [...command, out], async () => {
          assert.deepEqual(await disk.contents(), before);
          assert.notEqual((await disk.call("test", "-e", out)).code, 0, "the folder is not left either");
        });
        assert.ok(
          failures.some(({ path }) => /model\.\w+$/.test(path)),
          `failed at ${failures.map(({ path }) => path)}`,
        );
        assert.deepEqual(await disk.contents(out), contents(`${folder}/whole${i}`));
      }
    }),
);

await testDisks(
  "a page that does not fit stays as it was",
  ["mount", "limit"],
  (kind) =>
    withDisk(kind, async (disk, folder) => {
      const out = `${disk.path}/run`;
      const { code, err } = await disk.run([...smallRun(folder), "--quiet", "--out", out]);
      assert.equal(code, 0, err.join("\n"));
      const before = await disk.contents();
      const failures = await untilDone(disk, ["report", out], async () => {
        assert.deepEqual(await disk.contents(), before);
      });
      assert.deepEqual(new Set(failures.map(({ path }) => path)), new Set([`${out}/report.html`]));
    }),
);

await testDisks(
  "a sweep goes on after all that did not fit, to the same results",
  ["mount", "limit"],
  (kind) =>
    withDisk(kind, async (disk, folder) => {
      const base = { model: `${folder}/tiny`, task: "mnist", data: `${folder}/few`, steps: 8, pruneSteps: 4, batch: 4 };
      const grid = {
        base: { ...base, optimizer: "sgd", saveEvery: 2, device: "cpu" },
        grid: { method: ["random", "magnitude"] },
      };
      await Deno.writeTextFile(`${folder}/grid.json`, JSON.stringify(grid));
      const whole = `${folder}/whole`, sweep = `${disk.path}/sweep`;
      for (const args of [["plan", `${folder}/grid.json`, "--out", whole], ["run", whole, "--quiet"]]) {
        const { code, err } = await run(["sweep", ...args]);
        assert.equal(code, 0, err.join("\n"));
      }
      const planned = await untilDone(disk, ["sweep", "plan", `${folder}/grid.json`, "--out", sweep], async () => {});
      assert.deepEqual(new Set(planned.map(({ path }) => path)), new Set([`${sweep}/cells.json`]));
      const failed = new Set<string>();
      for await (const _ of rooms(disk, 3)) {
        const { code, err } = await disk.run(["sweep", "run", sweep, "--quiet"]);
        if (code === 0) break;
        assert.equal(code, 1, err.join("\n"));
        assert.match(err.at(-1)!, /^error: \d of 2 cells failed; sweep status .+ says why$/);
        for (const line of err.slice(1, -1)) {
          const parts =
            /^\[.+\] cell (\d) \(.+\): (?:failed: (.+): cannot be written \(.+\); (.+), then run cell (\d) of .+ again to go on|accuracy .+)$/
              .exec(line);
          assert.ok(parts, line);
          const [, cell, path, mend, same] = parts;
          if (path === undefined) continue;
          failed.add(path.slice(sweep.length + 1).replace(/[0-9a-f]{8,}/, "ID"));
          assert.deepEqual([mend, same], [mends[kind], cell]);
        }
        const files = await disk.contents(sweep);
        assertWhole(files);
        assert.deepEqual(Object.keys(files).filter((path) => /partial$|^locks/.test(path)), []);
      }
      const names = ["locks/ID.json", "runs/ID/checkpoint.safetensors", "runs/ID/report.html"];
      for (const name of names) assert.ok(failed.has(name), `failed at ${[...failed].join(", ")} only`);
      await disk.call("cp", "-a", sweep, `${folder}/sweep`);
      assert.deepEqual(await comparable(`${folder}/sweep`), await comparable(whole));
    }),
);

await testDisks("the hub's cache holds what fitted, as a whole", ["mount", "limit"], async (kind) => {
  await inFolder(async (folder) => {
    await writeSmall(folder);
    const files = contents(`${folder}/tiny`);
    const served = Object.fromEntries(Object.entries(files).map(([name, content]) => [name, bytesOf(content)]));
    using hub = serveHub("owner/tiny", served);
    await withDisk(kind, async (disk) => {
      const before = Object.keys(await disk.contents());
      const failures = await untilDone(disk, ["inspect", "hf:owner/tiny"], async () => {
        const cached = Object.keys(await disk.contents()).filter((path) => !before.includes(path));
        assert.deepEqual(cached.filter((path) => /incomplete|partial/.test(path)), []);
      });
      for (const part of [/refs\/main$/, /blobs\/[0-9a-f]{64}$/]) {
        assert.ok(failures.some(({ path }) => part.test(path)), `failed at ${failures.map(({ path }) => path)}`);
      }
      const { code, out } = await disk.run(["inspect", "hf:owner/tiny"]);
      const plain = await run(["inspect", `${folder}/tiny`]);
      assert.deepEqual([code, out.slice(1)], [0, plain.out.slice(1)]);
    }, { HF_ENDPOINT: hub.url });
  });
});
