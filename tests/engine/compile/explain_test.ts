import assert from "node:assert/strict";
import { explain } from "../../../engine/compile/explain.ts";
import * as o from "../../../engine/ops.ts";
import { planStep, type } from "./support.ts";
import { planTrainingStep, SMALL } from "./vit_step.ts";

Deno.test("explain() prints graph, kernels, slots and copies", () => {
  const { traced, plan } = planStep((s, { x }) => ({
    state: { a: o.mul(o.transpose(s.a!), 2), b: o.add(s.b!, x!) },
    metrics: { loss: o.mean(o.square(o.matmul(s.a!, o.tanh(x!)))) },
  }), { state: { a: type([32, 32]), b: type([32, 32]) }, batch: { x: type([32, 32]) } });
  const text = explain(traced, plan, { graph: true, expressions: true });
  assert.match(text, /^graph: \d+ nodes, 2 state leaves, 1 batch leaves, 1 metrics$/m);
  assert.match(text, /^ {2}#\d+ tanh\(#\d+\): f32\[32,32\]$/m);
  assert.match(text, /^kernels: \d+ \(.*1 contract.*\), \d.*flop, .* moved$/m);
  assert.match(text, /contract matmul.* \(32x32x32\) \[\d/);
  assert.match(text, /arg\d\[.*\] = mul\(arg\d\[.*\], 2\)/);
  assert.match(text, /^slots: .* buffers; largest live set /m);
  assert.match(text, /^copies at the end: \d+ -> 0 \(4.0 KiB\)$/m);
});

Deno.test("explain() of a training step is the stored one", async (t) => {
  const { traced, plan } = planTrainingStep(SMALL);
  await t.assertSnapshot(explain(traced, plan));
});

Deno.test("a training step has at most 38 kernels a layer and 16 beside them", () => {
  const [two, three] = [2, 3].map((layers) => planTrainingStep({ ...SMALL, layers }).plan.kernels.length);
  const perLayer = three! - two!;
  assert.ok(perLayer <= 38, `${perLayer} kernels a layer`);
  assert.ok(two! - 2 * perLayer <= 16, `${two! - 2 * perLayer} kernels beside the layers`);
});

Deno.test("a training step updates all of its state in place", () => {
  assert.deepEqual(planTrainingStep(SMALL).plan.stateCopies, []);
});

Deno.test("slots of a training step are at most 15 % above what is live at once", () => {
  for (const sizes of [SMALL, { ...SMALL, layers: 4, batch: 64 }]) {
    const { slotBytes, liveBytes } = planTrainingStep(sizes).plan;
    assert.ok(slotBytes >= liveBytes && slotBytes <= 1.15 * liveBytes, `${slotBytes} for ${liveBytes}`);
  }
});

Deno.test("equal layers share kernels", () => {
  const shape = ({ args: _, ...kernel }: object & { args: unknown }) => JSON.stringify(kernel);
  const distinct = (layers: number) => new Set(planTrainingStep({ ...SMALL, layers }).plan.kernels.map(shape)).size;
  assert.equal(distinct(5), distinct(4));
});

Deno.test("a step of twelve layers is planned within three seconds", () => {
  const start = performance.now();
  planTrainingStep({ layers: 12, hidden: 768, heads: 12, batch: 32, image: 224, patch: 16 });
  assert.ok(performance.now() - start < 3000);
});
