import assert from "node:assert/strict";
import fc from "fast-check";
import { coordinate, divIndex, type Index, linearize, modIndex, offsetIndex } from "../../../engine/compile/index.ts";
import type { ContractKernel, Expr, Store } from "../../../engine/compile/kernel.ts";
import { emitContract } from "../../../engine/js/contract.ts";
import { accumulator, arg, constant, coordinatesOf, guard, load, noise, scalar, sizeOf, store } from "./build.ts";
import { checkKernel, contents } from "./evaluate.ts";

interface Shape {
  readonly batch: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** A batched product with plain operands, stored plainly, unless told otherwise. */
function product(
  { batch, m, n, k }: Shape,
  options: {
    readonly transposeA?: boolean;
    readonly transposeB?: boolean;
    readonly sharedB?: boolean;
    readonly a?: (load: Expr) => Expr;
    readonly b?: (load: Expr) => Expr;
    readonly stores?: (index: Index) => readonly Store[];
  } = {},
): ContractKernel {
  const dims = [...batch, m, n, k], axes = coordinatesOf(dims), outer = axes.slice(0, batch.length);
  const [i, j, q] = axes.slice(batch.length) as [Index, Index, Index];
  const place = (
    lead: readonly Index[],
    pair: readonly [Index, Index],
    sizes: readonly [number, number],
    turned = false,
  ) =>
    turned
      ? linearize([...lead, pair[1], pair[0]], [...batch.slice(0, lead.length), sizes[1], sizes[0]])
      : linearize([...lead, ...pair], [...batch.slice(0, lead.length), ...sizes]);
  const a = load(0, place(outer, [i, q], [m, k], options.transposeA));
  const b = load(1, place(options.sharedB ? [] : outer, [q, j], [k, n], options.transposeB));
  const target = place(outer, [i, j], [m, n]);
  const count = sizeOf(batch);
  return {
    kind: "contract",
    label: "product",
    args: [
      arg(count * m * k),
      arg((options.sharedB ? 1 : count) * k * n),
      arg(count * m * n, "update"),
      arg(n),
      arg(count * m * n),
    ],
    batch,
    m,
    n,
    k,
    a: options.a?.(a) ?? a,
    b: options.b?.(b) ?? b,
    stores: options.stores?.(target) ?? [store(2, target, accumulator)],
  };
}

const check = (kernel: ContractKernel): Promise<void> =>
  checkKernel(kernel, kernel.args.map(({ length }, number) => contents(noise(length, number + 1))), 1e-5);

const size = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 20 }), fc.constantFrom(6, 8, 12, 16, 48));
const shape = fc.record({
  batch: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
  m: size,
  n: size,
  k: size,
});

Deno.test("emitContract() multiplies any sizes in any orientation", async () => {
  await fc.assert(
    fc.asyncProperty(
      shape,
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      async (sizes, transposeA, transposeB, sharedB) => {
        await check(product(sizes, { transposeA, transposeB, sharedB }));
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("emitContract() computes operands and stores that are expressions", async () => {
  const wave = (x: Expr) => scalar("mul", [x, scalar("exp", [x])]);
  await fc.assert(
    fc.asyncProperty(shape, fc.boolean(), fc.boolean(), fc.boolean(), async (sizes, transposeA, transposeB, both) => {
      const { batch, n } = sizes;
      const j = coordinate(batch.length + 1, n);
      await check(product(sizes, {
        transposeA,
        transposeB,
        ...(both ? { a: wave } : {}),
        b: wave,
        stores: (at) => [
          store(2, at, scalar("add", [scalar("tanh", [scalar("add", [accumulator, load(3, j)])]), load(2, at)])),
        ],
      }));
    }),
    { numRuns: 80 },
  );
});

Deno.test("emitContract() blocks along m, n and k", async () => {
  await check(product({ batch: [], m: 103, n: 9, k: 801 }));
  await check(product({ batch: [2], m: 7, n: 1100, k: 12 }, { transposeB: true }));
  await check(product({ batch: [], m: 3, n: 1030, k: 400 }, {
    a: (x) => scalar("mul", [x, constant(2)]),
    stores: (at) => [store(2, at, scalar("mul", [accumulator, constant(0.5)]))],
  }));
});

Deno.test("emitContract() packs rows and elements that lie at no constant stride", async () => {
  // Heads: A[b, t, h * d] read as rows (b, t) of elements (h, d) out of [b, h, t, d]; C stored by heads again.
  const [b, h, t, d, n] = [2, 3, 5, 8, 24];
  const [m, k] = [b * t, h * d];
  const [i, j, q] = coordinatesOf([m, n, k]) as [Index, Index, Index];
  const heads = (row: Index, column: Index) =>
    linearize([divIndex(row, t), divIndex(column, d), modIndex(row, t), modIndex(column, d)], [b, h, t, d]);
  await check({
    kind: "contract",
    label: "heads",
    args: [arg(m * k), arg(n * k), arg(m * n, "write")],
    batch: [],
    m,
    n,
    k,
    a: load(0, heads(i, q)),
    b: load(1, linearize([q, j], [k, n])),
    stores: [store(2, heads(i, j), accumulator)],
  });
});

Deno.test("emitContract() merges a batch into the rows where the right operand is shared", () => {
  const { source } = emitContract(product({ batch: [4], m: 50, n: 16, k: 32 }, { sharedB: true }));
  assert.match(source, /i0 < hi/);
  assert.match(source, /200/);
});

Deno.test("emitContract() lets the microkernel write a plain result", () => {
  const plain = emitContract(product({ batch: [3], m: 5, n: 7, k: 9 })).source;
  assert.doesNotMatch(plain, /f32\[/);
});

Deno.test("emitContract() exchanges the sides where results are neighbours along m", async () => {
  const [b, m, n, k] = [2, 19, 10, 11];
  const [g, i, j, q] = coordinatesOf([b, m, n, k]) as [Index, Index, Index, Index];
  const at = linearize([g, j, i], [b, n, m]);
  const kernel: ContractKernel = {
    kind: "contract",
    label: "transposed",
    args: [arg(b * m * k), arg(b * n * k), arg(b * m * n, "write"), arg(n)],
    batch: [b],
    m,
    n,
    k,
    a: load(0, linearize([g, i, q], [b, m, k])),
    b: scalar("mul", [load(1, linearize([g, q, j], [b, k, n])), load(3, j)]),
    stores: [store(2, at, accumulator)],
  };
  assert.match(emitContract(kernel).source, /multiply\(.*\(p\d+ \+ i0 \* 19 \+ j0\) << 2, 76,/);
  await check(kernel);
});

Deno.test("emitContract() handles padded operands and several stores", async () => {
  const shape = { batch: [2], m: 9, n: 10, k: 11 };
  const q = coordinate(3, 11);
  await check(product(shape, {
    a: (x) => guard([{ index: offsetIndex(q, -2), low: 0, high: 5 }], x, constant(0)),
    stores: (at) => [
      store(2, at, scalar("max", [accumulator, constant(0)])),
      store(4, at, accumulator),
    ],
  }));
});

Deno.test("emitContract() gives zeros for an empty sum", async () => {
  await check(product({ batch: [2], m: 3, n: 4, k: 0 }));
});

Deno.test("emitContract() multiplies integers exactly", async () => {
  const [i, j, q] = coordinatesOf([3, 4, 5]) as [Index, Index, Index];
  await checkKernel({
    kind: "contract",
    label: "integers",
    args: [arg(15, "read", "i32"), arg(20, "read", "i32"), arg(12, "write", "i32")],
    batch: [],
    m: 3,
    n: 4,
    k: 5,
    a: load(0, linearize([i, q], [3, 5]), "i32"),
    b: load(1, linearize([q, j], [5, 4]), "i32"),
    stores: [store(2, linearize([i, j], [3, 4]), { kind: "accumulator", dtype: "i32" })],
  }, [
    contents(Array.from({ length: 15 }, (_, x) => x * 7 - 40), "i32"),
    contents(Array.from({ length: 20 }, (_, x) => 33 - x * 5), "i32"),
    contents(new Array(12).fill(0)),
  ]);
});

Deno.test("emitContract() splits into parts", () => {
  // Both ways of sharing: over the batch, and over rows.
  for (const batch of [[5], []]) {
    const { source } = emitContract(product({ batch, m: 20, n: 4, k: 4 }));
    assert.match(source, /const lo = .*part/);
  }
});
