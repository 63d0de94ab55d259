import assert from "node:assert/strict";
import { stepOf, VARIANTS } from "../../../engine/wgsl/contract_variants.ts";
import type { ContractTable, Mode } from "../../../engine/wgsl/target.ts";
import { chooseTile, HARDWARE_TABLE, SOFTWARE_TABLE } from "../../../engine/wgsl/contract_variants.ts";
import { emitContract } from "../../../engine/wgsl/contract.ts";
import type { Target } from "../../../engine/wgsl/target.ts";
import { fused, type Lie, product, type Shape } from "./contract_kernels.ts";
import { check, gpuTest } from "./support.ts";

const LIES: readonly Lie[] = ["NN", "NT", "TN", "TT"];

/** Every size meets every other one along some pair of axes. */
const SIZES = [1, 3, 7, 8, 50, 64, 65];
const SHAPES: readonly Shape[] = SIZES.flatMap((m, i) =>
  [1, 4].map((shift) => ({
    batch: shift === 1 ? [] : [2],
    m,
    n: SIZES[(i * 3 + shift) % 7]!,
    k: SIZES[(i * 5 + 2 * shift) % 7]!,
  }))
);

const only = (name: string): ContractTable => ({ [name]: { nn: 1, nt: 1, tn: 1, tt: 1 } });

const target: Target = {
  software: true,
  bindings: 8,
  bindingBytes: 2 ** 27,
  invocations: 256,
  workgroupBytes: 32768,
  groups: 65535,
  subgroups: { size: 8, enable: false },
};

Object.entries(VARIANTS).forEach(([name, { form }], number) => {
  gpuTest(`contract variant ${name}: edge shapes, plain and fused`, async (backend) => {
    if (form === "subgroups" && !backend.subgroups) return console.warn("SKIPPED (no subgroups)");
    backend.useContractions(only(name));
    for (const [i, shape] of SHAPES.entries()) {
      await check(backend, product(shape, LIES[(i + number) % 4]!));
      if (i % 4 === 0) await check(backend, fused({ ...shape, batch: [] }));
    }
    await check(backend, fused({ batch: [], m: 37, n: 40, k: 260 })); // results wait in a stash
  }, { software: form !== "staged" });
});

Deno.test("contract variants: the tables name variants that exist", () => {
  for (const name of [...Object.keys(SOFTWARE_TABLE), ...Object.keys(HARDWARE_TABLE)]) assert.ok(VARIANTS[name], name);
});

Deno.test("chooseTile() takes what the device can run", () => {
  const kernel = product({ batch: [], m: 512, n: 768, k: 768 }, "NN");
  const formOn = (changes: Partial<Target>) => chooseTile(kernel, "k", "own", { ...target, ...changes }).form;
  assert.equal(formOn({}), "subgroups");
  const { subgroups: _, ...without } = target;
  assert.equal(chooseTile(kernel, "k", "own", without).form, "registers");
  assert.equal(formOn({ software: false }), "staged");
  assert.equal(formOn({ contractions: only("registers 8x2") }), "registers");
  assert.equal(formOn({ contractions: {} }), "registers");
});

Deno.test("chooseTile() evens out rows, and stays within what compiles fast", () => {
  const attention = chooseTile(product({ batch: [256], m: 50, n: 64, k: 50 }, "NN"), "none", "own", target);
  assert.deepEqual([attention.rows, attention.fours, attention.stash], [25, 2, false]);
  const heavy = chooseTile(fused({ batch: [], m: 64, n: 256, k: 3200 }), "k", "k", target);
  assert.equal(heavy.stash, true);
  const short = chooseTile(fused({ batch: [], m: 3200, n: 256, k: 16 }), "k", "k", target);
  assert.equal(short.stash, false);
});

Deno.test("contract: subgroup operations are announced only where shaders must", () => {
  const kernel = product({ batch: [], m: 64, n: 64, k: 64 }, "NN");
  const text = (enable: boolean) => emitContract(kernel, { ...target, subgroups: { size: 8, enable } })[0]!.wgsl;
  assert.match(text(true), /^enable subgroups;/);
  assert.doesNotMatch(text(false), /enable/);
});

Deno.test("stepOf() walks k by fours, twos or ones", () => {
  assert.deepEqual([stepOf("k", "own", 64), stepOf("own", "own", 50), stepOf("none", "own", 7)], [4, 2, 1]);
  const modes: readonly Mode[] = ["nn", "nt", "tn", "tt"];
  for (const speeds of Object.values(SOFTWARE_TABLE)) for (const mode of modes) assert.ok(speeds[mode] > 0);
});
