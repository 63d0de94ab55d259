import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeImage } from "../../../models/image/decode.ts";
import { inlineDecoder } from "../../../models/image/inline_decoder.ts";
import { pictureFile as file, pictures } from "./pictures.ts";

const error = (message: RegExp): object => ({ name: "DataError", message });
for (const { name, file, pixels, width, height } of pictures) {
  Deno.test(`decodeImage() gives Pillow's pixels: ${name}`, async () => {
    const picture = await decodeImage(file, name);
    assert.deepEqual([picture.width, picture.height, picture.channels], [width, height, 3]);
    // Four components go through the platform's decoder.
    const tolerance = name.includes("cmyk") ? 1 : 0;
    picture.data.forEach((byte, i) => assert.ok(Math.abs(byte - pixels[i]!) <= tolerance, `byte ${i}`));
  });
}

Deno.test("decodeImage() goes by the content, not by the name", async () => {
  assert.equal((await decodeImage(file("rgb.png"), "wrong.jpg")).width, 23);
  await assert.rejects(
    decodeImage(new TextEncoder().encode("<html>"), "a.jpg"),
    error(/^a.jpg: is no PNG, JPEG, WebP/),
  );
  await assert.rejects(decodeImage(new Uint8Array(0), "empty.png"), error(/^empty.png: is no PNG/));
});

Deno.test("decodeImage() refuses JPEG files that are cut off, as Pillow does", async () => {
  for (const name of ["420.jpg", "progressive.jpg", "cmyk.jpg"]) {
    const whole = file(name);
    for (const share of [0.02, 0.4, 0.9, 0.99]) {
      const part = whole.subarray(0, Math.floor(share * whole.length));
      await assert.rejects(decodeImage(part, "half.jpg"), error(/^half.jpg: (the JPEG|is no PNG)/), `${name} ${share}`);
    }
    assert.equal((await decodeImage(whole, name)).width, 23);
  }
});

Deno.test("decodeImage() checks the claimed size of every format first", async () => {
  const claims: Record<string, Uint8Array> = {
    "gif": Uint8Array.from([...new TextEncoder().encode("GIF89a"), 0x60, 0xea, 0x60, 0xea, 0, 0, 0]),
    "webp": Uint8Array.from([
      ...new TextEncoder().encode("RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0"),
      ...[0x5f, 0xea, 0, 0x5f, 0xea, 0],
    ]),
    "bmp": Object.assign(new Uint8Array(54), { 0: 0x42, 1: 0x4d, 14: 40, 18: 0x60, 19: 0xea, 22: 0x60, 23: 0xea }),
  };
  const jpeg = file("420.jpg").slice();
  const frame = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);
  jpeg.set([0xea, 0x60, 0xea, 0x60], frame + 5);
  claims.jpeg = jpeg;
  for (const [name, bytes] of Object.entries(claims)) {
    await assert.rejects(
      decodeImage(bytes, name),
      error(/the picture is 60000 x 60000, more than 89478485 pixels/),
      name,
    );
  }
  await assert.rejects(decodeImage(file("rgb.png"), "p", 100), error(/is 23 x 14, more than 100 pixels/));
});

Deno.test("decodeImage() throws DataError and nothing else, whatever the bytes", async () => {
  const names = pictures.map(({ name }) => name);
  const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), byte: fc.nat(255), early: fc.boolean() });
  const share = fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.array(change, { maxLength: 6 }),
      share,
      async (name, changes, part) => {
        const bytes = file(name).slice(0, Math.ceil(part * file(name).length));
        for (const { at, byte, early } of changes) {
          bytes[Math.floor(at * (early ? Math.min(40, bytes.length - 1) : bytes.length - 1))] = byte;
        }
        try {
          await decodeImage(bytes, name, 1e6);
        } catch (fault) {
          assert.equal((fault as Error).name, "DataError", String(fault));
          assert.ok(!(fault as Error).message.includes("\n"), (fault as Error).message);
        }
      },
    ),
    { numRuns: 400 },
  );
});

Deno.test("a decoder that failed on one file decodes the next", async () => {
  const broken = file("420.jpg").slice();
  const tables = broken.findIndex((byte, i) => byte === 0xff && broken[i + 1] === 0xc4);
  broken.fill(0xff, tables + 4, tables + 20);
  await assert.rejects(decodeImage(broken, "broken.jpg"), error(/^broken.jpg: the JPEG cannot be decoded/));
  assert.equal((await decodeImage(file("420.jpg"), "next.jpg")).width, 23);
  inlineDecoder[Symbol.dispose]();
});
