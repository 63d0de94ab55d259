import assert from "node:assert/strict";
import fc from "fast-check";
import { resize, type ResizeFilter } from "../../../models/data/resize.ts";

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

Deno.test("resize() gives Pillow's pixels, growing and shrinking", () => {
  for (const [height, width, pixels] of pillow) {
    assert.deepEqual([...resize(picture, [6, 7], [height, width], "bilinear")], pixels, `${height} x ${width}`);
  }
});

const filter = fc.constantFrom<ResizeFilter>("nearest", "bilinear", "bicubic");
const side = fc.integer({ min: 1, max: 12 });

Deno.test("resize() keeps flat planes flat, and each plane to itself", () => {
  fc.assert(fc.property(filter, side, side, side, side, fc.nat(255), fc.nat(255), (by, h0, w0, h1, w1, one, two) => {
    const planes = new Uint8Array(2 * h0 * w0).fill(one, 0, h0 * w0).fill(two, h0 * w0);
    const expected = new Uint8Array(2 * h1 * w1).fill(one, 0, h1 * w1).fill(two, h1 * w1);
    assert.deepEqual(resize(planes, [h0, w0], [h1, w1], by), expected);
  }));
});

Deno.test("resize() stays within the brightness of its pixels but for bicubic, which overshoots and is clipped", () => {
  const pixels = fc.uint8Array({ minLength: 24, maxLength: 24 });
  fc.assert(fc.property(filter, pixels, side, side, (by, plane, h, w) => {
    const out = resize(plane, [4, 6], [h, w], by);
    assert.equal(out.length, h * w);
    if (by === "bicubic") return;
    assert.ok(Math.min(...out) >= Math.min(...plane) && Math.max(...out) <= Math.max(...plane));
  }));
  assert.deepEqual([...resize(Uint8Array.of(0, 0, 255, 255), [1, 4], [1, 8], "bicubic")].slice(0, 4), [0, 0, 0, 52]);
});

Deno.test("resize() to the same size changes nothing", () => {
  assert.equal(resize(picture, [6, 7], [6, 7], "bicubic"), picture);
});

Deno.test("resize() refuses planes and sizes that are none", () => {
  for (const [from, to] of [[[5, 7], [3, 3]], [[6, 7], [0, 3]], [[6, 7], [3, 1.5]]] as const) {
    assert.throws(() => resize(picture, from, to, "bilinear"), {
      name: "DataError",
      message: /whole planes and sizes/,
    });
  }
});
