import assert from "node:assert/strict";
import fc from "fast-check";
import { assemble } from "../../../engine/wasm/assembler.ts";
import { BLOCK_K, microkernels, SPARE_BYTES } from "../../../engine/wasm/microkernel.ts";
import { instantiate, type WasmKernels } from "../../../engine/wasm/module.ts";
import { packers } from "../../../engine/wasm/pack.ts";
import { noise } from "../js/build.ts";

const memory = new WebAssembly.Memory({ initial: 64 });
const { kernels } = instantiate(memory);
const f32 = new Float32Array(memory.buffer), i32 = new Int32Array(memory.buffer);

function plain(): WasmKernels {
  const module = new WebAssembly.Module(assemble([...microkernels(false), ...packers()]));
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as WasmKernels;
}

const [SOURCE, TABLE, STEPS, PANELS] = [0, 400000, 500000, 600000];

Deno.test("pack lays rows into panels, whatever their offsets and strides", () => {
  f32.set(noise(90000), 0);
  const layout = fc.constantFrom("rows", "columns", "scattered", "segments");
  fc.assert(
    fc.property(
      fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 30, max: 80 })),
      fc.integer({ min: 1, max: 21 }),
      layout,
      fc.boolean(),
      (count, k, layout, table) => {
        const offset = (i: number): number =>
          layout === "rows"
            ? i * k
            : layout === "columns"
            ? i
            : layout === "segments"
            ? i % 48 + 900 * Math.floor(i / 48)
            : (i * 37) % 64;
        const stride = layout === "rows" ? 1 : layout === "columns" ? count : layout === "segments" ? 16 : 70;
        const step = (q: number): number => table ? q * stride + (q >> 2) * 5 : q * stride;
        for (let i = 0; i < count; i++) i32[TABLE / 4 + i] = 4 * offset(i);
        for (let q = 0; q < k; q++) i32[STEPS / 4 + q] = 4 * step(q);
        kernels[table ? "packTable" : "pack"](PANELS, SOURCE + 40, TABLE, count, k, table ? STEPS : 4 * stride);
        for (let i = 0; i < count; i++) {
          for (let q = 0; q < k; q++) {
            const panel = Math.floor(i / 8);
            assert.equal(f32[PANELS / 4 + (panel * k + q) * 8 + i % 8], f32[10 + offset(i) + step(q)]);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

for (const [label, wasm] of [["as the runtime allows", kernels], ["without relaxed SIMD", plain()]] as const) {
  Deno.test(`multiply gives C and C + A B, ${label}, and writes nothing beside C`, () => {
    const sizes = fc.integer({ min: 1, max: 20 });
    const depths = fc.oneof(sizes, fc.integer({ min: BLOCK_K - 2, max: BLOCK_K }));
    const layouts = fc.constantFrom("rows", "columns", "table");
    fc.assert(fc.property(sizes, sizes, depths, layouts, fc.boolean(), (m, n, k, layout, accumulate) => {
      const [a, b, c, spare, row] = [0, 100000, 200000, 300000, n + 3];
      const [left, right] = [noise(24 * k, 3), noise(24 * k, 4)];
      f32.set(left, a / 4);
      f32.set(right, b / 4);
      const before = noise((m + 1) * row, 5);
      f32.set(before, c / 4);
      f32[(spare + SPARE_BYTES) / 4] = 7;
      const [rowStep, step] = layout === "rows" ? [k, 1] : [1, m];
      for (let i = 0; i < m; i++) i32[TABLE / 4 + i] = 4 * i * rowStep;
      for (let q = 0; q < k; q++) i32[STEPS / 4 + q] = 4 * q * step;
      const name = layout === "table" ? "multiplyTable" : "multiply";
      const along = layout === "table" ? STEPS : 4 * step;
      wasm[name](a, TABLE, along, b, c, 4 * row, m, n, k, accumulate ? 1 : 0, spare);
      for (let i = 0; i <= m; i++) {
        for (let j = 0; j < row; j++) {
          let want = i < m && j < n && !accumulate ? 0 : before[i * row + j]!;
          for (let q = 0; i < m && j < n && q < k; q++) {
            want += left[i * rowStep + q * step]! * right[(Math.floor(j / 8) * k + q) * 8 + j % 8]!;
          }
          assert.ok(Math.abs(f32[c / 4 + i * row + j]! - want) < 2e-5);
        }
      }
      assert.equal(f32[(spare + SPARE_BYTES) / 4], 7);
    }));
  });
}
