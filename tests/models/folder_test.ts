import assert from "node:assert/strict";
import { memoryFolder } from "../../models/folder.ts";

Deno.test("memoryFolder() serves bytes and text, and nothing that objects inherit", async () => {
  const folder = memoryFolder({ a: Uint8Array.of(1, 2), b: "ä" }, "m");
  assert.deepEqual(await folder.read("a"), Uint8Array.of(1, 2));
  assert.deepEqual(await folder.read("b"), Uint8Array.of(0xc3, 0xa4));
  assert.deepEqual([await folder.exists("a"), await folder.exists("c"), await folder.exists("toString")], [
    true,
    false,
    false,
  ]);
  await assert.rejects(folder.read("toString"), /m\/toString: no such file/);
});

Deno.test("memoryFolder() lists what lies directly in a folder", async () => {
  const folder = memoryFolder({ "a.txt": "", "b/c.txt": "", "b/d/e.txt": "", "bc.txt": "" }, "m");
  const list = async (path: string) => (await folder.list!(path)).sort();
  assert.deepEqual(await list(""), ["a.txt", "b/", "bc.txt"]);
  assert.deepEqual([await list("b"), await list("b/")], [["c.txt", "d/"], ["c.txt", "d/"]]);
  assert.deepEqual(await list("nothing"), []);
});
