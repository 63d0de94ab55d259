import assert from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import { writeSafetensors } from "../../../engine/mod.ts";
import { packTensors } from "../../../models/packed/pack.ts";
import { fileSizes } from "../../../models/packed/sizes.ts";
import { uniformArray } from "../../support/values.ts";
import { f32 } from "./support.ts";

Deno.test("fileSizes() gives the sizes of the files that would be written", async () => {
  const noise = uniformArray(700_000, 1);
  const keep = uniformArray(700_000, 2, 0, 1);
  const params = {
    sparse: f32([700, 1000], noise.map((value, i) => keep[i]! < 0.1 ? value : 0)),
    bias: f32([1000], noise.slice(0, 1000)),
  };
  const sizes = await fileSizes(params, { format: "pt" });
  const packed = packTensors(params);
  const file = writeSafetensors(packed.tensors, { format: "pt", ...packed.metadata });
  assert.equal(sizes.dense, writeSafetensors(params, { format: "pt" }).length);
  assert.equal(sizes.packed, file.length);
  // Other builds of zlib compress a little differently.
  const near = (actual: number, bytes: Uint8Array): void => {
    const expected = gzipSync(bytes).length;
    assert.ok(Math.abs(actual - expected) < 0.02 * expected, `${actual}, expected about ${expected}`);
  };
  near(sizes.denseGzip, writeSafetensors(params, { format: "pt" }));
  near(sizes.packedGzip, file);
  assert.equal(gunzipSync(gzipSync(file)).length, file.length);
  // One bit for each weight and 32 for each of a tenth: 4.2 of 32 bits.
  assert.ok(sizes.packed / sizes.dense > 0.125 && sizes.packed / sizes.dense < 0.14);
  assert.ok(sizes.packedGzip < sizes.denseGzip);
});
