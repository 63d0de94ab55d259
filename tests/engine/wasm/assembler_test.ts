import assert from "node:assert/strict";
import {
  assemble,
  branch,
  i32,
  loopWhile,
  pick,
  signed,
  unsigned,
  wasmFunction,
} from "../../../engine/wasm/assembler.ts";

Deno.test("unsigned() and signed() write LEB128", () => {
  assert.deepEqual(unsigned(0), [0]);
  assert.deepEqual(unsigned(624485), [0xe5, 0x8e, 0x26]);
  assert.deepEqual(unsigned(0xffffffff), [0xff, 0xff, 0xff, 0xff, 0x0f]);
  assert.deepEqual(signed(-123456), [0xc0, 0xbb, 0x78]);
  assert.deepEqual(signed(63), [0x3f]);
  assert.deepEqual(signed(64), [0xc0, 0x00]);
  assert.deepEqual(signed(-64), [0x40]);
  assert.deepEqual(signed(-1), [0x7f]);
});

Deno.test("assemble() gives a module that runs", () => {
  // Writes the sum of 1 .. count, or -7 for an even count, at address `to`.
  const total = wasmFunction("total", 2, ([to, count], local) => {
    const [sum, even] = [local("i32"), local("i32")];
    return [
      ...even.set(i32.eqz(i32.and(count!.get, i32.const(1)))),
      ...loopWhile(
        count!.tee(i32.sub(count!.get, i32.const(1))),
        sum.set(i32.add(sum.get, count!.get)),
      ),
      ...branch(even.get, i32.store(to!.get, i32.const(-7)), i32.store(to!.get, sum.get)),
      ...i32.store(to!.get, pick(even.get, i32.const(1), i32.const(200000)), 4),
    ];
  });
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble([total])), { env: { memory } });
  const run = exports.total as (to: number, count: number) => void;
  const result = new Int32Array(memory.buffer);
  run(8, 9);
  assert.deepEqual([...result.subarray(2, 4)], [45, 200000]);
  run(8, 10);
  assert.deepEqual([...result.subarray(2, 4)], [-7, 1]);
});
