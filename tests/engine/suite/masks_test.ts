import { keepBlocks, keepNOfM, keepTopKPerRow, keepTopKPerTensor } from "../../../engine/masks.ts";
import { notEqual } from "../../../engine/ops.ts";
import { keepTopK } from "../../../engine/select.ts";
import { type Case, checkCases, integers, onDevices, randoms, tensor } from "./support.ts";

const k = (value: number) => tensor([], [value], "u32");

onDevices("keepTopKPerRow() and keepNOfM()", async (device) => {
  const ties = tensor([7, 12], integers([7, 12], 1, 4).data), x = randoms([6, 100], 2);
  const eligible = integers([7, 12], 3, 2);
  await checkCases(device, [
    { name: "rows", inputs: [x, k(17)], build: (x, k) => keepTopKPerRow(x, k) },
    { name: "rows with ties", inputs: [ties, k(5)], build: (x, k) => [keepTopKPerRow(x, k), keepTopKPerRow(x, 3)] },
    { name: "none", inputs: [ties, k(0)], build: (x, k) => keepTopKPerRow(x, k) },
    { name: "more than all", inputs: [ties, k(99)], build: (x, k) => keepTopKPerRow(x, k) },
    {
      name: "eligible",
      inputs: [ties, eligible],
      build: (x, e) => [keepTopKPerRow(x, 4, notEqual(e, 0)), keepNOfM(x, 2, 4, notEqual(e, 0))],
    },
    ...([[2, 4], [4, 8], [1, 3], [2, 5], [3, 7], [1, 16]] as const).map(([n, m]): Case => ({
      name: `${n}:${m}`,
      inputs: [ties, x],
      build: (ties, x) => [keepNOfM(ties, n, m), keepNOfM(x, n, m)],
    })),
  ]);
});

onDevices("keepBlocks()", async (device) => {
  const a = tensor([2, 8, 12], integers([2, 8, 12], 1, 40).data), b = tensor([5, 7], integers([5, 7], 2, 40).data);
  const eligible = integers([5, 7], 3, 2);
  await checkCases(
    device,
    ([[2, 2], [4, 1], [3, 5]] as const).flatMap(([rows, cols]): Case[] => [
      {
        name: `sums of ${rows} x ${cols}`,
        inputs: [a, b, k(9)],
        build: (a, b, k) => Object.values(keepBlocks({ a, b }, k, { rows, cols, score: "sum" })),
      },
      {
        name: `means of ${rows} x ${cols}, some eligible`,
        inputs: [b, eligible, k(4)],
        build: (b, e, k) => keepBlocks({ b }, k, { rows, cols, eligible: { b: notEqual(e, 0) } }).b!,
      },
    ]),
  );
});

onDevices("selections per tensor and with a least density", async (device) => {
  const a = randoms([30, 40], 1, 0, 0.01), b = randoms([50, 50], 2, 0, 1), c = randoms([7], 3, 0, 0.001);
  await checkCases(device, [
    {
      name: "per tensor",
      inputs: [a, b, k(400), k(33)],
      build: (a, b, p, q) => Object.values(keepTopKPerTensor({ a, b }, { a: p, b: q })),
    },
    {
      name: "least density",
      inputs: [a, b, c, k(1500)],
      build: (a, b, c, k) => Object.values(keepTopK({ a, b, c }, k, undefined, { leastDensity: 0.1 })),
    },
  ]);
});
