import assert from "node:assert/strict";
import { tuneContractions } from "../../../engine/device/tuning.ts";
import { openWebGpu } from "../../../engine/device/webgpu.ts";
import { HARDWARE_TABLE, SOFTWARE_TABLE, VARIANTS } from "../../../engine/wgsl/contract_variants.ts";
import { gpuTest } from "../wgsl/support.ts";

gpuTest(
  "tuneContractions() measures the variants that the device can run, and leaves it as it was",
  async (backend) => {
    const before = backend.contractions, used = backend.usedBytes;
    const table = await tuneContractions(backend);
    assert.equal(backend.contractions, before);
    assert.equal(backend.usedBytes, used);
    for (const [name, speeds] of Object.entries(table)) {
      assert.ok(VARIANTS[name]!.form === (backend.software ? "registers" : "staged") || backend.subgroups, name);
      for (const speed of Object.values(speeds)) assert.ok(speed > 0, `${name}: ${speed}`);
    }
    const fixed = JSON.parse(JSON.stringify(table));
    using again = await openWebGpu({ tuning: fixed });
    assert.deepEqual(again.contractions, table);
  },
);

gpuTest("openWebGpu() shapes contractions for the kind of device unless told otherwise", async (backend) => {
  assert.equal(backend.contractions, backend.software ? SOFTWARE_TABLE : HARDWARE_TABLE);
  using hardware = await openWebGpu({ software: false });
  assert.equal(hardware.contractions, HARDWARE_TABLE);
});

gpuTest("subgroups are used only where they are of one size", (backend) => {
  const { subgroups } = backend;
  if (subgroups) assert.ok(Number.isInteger(Math.log2(subgroups.size)));
  return Promise.resolve();
});
