import assert from "node:assert/strict";
import { add, distillation, linear, mul, relu, type Tensor } from "../../engine/mod.ts";
import { type Loss, type Named, runPruning } from "../../seven/mod.ts";
import { assertClose } from "../support/assert_close.ts";
import { plainLoss } from "./support/oracle.ts";
import { runOptions } from "./support/run_options.ts";
import { cpuDevice, toy, type ToyData } from "./support/toy.ts";

const logits = (p: Named<Tensor>, x: Tensor): Tensor => linear(relu(linear(x, p.w1!, p.b1!)), p.w2!, p.b2!);

/** Half hard and half soft targets. */
const mixed: Loss<ToyData<Tensor>> = (params, data, context) => {
  const soft = distillation(logits(params, data.x), logits(context.teacher, data.x), { temperature: 2 });
  return add(mul(toy.loss(params, data, context), 0.5), mul(soft, 0.5));
};

Deno.test("a loss may learn from a teacher, whose parameters never change", async () => {
  using device = cpuDevice();
  const firsts: number[] = [];
  for (const teacher of [toy.params(), toy.params(5)]) {
    const losses: number[] = [];
    const result = await runPruning({
      ...runOptions(device),
      batches: toy.hostBatches(),
      loss: mixed,
      teacher,
      onReport: ({ loss }) => losses.push(loss),
    });
    using state = result.state;
    const after = await state.readAll("teacher");
    assert.deepEqual(Object.keys(after).sort(), ["teacher/b1", "teacher/b2", "teacher/w1", "teacher/w2"]);
    for (const [name, { data }] of Object.entries(teacher)) assert.deepEqual(after[`teacher/${name}`]!.data, data);
    assert.equal(result.kept, 72);
    firsts.push(losses[0]!);
  }
  // At the first step the first teacher is the student: nothing is left but the hard half.
  const params = Object.fromEntries(Object.entries(toy.params()).map(([name, { data }]) => [name, data]));
  const hard = plainLoss(params, toy.batches().next().value!) / 2;
  assertClose([firsts[0]!], [hard], { rtol: 1e-5 });
  assert.ok(firsts[1]! > hard * 1.01, `${firsts[1]} of another teacher, ${hard} without`);
});

Deno.test("the state has no teacher where none is given", async () => {
  using device = cpuDevice();
  const { state } = await runPruning(runOptions(device));
  using _state = state;
  assert.ok(!Object.keys(await state.readAll()).some((path) => path.startsWith("teacher")));
});
