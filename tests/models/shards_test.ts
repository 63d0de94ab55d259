import assert from "node:assert/strict";
import fc from "fast-check";
import { byteSource, type HostTensor, hostTensor, SafetensorsError, writeSafetensors } from "../../engine/mod.ts";
import { CheckpointError, loadCheckpoint } from "../../models/checkpoint.ts";
import { type Folder, memoryFolder } from "../../models/folder.ts";

const row = (...values: number[]): HostTensor => hostTensor(new Float32Array(values));
const first = writeSafetensors({ a: row(1, 2), b: row(3) }, { format: "pt" });
const second = writeSafetensors({ c: row(4, 5, 6) });
const files = { one: "model-00001-of-00002.safetensors", two: "model-00002-of-00002.safetensors" };
const index = (map: unknown): string => JSON.stringify({ metadata: { total_size: 24 }, weight_map: map });
const map = { a: files.one, b: files.one, c: files.two };

function load(changes: Record<string, Uint8Array | string | undefined> = {}): ReturnType<typeof loadCheckpoint> {
  const all: Record<string, Uint8Array | string | undefined> = {
    "config.json": "{}",
    "model.safetensors.index.json": index(map),
    [files.one]: first,
    [files.two]: second,
    ...changes,
  };
  const there = Object.entries(all).filter((entry): entry is [string, Uint8Array | string] => entry[1] !== undefined);
  return loadCheckpoint(memoryFolder(Object.fromEntries(there), "dir"));
}

const fails = (message: RegExp): object => ({ name: "CheckpointError", message });

Deno.test("loadCheckpoint() puts the shards of an index together", async () => {
  const { params, metadata } = await load();
  assert.deepEqual(params, { a: row(1, 2), b: row(3), c: row(4, 5, 6) });
  assert.deepEqual(metadata, { format: "pt" });
});

Deno.test("one model.safetensors goes before an index", async () => {
  assert.deepEqual((await load({ "model.safetensors": second })).params, { c: row(4, 5, 6) });
});

Deno.test("an index that does not fit its files is refused by name", async () => {
  await assert.rejects(load({ [files.two]: undefined }), fails(/^dir: there is no model-00002-of.*of the 2 files/));
  await assert.rejects(
    load({ "model.safetensors.index.json": index({ ...map, d: files.two }) }),
    fails(/^dir\/model-00002.*: there is no d, which model\.safetensors\.index\.json puts there/),
  );
  await assert.rejects(
    load({ "model.safetensors.index.json": index({ a: files.one, c: files.two }) }),
    fails(/^dir\/model-00001.*: has b, which model\.safetensors\.index\.json does not put there/),
  );
  await assert.rejects(load({ "model.safetensors.index.json": index({}) }), fails(/names no tensor/));
});

Deno.test("an index cannot reach outside of its folder", async () => {
  for (const path of ["../secret.safetensors", "/etc/passwd", "sub/x.safetensors", "a\\b.safetensors", "x.bin"]) {
    await assert.rejects(
      load({ "model.safetensors.index.json": index({ ...map, a: path }) }),
      fails(/expected the name of a safetensors file beside the index/),
    );
  }
});

Deno.test("a mutated index or shard is an error of the loader's own classes", async () => {
  const text = index(map);
  await fc.assert(fc.asyncProperty(
    fc.nat(text.length - 1),
    fc.string({ maxLength: 3 }),
    fc.nat(first.length),
    async (at, patch, cut) => {
      const attempts = [
        { "model.safetensors.index.json": text.slice(0, at) + patch + text.slice(at + 1) },
        { [files.one]: first.slice(0, cut) },
      ];
      for (const changes of attempts) {
        try {
          await load(changes);
        } catch (error) {
          assert.ok(error instanceof CheckpointError || error instanceof SafetensorsError, String(error));
        }
      }
    },
  ));
});

Deno.test("a large file is read tensor by tensor, never as a whole", async () => {
  const bytes = writeSafetensors({ a: row(...Array(1000).fill(1)), b: row(...Array(500).fill(2)) });
  const lengths: number[] = [];
  let closed = 0;
  const files: Folder = {
    ...memoryFolder({ "config.json": "{}", "model.safetensors": new Uint8Array(0) }, "dir"),
    open: () => {
      const source = byteSource(bytes);
      const read = (offset: number, length: number): Promise<Uint8Array> => {
        lengths.push(length);
        return source.read(offset, length);
      };
      return Promise.resolve({ size: source.size, read, [Symbol.dispose]: () => void closed++ });
    },
  };
  const { params } = await loadCheckpoint(files);
  assert.deepEqual(Object.keys(params), ["a", "b"]);
  assert.equal(Math.max(...lengths), 4000);
  assert.equal(closed, 1);
});
