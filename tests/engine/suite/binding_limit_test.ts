import assert from "node:assert/strict";
import { openCpu } from "../../../engine/device/cpu.ts";
import { Device } from "../../../engine/device/device.ts";
import { openWebGpu } from "../../../engine/device/webgpu.ts";
import type { Tensor } from "../../../engine/graph/node.ts";
import type { HostTensor } from "../../../engine/host.ts";
import * as o from "../../../engine/ops.ts";
import { keepTopK } from "../../../engine/select.ts";
import { applyMasks, packMasks, unpackMasks } from "../../../seven/mask.ts";
import { generator } from "../../support/values.ts";
import { tensor } from "./support.ts";

const LIMIT = 2 ** 16;

type Named<T> = Record<string, T>;
interface State<T> {
  readonly weights: Named<T>;
  readonly moments: Named<T>;
  readonly masks: Named<T>;
}

/** An update of moments and weights, masks of the k greatest of what was kept before, and weights under them. */
function step(state: State<Tensor>, { k }: Named<Tensor>): { state: State<Tensor>; metrics: Named<Tensor> } {
  const { weights } = state, eligible = unpackMasks(state.masks, weights);
  const names = Object.keys(weights);
  const each = (of: (name: string) => Tensor) => Object.fromEntries(names.map((name) => [name, of(name)]));
  // Halves of short numbers: exact on every device, whatever it contracts.
  const moments = each((name) => o.add(o.mul(state.moments[name]!, 0.5), o.mul(weights[name]!, 0.5)));
  const updated = each((name) => o.sub(weights[name]!, o.mul(moments[name]!, 0.5)));
  const kept = keepTopK(each((name) => o.abs(updated[name]!)), k!, eligible);
  return {
    state: { weights: applyMasks(updated, kept), moments: applyMasks(moments, kept), masks: packMasks(kept) },
    metrics: { kept: names.map((name) => o.sum(o.cast(kept[name]!, "f32"))).reduce((a, b) => o.add(a, b)) },
  };
}

/** Weights that are multiples of 1/64, with many ties and zeros. */
function stateOf(shapes: Named<readonly number[]>): State<HostTensor> {
  const next = generator(5);
  const weights = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      tensor(
        shape,
        Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
          return next() < 0.2 ? 0 : Math.floor((next() + next() - 1) * 256) / 64;
        }),
      ),
    ]),
  );
  const like = (dtype: "f32" | "u32") =>
    Object.fromEntries(
      Object.entries(weights).map(([name, { shape, data }]) => [
        name,
        dtype === "f32"
          ? tensor(shape, new Float32Array(data.length))
          : tensor([Math.ceil(data.length / 32)], new Uint32Array(Math.ceil(data.length / 32)).fill(0xffffffff), "u32"),
      ]),
    );
  return { weights, moments: like("f32"), masks: like("u32") };
}

/** All leaves after steps with ever smaller k, and how many were kept. */
async function trajectory(device: Device, start: State<HostTensor>, ks: readonly number[]) {
  using placed = device.place(start as unknown as Named<Named<HostTensor>>);
  const types = { state: placed.types, batch: { k: { shape: [], dtype: "u32" } } };
  // deno-lint-ignore no-explicit-any -- the step takes flat records
  using program = await device.compile<any, any, any>(step as any, types as any);
  const found: unknown[] = [];
  for (const k of ks) {
    program.run(placed as never, { k: tensor([], [k], "u32") });
    const { values } = await program.lastMetrics() as unknown as { values: { kept: number } };
    assert.equal(values.kept, k, `${device.kind} keeps ${values.kept}`);
    for (const [group, leaves] of Object.entries(start)) {
      for (const name of Object.keys(leaves)) {
        found.push((await placed.read(`${group}/${name}`)).data);
      }
    }
  }
  return { found, dispatches: program.dispatches };
}

const trees: Readonly<Record<string, Named<readonly number[]>>> = {
  "one tensor of 300 KiB": { w: [240, 320] },
  "tensors above the limit and below, of odd sizes": { a: [150, 160], b: [7], c: [129, 131], d: [40001] },
};

for (const software of [true, false]) {
  for (const [name, shapes] of Object.entries(trees)) {
    Deno.test(`keepTopK(), packed masks and an update of ${name}, bound by 64 KiB (software ${software})`, async () => {
      if (!await navigator.gpu?.requestAdapter() && Deno.env.get("SEVEN_REQUIRE_WEBGPU") !== "1") {
        console.warn(`SKIPPED (no WebGPU adapter): ${name}`);
        return;
      }
      const start = stateOf(shapes);
      const total = Object.values(start.weights).reduce((sum, { data }) => sum + data.length, 0);
      const ks = [total, Math.floor(0.81 * total), total >> 1, 1000, 0];
      using cpu = new Device(openCpu());
      using tiny = new Device(await openWebGpu({ software, bindingBytes: LIMIT, blockingReadback: true }));
      const expected = await trajectory(cpu, start, ks), given = await trajectory(tiny, start, ks);
      assert.deepEqual(given.found, expected.found);
      await tiny.idle();
    });
  }
}

Deno.test("a product of tensors above the limit is refused by name", async () => {
  if (!await navigator.gpu?.requestAdapter() && Deno.env.get("SEVEN_REQUIRE_WEBGPU") !== "1") return;
  using device = new Device(await openWebGpu({ bindingBytes: LIMIT }));
  using state = device.place({ w: tensor([200, 200], new Float32Array(40000)) });
  const product = ({ w }: { w: Tensor }) => ({ state: { w }, metrics: { s: o.sum(o.matmul(w, w)) } });
  await assert.rejects(
    device.compile(product, { state: state.types, batch: {} } as never),
    /^DeviceError: webgpu: state w takes 160000 bytes .* binds 65536 at most: use a smaller batch, split the tensor/,
  );
});
