import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Augmentation,
  checkAugmentation,
  mirror,
  randomErasure,
  randomView,
} from "../../../models/data/augment.ts";
import { rng } from "../../../models/data/rng.ts";

const side = fc.integer({ min: 1, max: 50 });
const seed = fc.nat();

Deno.test("mirror() turns each row round, and twice is nothing", () => {
  assert.deepEqual([...mirror(Uint8Array.of(1, 2, 3, 4, 5, 6), 3)], [3, 2, 1, 6, 5, 4]);
  fc.assert(fc.property(side, side, (h, w) => {
    const planes = Uint8Array.from({ length: 3 * h * w }, (_, i) => i);
    assert.deepEqual(mirror(mirror(planes, w), w), planes);
  }));
});

Deno.test("randomView() stays within what was asked for", () => {
  const augment: Augmentation = { padding: 3, flip: 0.5, resizedCrop: true };
  fc.assert(fc.property(side, side, seed, (h, w, seed) => {
    const { moved, box } = randomView([3, h, w], augment, rng(seed));
    assert.ok(Math.abs(moved!.top) <= 3 && Math.abs(moved!.left) <= 3);
    assert.deepEqual([moved!.height, moved!.width], [h, w]);
    assert.ok(box!.height >= 1 && box!.width >= 1 && box!.top >= 0 && box!.left >= 0);
    assert.ok(box!.top + box!.height <= h && box!.left + box!.width <= w);
  }));
});

Deno.test("randomView() takes boxes of the share and ratio of Szegedy et al.", () => {
  const views = Array.from({ length: 2000 }, (_, i) => randomView([3, 350, 350], { resizedCrop: true }, rng(i)).box!);
  const shares = views.map(({ height, width }) => height * width / 122500);
  const ratios = views.map(({ height, width }) => width / height);
  assert.ok(Math.min(...shares) > 0.075 && Math.min(...shares) < 0.1 && Math.max(...shares) > 0.95);
  assert.ok(Math.min(...ratios) > 0.73 && Math.max(...ratios) < 1.36);
  const wide = ratios.filter((ratio) => ratio > 1).length / ratios.length;
  assert.ok(wide > 0.45 && wide < 0.55, `${wide}`);
  const strip = randomView([3, 2, 900], { resizedCrop: true }, rng(1)).box!;
  assert.deepEqual(strip, { top: 0, left: 448, height: 2, width: 3 }, "the middle of what has no such box");
});

Deno.test("randomView() flips as often as asked for", () => {
  const flips = (flip: number) =>
    Array.from({ length: 2000 }, (_, i) => randomView([3, 8, 8], { flip }, rng(i)).flipped).filter(Boolean).length;
  assert.deepEqual([flips(0), flips(1)], [0, 2000]);
  assert.ok(Math.abs(flips(0.25) - 500) < 80);
});

Deno.test("randomView() moves over the whole of the padding", () => {
  const tops = Array.from({ length: 500 }, (_, i) => randomView([3, 32, 32], { padding: 4 }, rng(i)).moved!.top);
  assert.deepEqual([...new Set(tops)].sort((a, b) => a - b), [-4, -3, -2, -1, 0, 1, 2, 3, 4]);
});

Deno.test("randomErasure() is as often and as large as asked for", () => {
  const boxes = Array.from({ length: 1000 }, (_, i) => randomErasure([3, 64, 64], { erase: 0.25 }, rng(i)));
  const made = boxes.flatMap((box) => box ?? []);
  assert.ok(Math.abs(made.length - 250) < 60, `${made.length}`);
  for (const { top, left, height, width } of made) {
    assert.ok(top >= 0 && left >= 0 && top + height <= 64 && left + width <= 64);
    assert.ok(height * width >= 0.015 * 4096 && height * width <= 0.35 * 4096);
  }
  assert.equal(randomErasure([3, 64, 64], {}, rng(1)), undefined);
});

Deno.test("checkAugmentation() refuses numbers that cannot be meant", () => {
  const bad: Augmentation[] = [
    { padding: -1 },
    { padding: 1.5 },
    { flip: 2 },
    { flip: NaN },
    { erase: -0.1 },
    { resizedCrop: { scale: [0, 1], ratio: [1, 1] } },
    { resizedCrop: { scale: [0.5, 0.2], ratio: [1, 1] } },
    { erase: { probability: 1, scale: [0.1, 0.2], ratio: [2, 1] } },
  ];
  for (const augment of bad) {
    assert.throws(() => checkAugmentation(augment, "d"), {
      name: "DataError",
      message: /^d: .* of the augmentation is/,
    });
  }
  const good: Augmentation = { padding: 4, flip: 0.5, resizedCrop: true, erase: 0.25 };
  assert.equal(checkAugmentation(good, "d"), good);
});
