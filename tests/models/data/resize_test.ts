import assert from "node:assert/strict";
import fc from "fast-check";
import { resizeBilinear } from "../../../models/data/resize.ts";

const picture = Uint8Array.from({ length: 42 }, (_, i) => i * i * 7 + i * 13); // 6 rows of 7

/** What Pillow 13 makes of it: Image.frombytes("L", (7, 6), picture).resize((width, height), Image.BILINEAR). */
const pillow: [height: number, width: number, pixels: number[]][] = [
  [3, 4, [73, 105, 167, 143, 105, 171, 176, 162, 111, 105, 157, 105]],
  [9, 10, [
    0,
    11,
    29,
    52,
    85,
    124,
    168,
    221,
    165,
    74,
    89,
    57,
    51,
    109,
    93,
    121,
    193,
    191,
    137,
    73,
    151,
    108,
    99,
    172,
    117,
    131,
    215,
    169,
    129,
    101,
    45,
    131,
    202,
    202,
    183,
    184,
    202,
    202,
    208,
    215,
    25,
    101,
    168,
    184,
    209,
    195,
    149,
    194,
    188,
    161,
    63,
    81,
    106,
    138,
    207,
    194,
    108,
    169,
    140,
    79,
    189,
    148,
    101,
    58,
    165,
    197,
    148,
    136,
    110,
    85,
    145,
    117,
    85,
    59,
    126,
    159,
    154,
    157,
    109,
    49,
    70,
    69,
    71,
    79,
    97,
    120,
    149,
    187,
    115,
    12,
  ]],
  [2, 7, [75, 90, 150, 129, 185, 192, 116, 110, 114, 99, 195, 144, 172, 85]],
  [6, 3, [20, 109, 164, 118, 129, 133, 151, 203, 221, 85, 179, 136, 137, 149, 115, 71, 113, 121]],
];

Deno.test("resizeBilinear() gives Pillow's pixels within 1, growing and shrinking", () => {
  for (const [height, width, pixels] of pillow) {
    const actual = resizeBilinear(picture, [6, 7], [height, width]);
    assert.equal(actual.length, pixels.length);
    for (let i = 0; i < pixels.length; i++) assert.ok(Math.abs(actual[i] - pixels[i]) <= 1, `${height}x${width} ${i}`);
  }
});

Deno.test("resizeBilinear() keeps flat planes flat, and each plane to itself", () => {
  const side = fc.integer({ min: 1, max: 12 });
  fc.assert(fc.property(side, side, side, side, fc.nat(255), fc.nat(255), (h0, w0, h1, w1, first, second) => {
    const planes = new Uint8Array(2 * h0 * w0).fill(first, 0, h0 * w0).fill(second, h0 * w0);
    const expected = new Uint8Array(2 * h1 * w1).fill(first, 0, h1 * w1).fill(second, h1 * w1);
    assert.deepEqual(resizeBilinear(planes, [h0, w0], [h1, w1]), expected);
  }));
});

Deno.test("resizeBilinear() to the same size changes nothing", () => {
  assert.deepEqual(resizeBilinear(picture, [6, 7], [6, 7]), picture);
});
