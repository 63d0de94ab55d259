import assert from "node:assert/strict";
import fc from "fast-check";
import { grad } from "../../../engine/grad.ts";
import { inputTensor } from "../../../engine/graph/input.ts";
import { setSimplifier, ShapeError, type Tensor, withTable } from "../../../engine/graph/node.ts";
import * as o from "../../../engine/ops.ts";
import { interpret } from "../../../engine/reference/interpret.ts";
import { assertClose, assertSame } from "../../support/assert_close.ts";
import { uniformArray } from "../../support/values.ts";

const x = (): Tensor => inputTensor([2, 3], "f32", 0);

Deno.test("simplify() applies its rules", () => {
  withTable(() => {
    const a = x();
    assert.equal(o.mul(a, 1), a);
    assert.equal(o.mul(1, a), a);
    assert.equal(o.div(a, 1), a);
    assert.equal(o.sub(a, 0), a);
    assert.equal(o.neg(o.neg(a)), a);
    assert.equal(o.cast(a, "f32"), a);
    assert.equal(o.not(o.not(o.less(a, 0))), o.less(a, 0));
    assert.equal(o.where(o.constant(1, [2, 3], "bool"), a, 0), a);
    assert.equal(o.reshape(o.reshape(a, [6]), [2, 3]), a);
    assert.equal(o.permute(o.permute(a, [1, 0]), [1, 0]), a);
    assert.equal(o.slice(a, 1, 0, 3), a);
    assert.equal(o.reshape(o.constant(2, [6]), [2, 3]), o.constant(2, [2, 3]));
    assert.equal(o.permute(o.reshape(a, [2, 1, 3]), [1, 0, 2]), o.reshape(a, [1, 2, 3]));
    assert.equal(o.broadcastTo(o.broadcastTo(a, [4, 2, 3]), [5, 4, 2, 3]), o.broadcastTo(a, [5, 4, 2, 3]));
  });
});

Deno.test("simplify() leaves alone what could change a value", () => {
  withTable(() => {
    const a = x();
    for (const node of [o.mul(a, 0), o.sub(a, a), o.add(a, 0), o.sub(a, -0), o.div(a, a), o.mul(0, a)]) {
      assert.equal(node.op.kind, "scalar");
    }
  });
});

/** One instruction: an operation and which tensors of the pool it reads; numbers are taken modulo what there is. */
type Instruction = readonly [operation: number, first: number, second: number, parameter: number];

const pick = <T>(list: readonly T[], i: number): T => list[i % list.length]!;

const choose = (a: Tensor, b: Tensor, p: number): Tensor => o.where(o.constant(p % 2, a.shape, "bool"), a, b);

const operations: readonly ((a: Tensor, b: Tensor, p: number) => Tensor)[] = [
  (a) => o.neg(a),
  (a, b) => o.add(a, b),
  (a, b) => o.sub(a, b),
  (a, b) => o.mul(a, b),
  (a, b) => o.div(a, b),
  (a, b) => o.maximum(a, b),
  (a, _, p) => pick([o.add, o.sub, o.mul, o.div], p)(a, pick([1, 0, -0, 2, Infinity], p >> 2)),
  (a, _, p) => pick([o.sub, o.mul], p)(pick([1, 0, -0], p >> 1), a),
  (a) => o.cast(a, "f32"),
  (a, b) => o.where(o.not(o.not(o.less(a, b))), a, b),
  choose,
  (a, _, p) => o.reshape(a, pick([[-1], [1, -1], [-1, 1], [2, -1], [3, -1]], p)),
  (a, _, p) => o.permute(a, p % 2 ? a.shape.map((_, i) => a.shape.length - 1 - i) : a.shape.map((_, i) => i)),
  (a, _, p) => o.broadcastTo(a, pick([[2, 3], [4, 2, 3], [1, 2, 3], [1, 6]], p)),
  (a, _, p) => o.slice(a, p % a.shape.length, p % 2, undefined, 1 + p % 3),
  (a, _, p) => o.pad(a, p % a.shape.length, p % 2, p % 3),
  (a, _, p) => o.sum(a, p % a.shape.length, { keep: p % 2 === 0 }),
  (a, _, p) => o.constant(pick([0, -0, 1, -1, 2], p), a.shape),
];

/** The last tensor that the instructions make, and its gradient; what does not fit is left out. */
function build(instructions: readonly Instruction[]): { output: Tensor; grads: Tensor[]; inputs: Tensor[] } {
  const inputs = [inputTensor([2, 3], "f32", 0), inputTensor([1, 3], "f32", 1), inputTensor([6], "f32", 2)];
  const pool = [...inputs];
  for (const [operation, first, second, parameter] of instructions) {
    try {
      const made = pick(operations, operation)(pick(pool, first), pick(pool, second), parameter);
      if (made.shape.length > 0) pool.push(made);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
    }
  }
  const output = pool.at(-1)!;
  return { output, grads: grad(o.sum(output), inputs), inputs };
}

Deno.test("random graphs have the same values and gradients with and without the rules", () => {
  const instruction = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99), fc.nat(99));
  const data = [uniformArray(6, 1), Float64Array.of(0, -0, 1.5), uniformArray(6, 2, -3, 3)];
  const run = (program: readonly Instruction[]) =>
    withTable(() => {
      const { output, grads, inputs } = build(program);
      return { output, values: interpret([output, ...grads], new Map(inputs.map((t, i) => [t, data[i]!]))) };
    });
  fc.assert(
    fc.property(fc.array(instruction, { minLength: 3, maxLength: 12 }), (program) => {
      const rules = setSimplifier(undefined);
      let plain: ReturnType<typeof run>;
      try {
        plain = run(program);
      } finally {
        setSimplifier(rules);
      }
      const simplified = run(program);
      assert.deepEqual(simplified.output.shape, plain.output.shape);
      assertSame(simplified.values[0]!, plain.values[0]!, "output");
      // A branch that a constant condition drops gets no cotangent instead of 0, which times infinity would be NaN; and
      // cotangents may be added in another order.
      if (program.some(([operation]) => pick(operations, operation) === choose)) return;
      simplified.values.slice(1).forEach((array, i) =>
        assertClose(array, plain.values[i + 1]!, { rtol: 1e-9, atol: 1e-9 }, `gradient ${i}`)
      );
    }),
    { numRuns: 400, seed: 7 },
  );
});
