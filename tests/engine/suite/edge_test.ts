import type { Tensor } from "../../../engine/graph/node.ts";
import * as o from "../../../engine/ops.ts";
import { type Case, checkCases, onDevices, randoms, tensor } from "./support.ts";
import { exact, rounding } from "./tolerance.ts";

onDevices("tensors without elements", async (device) => {
  const none = tensor([0, 3], []), some = randoms([2, 3], 1), ids = tensor([0], [], "u32");
  const cases: readonly Case[] = [
    { name: "sums", inputs: [none], build: (x) => [o.sum(x), o.sum(x, 0), o.sum(x, 1), o.max(x, 0)], tolerance: exact },
    { name: "elementwise", inputs: [none], build: (x) => o.add(o.mul(x, 2), 1), tolerance: exact },
    { name: "concat", inputs: [none, some], build: (x, y) => o.concat([x, y], 0), tolerance: exact },
    { name: "gather", inputs: [some, ids], build: (t, i) => o.gather(t, i), tolerance: exact },
    { name: "scatterAdd", inputs: [ids, none], build: (i, u) => o.scatterAdd(i, u, 2), tolerance: exact },
    {
      name: "products",
      inputs: [none, some],
      build: (x, y) => [o.matmul(x, o.transpose(y)), o.matmul(o.transpose(x), x)],
      tolerance: exact,
    },
  ];
  await checkCases(device, cases);
});

onDevices("chains longer than any recursion", async (device) => {
  const chain = (length: number) => (x: Tensor) => {
    let y = x;
    for (let i = 0; i < length; i++) y = o.add(o.mul(y, 0.75), 0.25);
    return y;
  };
  const lengths = device.kind === "cpu" ? [300, 3000] : [300];
  await checkCases(
    device,
    lengths.map((length): Case => ({
      name: `${length} operations in a row`,
      inputs: [randoms([40], length)],
      build: chain(length),
      tolerance: rounding(1, 16),
    })),
  );
});
