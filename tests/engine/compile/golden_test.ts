import type { Kernel } from "../../../engine/compile/kernel.ts";
import { grad } from "../../../engine/grad.ts";
import { emitKernel as emitJs } from "../../../engine/js/emit.ts";
import { gelu, layerNorm, softmax } from "../../../engine/nn/mod.ts";
import * as o from "../../../engine/ops.ts";
import { emitKernel as emitWgsl } from "../../../engine/wgsl/emit.ts";
import type { Target } from "../../../engine/wgsl/target.ts";
import { planFunction, planStep, type } from "./support.ts";

const hardware: Target = {
  software: false,
  bindings: 10,
  bindingBytes: 2 ** 27,
  invocations: 256,
  workgroupBytes: 16384,
  groups: 65535,
};
const big = type([64, 32]);

/** One kernel of each kind. */
const kernels: Readonly<Record<string, () => Kernel>> = {
  "map with three outputs in place": () =>
    planStep((s, { g }) => {
      const m = o.add(o.mul(s.m!, 0.9), o.mul(g!, 0.1));
      const v = o.add(o.mul(s.v!, 0.99), o.mul(o.square(g!), 0.01));
      return { state: { m, v, p: o.sub(s.p!, o.div(m, o.sqrt(v))) }, metrics: {} };
    }, { state: { p: big, m: big, v: big }, batch: { g: big } }).plan.kernels[0]!,
  "row softmax": () => planFunction(({ x }) => softmax(x!), { x: big }).kernels[0]!,
  "row layerNorm": () =>
    planFunction(({ x, g, b }) => layerNorm(x!, g!, b!, 1e-5), { x: big, g: type([32]), b: type([32]) }).kernels[0]!,
  "column sums": () =>
    planFunction(({ g, x }) => [o.sum(g!, 0), o.sum(o.mul(g!, x!), 0)], { g: big, x: big }).kernels[0]!,
  "contract with bias and gelu": () =>
    planFunction(({ x, w, b }) => gelu(o.add(o.matmul(x!, w!), b!)), { x: big, w: type([32, 48]), b: type([48]) })
      .kernels[0]!,
  "opaque gradient of a look-up": () =>
    planFunction(({ t, i }) => grad(o.sum(o.square(o.gather(t!, i!))), t!), { t: big, i: type([20], "u32") }).kernels
      .find(({ kind, label }) => kind === "opaque" && label.includes("scatterAdd"))!,
};

for (const [name, kernel] of Object.entries(kernels)) {
  Deno.test(`emitKernel() of a ${name} as WGSL`, async (t) => {
    await t.assertSnapshot(
      emitWgsl(kernel(), hardware).map(({ wgsl, groups }) => `${wgsl}\ngroups ${groups}`).join("\n\n"),
    );
  });
  Deno.test(`emitKernel() of a ${name} as JavaScript`, async (t) => {
    await t.assertSnapshot(emitJs(kernel()).source);
  });
}
