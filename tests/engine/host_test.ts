import assert from "node:assert/strict";
import { ShapeError } from "../../engine/graph/node.ts";
import { filled, hostTensor, zeros } from "../../engine/host.ts";

Deno.test("hostTensor() takes shape and dtype from the array", () => {
  const data = new Float32Array([1, 2, 3]);
  assert.deepEqual(hostTensor(data), { shape: [3], dtype: "f32", data });
  assert.equal(hostTensor(new Int32Array(2)).dtype, "i32");
  assert.equal(hostTensor(new Uint32Array(2)).dtype, "u32");
  assert.equal(hostTensor(new Uint32Array(1), [], "bool").dtype, "bool");
  assert.equal(hostTensor(data, [3], "f16").dtype, "f16");
});

Deno.test("hostTensor() refuses what does not fit", () => {
  assert.throws(() => hostTensor(new Float32Array(5), [2, 3]), {
    name: "ShapeError",
    message: "hostTensor: f32[2,3] has 6 elements, but the array has 5",
  });
  assert.throws(() => hostTensor(new Float32Array(6), [6], "u32"), /u32\[6\] is held in a Uint32Array/);
  for (const shape of [[-1], [1.5], [NaN], [2 ** 40, 2 ** 40]]) {
    assert.throws(() => hostTensor(new Float32Array(0), shape), ShapeError);
  }
  // deno-lint-ignore no-explicit-any
  assert.throws(() => zeros({ shape: [1], dtype: "f64" as any }), /f64 is none of f32/);
});

Deno.test("zeros() and filled() make every dtype", () => {
  for (const dtype of ["f32", "f16", "i32", "u32", "bool"] as const) {
    assert.deepEqual([...zeros({ shape: [2, 2], dtype }).data], [0, 0, 0, 0]);
    assert.deepEqual([...filled({ shape: [2], dtype }, 1).data], [1, 1]);
  }
  assert.equal(zeros({ shape: [], dtype: "f32" }).data.length, 1);
  assert.equal(zeros({ shape: [0, 3], dtype: "f32" }).data.length, 0);
});

Deno.test("filled() refuses values that the dtype would change", () => {
  for (const [dtype, value] of [["i32", 2 ** 31], ["u32", -1], ["u32", 0.5], ["bool", 2], ["i32", NaN]] as const) {
    assert.throws(() => filled({ shape: [1], dtype }, value), ShapeError);
  }
  assert.equal(filled({ shape: [1], dtype: "u32" }, 2 ** 32 - 1).data[0], 2 ** 32 - 1);
  assert.ok(Number.isNaN(filled({ shape: [1], dtype: "f32" }, NaN).data[0]));
});
