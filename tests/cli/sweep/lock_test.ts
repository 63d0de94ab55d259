import assert from "node:assert/strict";
import { BusyError, lockAge, staleAfter, takeLock } from "../../../seven/cli/sweep/lock.ts";
import { exitCodeOf } from "../../../seven/cli/errors.ts";
import { inFolder } from "../support.ts";

/** A lock as another process left it, of some age in seconds. */
async function foreign(path: string, host: string, age: number): Promise<void> {
  await Deno.mkdir(path.replace(/\/[^/]*$/, ""), { recursive: true });
  await Deno.writeTextFile(path, JSON.stringify({ host, pid: 7, since: "", token: "other" }));
  const time = new Date(Date.now() - 1000 * age);
  await Deno.utime(path, time, time);
}

Deno.test("a lock is one process's until it is given back", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/locks/a.json`;
    {
      using _lock = await takeLock(path, "cell 3");
      await assert.rejects(takeLock(path, "cell 3"), (error: Error) => {
        assert.ok(error instanceof BusyError);
        assert.equal(exitCodeOf(error), 75);
        const { pid } = JSON.parse(Deno.readTextFileSync(path));
        assert.match(error.message, new RegExp(`^cell 3: is being run by process ${pid} on .+, last seen \\d s ago; `));
        return true;
      });
      assert.ok(lockAge(path)! < 2000);
    }
    assert.equal(lockAge(path), undefined);
    using _again = await takeLock(path, "cell 3");
  });
});

Deno.test("another machine's lock holds while it is young, and is taken over when it is stale", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/locks/a.json`;
    await foreign(path, "elsewhere", staleAfter / 1000 - 10);
    await assert.rejects(takeLock(path, "cell 0"), /^BusyError|run by process 7 on elsewhere, last seen 50 s ago/);
    await foreign(path, "elsewhere", staleAfter / 1000 + 1);
    const both = await Promise.allSettled([takeLock(path, "cell 0"), takeLock(path, "cell 0")]);
    const held = both.filter((one) => one.status === "fulfilled");
    assert.equal(held.length, 1, "one of two that take it over at once");
    held[0]!.value[Symbol.dispose]();
  });
});

Deno.test("the lock of a process that died here is taken over at once", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/locks/a.json`;
    let host: string;
    {
      using _lock = await takeLock(path, "cell 0");
      ({ host } = JSON.parse(await Deno.readTextFile(path)));
    }
    await foreign(path, host, 1);
    using _lock = await takeLock(path, "cell 0");
    assert.notEqual(JSON.parse(await Deno.readTextFile(path)).token, "other");
  });
});

Deno.test("a process whose lock was taken over is told, and does not remove what is another's", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/locks/a.json`;
    {
      using lock = await takeLock(path, "cell 0", 50);
      await foreign(path, "elsewhere", 0);
      if (!lock.lost.aborted) await new Promise((resolve) => lock.lost.addEventListener("abort", resolve));
    }
    assert.equal(JSON.parse(await Deno.readTextFile(path)).host, "elsewhere");
  });
});
