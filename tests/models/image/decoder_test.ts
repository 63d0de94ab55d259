import assert from "node:assert/strict";
import { parsePreprocessor } from "../../../models/data/preprocessor.ts";
import { openDecoder } from "../../../models/image/decoder.ts";
import { type ImageDecoder, inlineDecoder } from "../../../models/image/inline_decoder.ts";
import { openPool } from "../../../models/image/pool.ts";
import type { Recipe } from "../../../models/image/prepare_file.ts";
import { type Listener, startWeb, type Thread } from "../../../models/image/thread.ts";
import type { Answer, Job } from "../../../models/image/worker.ts";
import { pictureFile, pictures } from "./pictures.ts";

const recipe: Recipe = {
  config: parsePreprocessor({ size: 9 }, "c"),
  augment: { flip: 0.5, resizedCrop: true },
  channels: 3,
  pixelLimit: 1e6,
};
const files = pictures.map(({ file }) => file);
const key = (i: number) => [i, 7] as const;
const all = (decoder: ImageDecoder) =>
  Promise.all(files.map((file, i) => decoder.prepare(file, `file ${i}`, recipe, i % 2 ? key(i) : undefined)));
const inline = await all(inlineDecoder);

Deno.test("openDecoder() gives the same bytes from workers, more files than workers", async () => {
  using decoder = openDecoder(2);
  assert.deepEqual(await all(decoder), inline);
  assert.equal(decoder.trouble, undefined);
  assert.deepEqual(await all(decoder), inline, "the workers are there still");
});

Deno.test("openDecoder() has workers as in browsers, too", async () => {
  using decoder = openPool(2, startWeb);
  assert.deepEqual(await all(decoder), inline);
  assert.equal(decoder.trouble, undefined);
});

Deno.test("openDecoder() notices a worker whose program does not load", async () => {
  using decoder = openPool(1, (listener) => startWeb(listener, new URL("file:///nowhere/worker.ts")));
  assert.deepEqual(await decoder.prepare(files[0]!, "a", recipe), inline[0]);
  assert.ok(decoder.trouble);
});

Deno.test("openDecoder() passes the fault of a file on, and goes on", async () => {
  using decoder = openDecoder(1);
  const broken = decoder.prepare(pictureFile("420.jpg").subarray(0, 300), "a.jpg", recipe);
  const next = decoder.prepare(files[0]!, "b", recipe);
  await assert.rejects(broken, { name: "DataError", message: /^a.jpg: the JPEG is cut off/ });
  assert.deepEqual(await next, inline[0]);
  assert.equal(decoder.trouble, undefined);
});

Deno.test("openDecoder() does the work itself where workers cannot start", async () => {
  using decoder = openPool(3, () => {
    throw new Error("workers are not allowed here");
  });
  assert.deepEqual(await all(decoder), inline);
  assert.equal(decoder.trouble, "workers are not allowed here");
});

/** A worker that breaks down at the third job. */
function brittle(listener: Listener): Thread {
  let jobs = 0;
  return {
    post: ({ id }: Job) => {
      if (++jobs === 3) setTimeout(() => listener.failed("out of memory"));
      else setTimeout(() => listener.answer({ id, bytes: new Uint8Array(1) } as Answer));
    },
    busy: () => {},
    terminate: () => {},
  };
}

Deno.test("openDecoder() takes over the jobs of a worker that broke down", async () => {
  using decoder = openPool(1, brittle);
  const made = await all(decoder);
  assert.deepEqual(made.slice(0, 2).map(({ length }) => length), [1, 1]);
  assert.deepEqual(made.slice(2), inline.slice(2));
  assert.equal(decoder.trouble, "out of memory");
});

Deno.test("openDecoder() without workers, and after its release", async () => {
  const decoder = openDecoder(0);
  assert.deepEqual(await all(decoder), inline);
  decoder[Symbol.dispose]();
  await assert.rejects(decoder.prepare(files[0]!, "late.png", recipe), {
    name: "DataError",
    message: /^late.png: .*released/,
  });
  const busy = openDecoder(1);
  const job = busy.prepare(files[0]!, "a", recipe);
  busy[Symbol.dispose]();
  busy[Symbol.dispose]();
  await assert.rejects(job, { name: "DataError", message: /^a: the decoder was released before/ });
  assert.throws(() => openDecoder(-1), RangeError);
});

Deno.test("workers of a decoder that was not released let the process end", async () => {
  const program = `
    import { openDecoder } from "${new URL("../../../models/image/decoder.ts", import.meta.url)}";
    import { pictures } from "${new URL("./pictures.ts", import.meta.url)}";
    const recipe = ${JSON.stringify(recipe)};
    const decoder = openDecoder(1);
    const made = await decoder.prepare(pictures[0].file, "a", recipe);
    console.log(made.length, decoder.trouble);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", "--ext=ts", program],
    cwd: new URL("../../..", import.meta.url),
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(30_000),
  });
  const { success, stdout, stderr } = await child.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  assert.equal(new TextDecoder().decode(stdout).trim(), "243 undefined");
});
