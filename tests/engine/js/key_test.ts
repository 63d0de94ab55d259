import assert from "node:assert/strict";
import type { MapKernel } from "../../../engine/compile/kernel.ts";
import { kernelKey } from "../../../engine/js/key.ts";
import { arg, constant, load, rowMajor, scalar, store } from "./build.ts";

const at = rowMajor([4]);
const kernel: MapKernel = {
  kind: "map",
  label: "first",
  args: [arg(4, "write"), arg(4)],
  dims: [4],
  stores: [store(0, at, scalar("add", [load(1, at), constant(0)]))],
};

Deno.test("kernelKey() forgets labels and buffers", () => {
  const args = kernel.args.map((one) => ({ ...one, buffer: 9 }));
  assert.equal(kernelKey(kernel), kernelKey({ ...kernel, label: "second", args }));
});

Deno.test("kernelKey() tells different kernels apart", () => {
  const others: readonly MapKernel[] = [
    { ...kernel, dims: [3] },
    { ...kernel, stores: [store(0, at, scalar("add", [load(1, at), constant(-0)]))] },
    { ...kernel, stores: [store(0, at, scalar("sub", [load(1, at), constant(0)]))] },
    { ...kernel, stores: [store(1, at, kernel.stores[0]!.value)] },
    { ...kernel, stores: [store(0, at, scalar("add", [load(1, at, "u32"), constant(0)], "f32"))] },
  ];
  assert.equal(new Set([kernel, ...others].map(kernelKey)).size, others.length + 1);
});
