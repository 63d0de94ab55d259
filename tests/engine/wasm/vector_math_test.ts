import assert from "node:assert/strict";
import type { Expr } from "../../../engine/compile/kernel.ts";
import { assemble, v128, wasmFunction } from "../../../engine/wasm/assembler.ts";
import { float, integers } from "../../../engine/wasm/simd.ts";
import { ruleOf } from "../../../engine/wasm/vector_rules.ts";
import { scalarOps } from "../../../engine/graph/scalar_ops.ts";

const memory = new WebAssembly.Memory({ initial: 1 });
const f32 = new Float32Array(memory.buffer);
const names = ["exp", "erf", "tanh", "rsqrt"] as const;
type Name = typeof names[number];
const operation = (name: Name): Expr & { kind: "scalar" } => ({
  kind: "scalar",
  op: scalarOps[name]!,
  inputs: [{ kind: "constant", value: 0, dtype: "f32" }],
  params: {},
  dtype: "f32",
});
const functions = names.map((name) =>
  wasmFunction(name, 0, (_, local) => {
    const [x, y] = [local("v128"), local("v128")], at = [0x41, 0x00];
    return [
      ...x.set(v128.load(at)),
      ...y.set(
        ruleOf(operation(name))!([x.get], {
          local,
          float,
          integer: (value) => integers.of(value, value, value, value),
        }),
      ),
      ...v128.store(at, y.get),
    ];
  })
);
const module = new WebAssembly.Module(assemble(functions));
const wasm = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Record<Name, () => void>;

/** Four values through one vector. */
function vector(name: Name, values: readonly number[]): readonly number[] {
  f32.set(values);
  wasm[name]();
  return [...f32.subarray(0, 4)];
}

function exact(name: Name): (x: number) => number {
  const { js, helpers = [] } = scalarOps[name]!;
  const text = js(["x"], { input: "f32", output: "f32", params: {} });
  return new Function(`${helpers.map((helper) => helper.js).join("\n")}\nreturn (x) => ${text};`)();
}

for (
  const [name, low, high] of [["exp", -87, 88], ["erf", -6, 6], ["erf", -1e-2, 1e-2], ["tanh", -12, 12], [
    "tanh",
    -1e-2,
    1e-2,
  ], ["rsqrt", 1e-3, 100]] as const
) {
  Deno.test(`vector ${name} on ${low} .. ${high} is right to two units of roundoff of f32 or better`, () => {
    const reference = exact(name);
    for (let i = 0; i < 50000; i++) {
      const inputs = [0, 1, 2, 3].map((lane) => Math.fround(low + (high - low) * (4 * i + lane) / 200000));
      vector(name, inputs).forEach((got, lane) => {
        const want = reference(inputs[lane]!);
        const error = Math.abs(got - want) / Math.abs(want || 1);
        assert.ok(error < 2 ** -22, `${name}(${inputs[lane]}) = ${got}, relative error ${error}`);
      });
    }
  });
}

Deno.test("vector functions have the exact special values", () => {
  assert.deepEqual(vector("exp", [0, Infinity, -Infinity, NaN]), [1, Infinity, 0, NaN]);
  assert.deepEqual(vector("exp", [89, -104, 1e30, -1e30]), [Infinity, 0, Infinity, 0]);
  assert.deepEqual(vector("erf", [0, Infinity, -Infinity, NaN]), [0, 1, -1, NaN]);
  assert.deepEqual(vector("tanh", [0, Infinity, -Infinity, NaN]), [0, 1, -1, NaN]);
});
