/** The command `doctor`: it tells what there is, breaks on nothing, and gives nothing private away. */

import assert from "node:assert/strict";
import { Command } from "commander";
import { openDevice } from "../../engine/mod.ts";
import { addDoctorCommand } from "../../seven/cli/doctor.ts";
import { gpuFacts } from "../../seven/cli/doctor/gpu.ts";
import { hubFacts } from "../../seven/cli/doctor/hub.ts";
import { matmulRate } from "../../seven/cli/doctor/rate.ts";
import { systemFacts } from "../../seven/cli/doctor/system.ts";
import { version } from "../../seven/cli/record.ts";
import { inFolder } from "./support.ts";

async function doctor(...args: string[]): Promise<{ out: string[]; err: string[] }> {
  const out: string[] = [], err: string[] = [];
  const root = new Command("seven").exitOverride();
  addDoctorCommand(root, { out: (line) => out.push(line), err: (line) => err.push(line) });
  await root.parseAsync(["doctor", ...args], { from: "user" });
  return { out, err };
}

Deno.test("doctor --json has versions, the system, both devices and the hub", async () => {
  const { out, err } = await doctor("--no-rates", "--json");
  assert.equal(err.length, 0);
  const facts = JSON.parse(out.join("\n"));
  assert.equal(facts.seven, version);
  assert.equal(facts.system.versions.deno, Deno.version.deno);
  assert.equal(facts.system.os, Deno.build.os);
  assert.ok(facts.system.processors >= 1);
  assert.match(facts.auto.kind, /^(cpu|webgpu)$/);
  assert.match(facts.cpu.description, /^cpu, WebAssembly SIMD/);
  assert.equal(facts.cpu.description.includes("relaxed"), facts.cpu.relaxedSimd);
  assert.deepEqual(facts.cpu.rates, []);
  assert.equal(typeof facts.webgpu.available, "boolean");
  if (facts.webgpu.available) {
    assert.ok(facts.webgpu.limits.maxStorageBufferBindingSize >= 2 ** 20);
    assert.deepEqual(Object.keys(facts.webgpu.features), ["shader-f16", "timestamp-query", "subgroups"]);
  } else assert.match(facts.webgpu.reason, /adapter|navigator/);
});

Deno.test("doctor prints lines of names and values, and no home folder, token or endpoint", async () => {
  const before = Deno.env.toObject();
  Deno.env.set("HF_TOKEN", "hf_secret");
  Deno.env.set("HF_ENDPOINT", "https://mirror.internal");
  try {
    const { out } = await doctor("--no-rates");
    assert.ok(out.every((line) => /^ {0,2}\S.* {3,}\S/.test(line)), out.join("\n"));
    const names = out.map((line) => line.trim().split(/ {3,}/)[0]);
    for (
      const name of ["seven", "runtime", "system", "memory", "auto takes", "cpu device", "webgpu device", "hub cache"]
    ) {
      assert.ok(names.includes(name), name);
    }
    const all = out.join("\n");
    assert.match(all, /HF_ENDPOINT set, HF_TOKEN set/);
    assert.doesNotMatch(all, /hf_secret|mirror/);
    const home = before.HOME;
    if (home !== undefined && home.length > 1) assert.ok(!all.includes(home), "the home folder is not told");
  } finally {
    for (const name of ["HF_TOKEN", "HF_ENDPOINT"]) {
      if (before[name] === undefined) Deno.env.delete(name);
      else Deno.env.set(name, before[name]);
    }
  }
});

Deno.test("matmulRate() multiplies on the device: the rate is the operations over the time", async () => {
  using device = await openDevice("cpu");
  const { size, gflops, milliseconds } = await matmulRate(device, 64, 2);
  assert.equal(size, 64);
  assert.ok(milliseconds > 0 && milliseconds < 1000);
  assert.ok(Math.abs(gflops - 2 * 64 ** 3 / (milliseconds * 1e6)) < 1e-9 * gflops);
});

Deno.test("gpuFacts() says why there is no adapter, and what to install", async () => {
  const none = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
  const facts = await gpuFacts([], none);
  assert.ok(!facts.available);
  assert.match(facts.reason, /^no adapter was found\. .*apt-get install mesa-vulkan-drivers/);
  const broken = { requestAdapter: () => Promise.reject(new Error("driver\ncrashed")) } as unknown as GPU;
  assert.deepEqual(await gpuFacts([], broken), { available: false, reason: "driver crashed" });
});

Deno.test("hubFacts() sizes the cache, and names it only below the home folder", async () => {
  await inFolder(async (folder) => {
    const cache = `${folder}/.cache/huggingface/hub`;
    const env = (variables: Record<string, string>) => (name: string) => variables[name];
    assert.deepEqual(hubFacts(env({ HOME: folder })).content, undefined);
    await Deno.mkdir(`${cache}/models--a--b/blobs`, { recursive: true });
    await Deno.mkdir(`${cache}/models--a--b/snapshots/1`, { recursive: true });
    await Deno.mkdir(`${cache}/datasets--c`);
    await Deno.writeFile(`${cache}/models--a--b/blobs/x`, new Uint8Array(1000));
    await Deno.symlink("../../blobs/x", `${cache}/models--a--b/snapshots/1/x`);
    await Deno.writeTextFile(`${cache}/version.txt`, "1");
    const facts = hubFacts(env({ HOME: `${folder}/` }));
    assert.equal(facts.cache, "~/.cache/huggingface/hub");
    assert.deepEqual(facts.content, { repositories: 2, bytes: 1000 });
    assert.equal(facts.offline, false);
    const elsewhere = hubFacts(env({ HOME: "/nobody", HF_HUB_CACHE: cache, HF_HUB_OFFLINE: "1" }));
    assert.equal(elsewhere.cache, undefined);
    assert.deepEqual([elsewhere.content?.bytes, elsewhere.offline, elsewhere.variables.HF_HUB_CACHE], [
      1000,
      true,
      true,
    ]);
  });
});

Deno.test("systemFacts() leaves out what may not be asked for", async () => {
  for (const [name, fact] of [["systemMemoryInfo", "memory"], ["statfs", "disk"]] as const) {
    const { state } = await Deno.permissions.query({ name: "sys", kind: name } as Deno.PermissionDescriptor);
    const value = systemFacts()[fact];
    assert.equal(value !== undefined, state === "granted", name);
    if (value) assert.ok(value.total > 0 && value.available <= value.total);
  }
});
