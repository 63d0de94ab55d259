import assert from "node:assert/strict";
import fc from "fast-check";
import { addIndex, offsetIndex, scaleIndex } from "../../../engine/compile/index.ts";
import {
  argsOf,
  axes,
  check,
  constant,
  constantIndex,
  delinearize,
  gpuTest,
  guard,
  indexValue,
  linearize,
  load,
  map,
  op,
  runKernel,
  store,
} from "./support.ts";

gpuTest("map: contiguous lengths of all remainders, one and several elements a thread", async (backend) => {
  for (const n of [1, 3, 4, 63, 64, 1000, 1003, 70000]) {
    const [i] = axes([n]);
    const value = op("add", [op("mul", [load(0, i!), constant(3)]), load(1, constantIndex(0))]);
    await check(backend, map([n], argsOf([["read", n], ["read", 1], ["write", n]]), [store(2, i!, value)]));
  }
});

gpuTest("map: transposes, slices and broadcasts of any rank", async (backend) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 0, maxLength: 4 }),
      fc.integer({ min: 0, max: 99 }),
      async (dims, seed) => {
        const at = axes(dims), total = dims.reduce((p, s) => p * s, 1);
        const order = dims.map((_, axis) => axis).sort((a, b) => ((seed >> a) & 7) - ((seed >> b) & 7));
        const permuted = linearize(order.map((axis) => at[axis]!), order.map((axis) => dims[axis]!));
        const first = dims.length > 0 ? at[0]! : constantIndex(0);
        const value = op("sub", [load(0, permuted), load(1, first)]);
        const size = dims[0] ?? 1;
        await check(
          backend,
          map(dims, argsOf([["read", total], ["read", size], ["write", total]]), [
            store(2, linearize(at, dims), value),
          ]),
        );
      },
    ),
    { numRuns: 15 },
  );
});

gpuTest("map: a reshape of a transpose runs with quotients and remainders", async (backend) => {
  for (const [rows, columns, split] of [[6, 10, 4], [8, 12, 16], [5, 7, 7]] as const) {
    const total = rows * columns;
    if (total % split !== 0) continue;
    const at = axes([total / split, split]);
    const flat = linearize(at, [total / split, split]);
    const [r, c] = delinearize(flat, [rows, columns]);
    const transposed = addIndex(scaleIndex(c!, rows), r!);
    await check(
      backend,
      map([total / split, split], argsOf([["read", total], ["write", total]]), [store(1, flat, load(0, transposed))]),
    );
  }
});

gpuTest("map: guards concatenate and pad, along the fours and across them", async (backend) => {
  for (const [left, right, columns] of [[3, 5, 8], [4, 4, 3], [1, 8, 6]] as const) {
    // Along the first axis.
    const rows = left + right, [r, c] = axes([rows, columns]);
    const lower = addIndex(scaleIndex(offsetIndex(r!, -left), columns), c!);
    const upper = linearize([r!, c!], [rows, columns]);
    const exp = op("exp", [load(0, upper)]);
    const first = guard(r!, 0, left, exp, load(1, lower));
    // Along the last axis, with a pad of three on the left.
    const padded = guard(c!, 3, columns, load(0, addIndex(scaleIndex(r!, columns), offsetIndex(c!, -3))), constant(-2));
    await check(
      backend,
      map([rows, columns], argsOf([["read", rows * columns], ["read", right * columns], ["write", rows * columns]]), [
        store(2, upper, op("add", [first, padded])),
      ]),
    );
  }
});

gpuTest("map: padding a short axis leaves nothing outside the buffer in the text", async (backend) => {
  const [r, c] = axes([6, 4]), at = linearize([r!, c!], [6, 4]);
  const row = guard(c!, 2, 4, load(0, offsetIndex(c!, -2)), constant(-3));
  const padded = guard(r!, 1, 4, op("add", [row, constant(1)]), constant(-1));
  await check(backend, map([6, 4], argsOf([["read", 2], ["write", 24]]), [store(1, at, padded)]));
});

gpuTest("map: what both sides of a guard use is shared, guards nest", async (backend) => {
  const n = 64, [i] = axes([n]);
  let value = op("exp", [load(0, i!)]);
  for (let depth = 0; depth < 12; depth++) {
    value = guard(i!, depth, 60 - depth, op("add", [value, constant(depth)]), op("mul", [value, constant(-1)]));
  }
  await check(backend, map([n], argsOf([["read", n], ["write", n]]), [store(1, i!, value)]));
});

gpuTest("map: updates in place, several outputs, booleans and scalars of mixed type", async (backend) => {
  const n = 256, [i] = axes([n]), none = constantIndex(0);
  const rate = load(2, none), step = load(2, constantIndex(1), "u32");
  const moment = op("add", [op("mul", [load(1, i!), constant(0.9)]), op("mul", [load(0, i!), rate])]);
  const positive = op("less", [constant(0), moment], "bool");
  const kernel = map(
    [n],
    argsOf([["read", n], ["update", n], ["read", 2, "u32"], ["write", n, "u32"], ["write", n], ["write", n, "u32"]]),
    [
      store(1, i!, moment),
      store(3, i!, positive),
      store(4, i!, op("select", [load(3, i!, "bool"), constant(1), op("cast", [step], "f32")])),
      store(5, i!, op("add", [step, indexValue(i!, "u32")])),
    ],
  );
  const scalars = new Uint32Array(2);
  new Float32Array(scalars.buffer)[0] = 0.25;
  scalars[1] = 41;
  const data = [
    Float32Array.from({ length: n }, (_, k) => k - 100),
    Float32Array.from({ length: n }, (_, k) => 50 - k),
    scalars,
    new Uint32Array(n).fill(1),
    new Float32Array(n),
    new Uint32Array(n),
  ];
  await check(backend, kernel, { data });
});

gpuTest("map: constants that no literal can hold", async (backend) => {
  const values = [NaN, Infinity, -Infinity, 1e-42, -0, 3.4028234663852886e38, 0.1, 1e21, 1e-7];
  const args = argsOf(values.map(() => ["write", 1] as const));
  const actual = await runKernel(
    backend,
    map([1], args, values.map((value, arg) => store(arg, constantIndex(0), constant(value)))),
    values.map(() => new Float32Array(1)),
  );
  values.forEach((value, arg) => assert.ok(Object.is(actual[arg]![0], Math.fround(value)), `constant ${value}`));
  const integers = [-0x80000000, -5, 0x7fffffff];
  const ints = await runKernel(
    backend,
    map(
      [1],
      argsOf(integers.map(() => ["write", 1, "i32"] as const)),
      integers.map((value, arg) => store(arg, constantIndex(0), constant(value, "i32"))),
    ),
    integers.map(() => new Int32Array(1)),
  );
  integers.forEach((value, arg) => assert.equal(ints[arg]![0], value));
});

gpuTest("map: operations on literals only, and literals that WGSL would refuse", async (backend) => {
  const none = constantIndex(0);
  const kernel = map([1], argsOf([["write", 1], ["read", 1, "u32"], ["write", 1, "u32"], ["write", 1], ["write", 1]]), [
    store(0, none, op("div", [constant(1), constant(0)])),
    store(2, none, op("shiftLeft", [load(1, none, "u32"), constant(33, "u32")])),
    store(3, none, op("neg", [constant(-5)])),
    store(4, none, op("log", [constant(-0.5)])),
  ]);
  const actual = await runKernel(backend, kernel, [
    new Float32Array(1),
    new Uint32Array([3]),
    new Uint32Array(1),
    new Float32Array(1),
    new Float32Array(1),
  ]);
  assert.equal(actual[0]![0], Infinity);
  assert.equal(actual[2]![0], 6);
  assert.equal(actual[3]![0], 5);
});

gpuTest("map: every operation of the table, by fours and one by one", async (backend) => {
  const n = 128;
  for (const lanes of [4, 1]) {
    const length = lanes === 4 ? n : n - 1, [i] = axes([length]);
    const f = [load(0, i!), load(1, i!)], u = [load(2, i!, "u32"), load(3, i!, "u32")];
    const b = u.map((one) => op("less", [constant(40, "u32"), one], "bool"));
    const positive = op("add", [op("abs", [f[0]!]), constant(0.5)]);
    const floats = [
      ...["neg", "abs", "sign", "floor", "exp", "sin", "cos", "tanh", "erf"].map((name) => op(name, [f[0]!])),
      ...["log", "sqrt", "rsqrt"].map((name) => op(name, [positive])),
      ...["add", "sub", "mul", "max", "min"].map((name) => op(name, f)),
      op("div", [f[1]!, positive]),
      op("select", [b[0]!, f[0]!, f[1]!], "f32"),
      op("cast", [u[0]!], "f32"),
      op("cast", [b[0]!], "f32"),
      op("bitcast", [op("bitcast", [f[0]!], "u32")], "f32"),
    ];
    const integers = [
      ...["add", "sub", "mul", "max", "min", "and", "or", "xor"].map((name) => op(name, u)),
      ...["div", "rem"].map((name) => op(name, [u[0]!, op("add", [u[1]!, constant(1, "u32")])])),
      op("not", [u[0]!]),
      op("threefry", [u[0]!, u[1]!, constant(7, "u32"), indexValue(i!, "u32")]),
      op("shiftLeft", [u[0]!, constant(3, "u32")]),
      op("shiftRight", [u[0]!, constant(1, "u32")]),
      op("bitcast", [f[0]!], "u32"),
    ];
    const flags = [
      ...["equal", "notEqual", "less", "lessEqual"].map((name) => op(name, f, "bool")),
      ...["and", "or", "xor", "equal"].map((name) => op(name, b, "bool")),
      op("not", [b[0]!], "bool"),
      op("isFinite", [f[0]!], "bool"),
      op("isNaN", [f[0]!], "bool"),
      op("select", [b[0]!, b[1]!, op("cast", [u[0]!], "bool")], "bool"),
    ];
    for (const [values, dtype] of [[floats, "f32"], [integers, "u32"], [flags, "u32"]] as const) {
      for (let start = 0; start < values.length; start += 20) {
        const part = values.slice(start, start + 20);
        const args = argsOf([
          ["read", length],
          ["read", length],
          ["read", length, "u32"],
          ["read", length, "u32"],
          ...part.map(() => ["write", length, dtype] as const),
        ]);
        await check(backend, map([length], args, part.map((value, k) => store(4 + k, i!, value))), { tolerance: 4e-6 });
      }
    }
  }
});
