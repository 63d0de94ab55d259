import assert from "node:assert/strict";
import fc from "fast-check";
import { decodePng } from "../../../models/image/png.ts";
import { chunk, header, join, pngFile, samplesOf, signature } from "./png_file.ts";

const limit = 1e6;
const error = (message: RegExp): object => ({ name: "DataError", message });

const kinds = [[0, [1, 2, 4, 8, 16]], [2, [8, 16]], [3, [1, 2, 4, 8]], [4, [8, 16]], [6, [8, 16]]] as const;
const kind = fc.constantFrom(...kinds.flatMap(([colour, depths]) => depths.map((depth) => [colour, depth] as const)));
const side = fc.integer({ min: 1, max: 19 });

Deno.test("decodePng() reads every colour type, depth, filter and interlacing", async () => {
  await fc.assert(
    fc.asyncProperty(kind, side, side, fc.boolean(), fc.nat(), async ([colour, depth], width, height, woven, seed) => {
      const value = (y: number, x: number, s: number) => Math.imul(seed + y * 31 + x * 7 + s, 2654435761) >>> 0;
      const sample = (y: number, x: number, s: number) => value(y, x, s) % 2 ** depth;
      const palette = Uint8Array.from({ length: 3 * 2 ** Math.min(8, depth) }, (_, i) => 255 - i * 5);
      const filter = (y: number) => (seed + y) % 5;
      const file = await pngFile({
        width,
        height,
        colour,
        depth,
        interlaced: woven,
        filter,
        sample,
        ...(colour === 3 ? { palette } : {}),
      });
      const picture = await decodePng(file, limit, "p");
      assert.deepEqual([picture.width, picture.height, picture.channels], [width, height, 3]);
      const upper = (v: number) => depth === 16 ? v >> 8 : v * 255 / (2 ** depth - 1);
      const expected: number[] = [];
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const all = Array.from({ length: samplesOf(colour) }, (_, s) => sample(y, x, s));
          if (colour === 3) expected.push(...palette.subarray(3 * all[0]!, 3 * all[0]! + 3));
          else for (let c = 0; c < 3; c++) expected.push(upper(all[samplesOf(colour) < 3 ? 0 : c]!));
        }
      }
      assert.deepEqual([...picture.data], expected);
    }),
    { numRuns: 150 },
  );
});

Deno.test("decodePng() refuses a header's claim before reserving memory for it", async () => {
  const claim = join([signature, header(60000, 60000, 8, 2), chunk("IDAT", new Uint8Array(9))]);
  await assert.rejects(decodePng(claim, 89_478_485, "big.png"), error(/^big.png: the picture is 60000 x 60000, more/));
  await assert.rejects(decodePng(join([signature, header(0, 5, 8, 2)]), limit, "p"), error(/is 0 x 5/));
});

Deno.test("decodePng() names what is wrong with a file", async () => {
  const file = await pngFile({ width: 9, height: 5, colour: 2, depth: 8, sample: (y, x) => y * x });
  await assert.rejects(decodePng(file.subarray(0, file.length - 20), limit, "p"), error(/^p: /));
  await assert.rejects(decodePng(Uint8Array.of(1, 2, 3), limit, "p"), error(/does not begin as a PNG/));
  await assert.rejects(decodePng(signature, limit, "p"), error(/cut off before its header/));
  await assert.rejects(decodePng(join([signature, header(3, 3, 7, 2)]), limit, "p"), error(/depth 7.* are no PNG/));
  await assert.rejects(decodePng(join([signature, header(3, 3, 8, 3)]), limit, "p"), error(/no palette/));
  await assert.rejects(
    decodePng(join([signature, chunk("IDAT", file)]), limit, "p"),
    error(/does not begin with a header/),
  );
  await assert.rejects(
    decodePng(join([signature, header(3, 3, 8, 2)]), limit, "p"),
    error(/pixels of the PNG|0 of 30/),
  );
  const wrong = await pngFile({ width: 2, height: 2, colour: 0, depth: 8, sample: () => 1 });
  const short = join([signature, header(2, 3, 8, 0), wrong.subarray(33)]);
  await assert.rejects(decodePng(short, limit, "p"), error(/6 of 9 bytes/));
});

Deno.test("decodePng() throws DataError and nothing else, whatever the bytes", async () => {
  const good = await pngFile({ width: 13, height: 7, colour: 6, depth: 8, interlaced: true, sample: (y, x) => y ^ x });
  const change = fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 8 }), fc.nat(good.length), async (changes, length) => {
      const file = good.slice(0, length);
      for (const { at, byte } of changes) if (at < length) file[at] = byte;
      try {
        await decodePng(file, limit, "p");
      } catch (fault) {
        assert.equal((fault as Error).name, "DataError", String(fault));
        assert.ok(!(fault as Error).message.includes("\n"));
      }
    }),
    { numRuns: 300 },
  );
});
