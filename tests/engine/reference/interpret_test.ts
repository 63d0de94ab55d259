import assert from "node:assert/strict";
import fc from "fast-check";
import { inputTensor } from "../../../engine/graph/input.ts";
import { apply, type Dtype, type Tensor, withTable } from "../../../engine/graph/node.ts";
import { selectThresholdOp } from "../../../engine/graph/index_ops.ts";
import * as o from "../../../engine/ops.ts";
import { interpret, interpretFunction } from "../../../engine/reference/interpret.ts";
import { assertClose, assertSame } from "../../support/assert_close.ts";
import { evaluate } from "../../support/gradients.ts";
import { values } from "../../support/values.ts";

const u32 = (...data: number[]) => values([data.length], data, "u32");
const i32 = (...data: number[]) => values([data.length], data, "i32");
const f32 = (...data: number[]) => values([data.length], data);
const bool = (...data: number[]) => values([data.length], data, "bool");
const same = (actual: ArrayLike<number>, ...expected: number[]) => assertSame(actual, expected);

Deno.test("interpret() wraps integers to 32 bits", () => {
  const max = 2 ** 32 - 1;
  same(evaluate((a, b) => o.add(a!, b!), u32(max, 5), u32(2, 6)), 1, 11);
  same(evaluate((a, b) => o.sub(a!, b!), u32(1), u32(2)), max);
  same(evaluate((a, b) => o.mul(a!, b!), u32(max, 65537), u32(max, 65537)), 1, 131073);
  same(evaluate((a, b) => o.div(a!, b!), u32(7, max), u32(2, 3)), 3, 1431655765);
  same(evaluate((a, b) => o.rem(a!, b!), i32(-7, 7), i32(3, -3)), -1, 1);
  same(evaluate((a, b) => o.div(a!, b!), i32(-7, 7), i32(2, -2)), -3, -3);
  same(evaluate((a) => o.shiftLeft(a!, 31), u32(3)), 2 ** 31);
  same(evaluate((a) => o.shiftRight(a!, 31), u32(max)), 1);
  same(evaluate((a, b) => o.xor(a!, b!), u32(max), u32(1)), max - 1);
  same(evaluate((a) => o.not(a!), u32(0)), max);
  same(evaluate((a) => o.sum(a!), u32(max, 2)), 1);
});

Deno.test("interpret() keeps booleans 0 or 1 and casts as documented", () => {
  same(evaluate((a, b) => o.and(a!, b!), bool(0, 1, 1), bool(1, 1, 0)), 0, 1, 0);
  same(evaluate((a, b) => o.or(a!, b!), bool(0, 1, 0), bool(1, 1, 0)), 1, 1, 0);
  same(evaluate((a, b) => o.xor(a!, b!), bool(0, 1, 1), bool(1, 1, 0)), 1, 0, 1);
  same(evaluate((a) => o.not(a!), bool(0, 1)), 1, 0);
  same(evaluate((a, b) => o.equal(a!, b!), bool(0, 1), bool(0, 0)), 1, 0);
  same(evaluate((a) => o.cast(a!, "f32"), bool(0, 1)), 0, 1);
  same(evaluate((a) => o.cast(a!, "bool"), f32(0, -0, 0.5)), 0, 0, 1);
  same(evaluate((a) => o.cast(a!, "i32"), f32(-1.7, 1.7)), -1, 1);
  same(evaluate((a) => o.cast(a!, "u32"), f32(3.9)), 3);
  same(evaluate((a) => o.bitcast(a!, "u32"), f32(1, -0)), 0x3f800000, 0x80000000);
  same(evaluate((a) => o.bitcast(a!, "f32"), u32(0x40490fdb)), Math.fround(Math.PI));
  same(evaluate((a) => o.isNaN(a!), f32(NaN, 1, Infinity)), 1, 0, 0);
  same(evaluate((a) => o.isFinite(a!), f32(NaN, 1, -Infinity)), 0, 1, 0);
});

Deno.test("interpret() computes erf to f64", () => {
  // 20-digit values of a multiple-precision library.
  const table: readonly (readonly [number, number])[] = [
    [0, 0],
    [0.1, 0.11246291601828489],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2.5, 0.9995930479825550],
    [-3, -0.9999779095030014],
    [7, 1],
  ];
  assertClose(evaluate((a) => o.erf(a!), f32(...table.map(([x]) => x))), table.map(([, y]) => y), { rtol: 1e-15 });
});

Deno.test("views, pads and joins put elements where they belong", () => {
  const x = values([2, 3], [1, 2, 3, 4, 5, 6]);
  same(evaluate((a) => o.transpose(a!), x), 1, 4, 2, 5, 3, 6);
  same(evaluate((a) => o.slice(a!, 1, 0, undefined, 2), x), 1, 3, 4, 6);
  same(evaluate((a) => o.slice(a!, -1, -2, -1), x), 2, 5);
  same(evaluate((a) => o.take(a!, 0, -1), x), 4, 5, 6);
  same(evaluate((a) => o.pad(a!, 1, 1, 0, 9), x), 9, 1, 2, 3, 9, 4, 5, 6);
  same(evaluate((a) => o.concat([a!, o.slice(a!, 1, 0, 1)], 1), x), 1, 2, 3, 1, 4, 5, 6, 4);
  same(evaluate((a) => o.sum(a!, 0), x), 5, 7, 9);
  same(evaluate((a) => o.max(a!, 1), x), 3, 6);
  same(evaluate((a) => o.argmax(a!), values([3, 3], [1, 3, 3, 5, 5, 1, 0, -1, 2])), 1, 0, 2);
  same(evaluate((a) => o.matmul(a!, o.transpose(a!)), x), 14, 32, 32, 77);
  same(evaluate((a) => o.add(o.mul(a!, 0), o.cast(o.iota([2, 3], 1), "f32")), x), 0, 1, 2, 0, 1, 2);
  const ids = values([3], [1, 7, 0], "u32");
  same(evaluate((a, i) => o.gather(a!, i!), x, ids), 4, 5, 6, 0, 0, 0, 1, 2, 3);
  same(evaluate((i, a) => o.scatterAdd(i!, a!, 2), values([3], [1, 1, 5], "i32"), f32(1, 2, 4)), 0, 3);
});

Deno.test("unpackBits() undoes packBits()", () => {
  fc.assert(fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 70 }), (flags) => {
    const data = flags.map(Number);
    const back = evaluate((x) => o.unpackBits(o.packBits(x!), [data.length]), values([data.length], data, "bool"));
    assertSame(back, data);
  }));
});

Deno.test("selectThreshold() selects exactly k, ties by position", () => {
  const keys = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 8 });
  fc.assert(fc.property(fc.array(keys, { minLength: 1, maxLength: 3 }), fc.nat(30), (tensors, k) => {
    const inputs = [...tensors.map((data) => values([data.length], data, "u32")), values([], [k], "u32")];
    const [threshold, limit] = evaluate((...xs) => apply(selectThresholdOp, xs), ...inputs) as unknown as [
      number,
      number,
    ];
    const all = tensors.flat();
    const kept = all.flatMap((key, i) => key > threshold || (key === threshold && i < limit) ? [i] : []);
    const order = all.map((_, i) => i).sort((a, b) => all[b]! - all[a]! || a - b);
    assert.deepEqual(kept, order.slice(0, k).sort((a, b) => a - b));
  }));
});

Deno.test("interpret() keeps the tree, takes values for inner nodes, and says what is missing", () => {
  withTable(() => {
    const x = inputTensor([2], "f32", 0);
    const y = o.exp(x);
    const z = o.mul(y, 2);
    const result = interpret({ z, list: [x, x] as const }, new Map<Tensor, number[]>([[y, [1, 2]], [x, [0, 0]]]));
    assert.deepEqual([...result.z], [2, 4]);
    assert.deepEqual([...result.list[1]], [0, 0]);
    assert.throws(() => interpret(z, new Map()), /interpret: input 0, f32\[2\], has no value; give one/);
    assert.throws(() => interpret(z, new Map([[x, [1]]])), /1 elements given for f32\[2\]; give 2/);
  });
});

Deno.test("interpretFunction() runs a step on host trees", () => {
  const step = (state: { w: Tensor }, batch: { x: readonly Tensor[] }) => ({
    state: { w: o.add(state.w, batch.x[1]!) },
    metrics: { first: o.sum(batch.x[0]!) },
  });
  const result = interpretFunction(
    step,
    { w: values([2], [1, 2]) },
    { x: [values([2], [3, 4]), values([2], [5, 6])] },
  );
  assert.deepEqual([...result.state.w], [6, 8]);
  assert.deepEqual([...result.metrics.first], [7]);
});

Deno.test("interpret() holds f32 in f64 and literals as stored", () => {
  const third = evaluate((a) => o.mul(a!, 1 / 3), f32(1));
  assert.equal(third[0], 1 / 3);
  for (const [data, dtype] of [[Float32Array.of(0.1), "f32"], [Int32Array.of(-1), "i32"]] as const) {
    const node = o.literal(data);
    assert.equal(node.dtype, dtype satisfies Dtype);
    assert.equal(interpret(node, new Map())[0], data[0]);
  }
});
