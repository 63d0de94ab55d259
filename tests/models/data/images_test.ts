import assert from "node:assert/strict";
import { makeImages } from "../../../models/data/images.ts";

Deno.test("makeImages() counts the images and lets bytes mean byte / 255", () => {
  const split = makeImages(new Uint8Array(2 * 12), Uint32Array.of(1, 0), [3, 2, 2], "f");
  assert.equal(split.count, 2);
  assert.equal(split.values.length, 3 * 256);
  for (const c of [0, 1, 2]) assert.deepEqual([split.values[256 * c], split.values[256 * c + 255]], [0, 1]);
});

Deno.test("makeImages() refuses no images, and images and labels that differ in number", () => {
  const error = (message: RegExp): object => ({ name: "DataError", message });
  assert.throws(
    () => makeImages(new Uint8Array(0), new Uint32Array(0), [1, 2, 2], "f"),
    error(/^f: there are no images/),
  );
  assert.throws(
    () => makeImages(new Uint8Array(12), new Uint32Array(2), [1, 2, 2], "f"),
    error(/^f: 3 images of 1 x 2 x 2 for 2 labels; use files of one data set$/),
  );
});
