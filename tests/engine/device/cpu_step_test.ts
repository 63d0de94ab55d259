import assert from "node:assert/strict";
import { openCpu } from "../../../engine/device/cpu.ts";
import { Device } from "../../../engine/device/device.ts";
import { valueAndGrad } from "../../../engine/grad.ts";
import type { HostTensor } from "../../../engine/host.ts";
import {
  adamw,
  add,
  attention,
  crossEntropy,
  gelu,
  layerNorm,
  linear,
  mean,
  permute,
  reshape,
  type Tensor,
} from "../../../engine/mod.ts";
import { noise } from "../js/build.ts";

const [BATCH, TOKENS, WIDTH, HEADS, CLASSES] = [32, 20, 64, 4, 10];
const shapes: Readonly<Record<string, readonly number[]>> = {
  "query.weight": [WIDTH, WIDTH],
  "key.weight": [WIDTH, WIDTH],
  "value.weight": [WIDTH, WIDTH],
  "norm.weight": [WIDTH],
  "norm.bias": [WIDTH],
  "up.weight": [4 * WIDTH, WIDTH],
  "up.bias": [4 * WIDTH],
  "down.weight": [WIDTH, 4 * WIDTH],
  "head.weight": [CLASSES, WIDTH],
};

type Params = Readonly<Record<string, Tensor>>;

function loss(p: Params, x: Tensor, labels: Tensor): Tensor {
  const split = (y: Tensor): Tensor => permute(reshape(y, [BATCH, TOKENS, HEADS, WIDTH / HEADS]), [0, 2, 1, 3]);
  const of = (name: string): Tensor => split(linear(x, p[`${name}.weight`]!));
  const mixed = reshape(permute(attention(of("query"), of("key"), of("value")), [0, 2, 1, 3]), [
    BATCH,
    TOKENS,
    WIDTH,
  ]);
  const normed = layerNorm(add(x, mixed), p["norm.weight"]!, p["norm.bias"]!, 1e-5);
  const hidden = gelu(linear(normed, p["up.weight"]!, p["up.bias"]!));
  return crossEntropy(linear(mean(add(normed, linear(hidden, p["down.weight"]!)), 1), p["head.weight"]!), labels);
}

/** State after four steps of training on so many threads, all of them running. */
async function train(threads: number): Promise<Record<string, HostTensor>> {
  const cpu = openCpu({ threads });
  using device = new Device(cpu);
  const optimizer = adamw();
  const params: Record<string, HostTensor> = Object.fromEntries(
    Object.entries(shapes).map(([name, shape], seed) => {
      const data = noise(shape.reduce((a, b) => a * b, 1), seed).map((x) => x * 0.2);
      return [name, { shape, dtype: "f32", data }];
    }),
  );
  const state = device.place({ params, averages: optimizer.init(params) });
  const scalars = optimizer.scalars(1, 1e-2);
  type State = { params: Params; averages: unknown };
  type Batch = { x: Tensor; labels: Tensor; scalars: Record<string, Tensor> };
  const step = (s: State, b: Batch) => {
    const { value, grads } = valueAndGrad((p: Params) => loss(p, b.x, b.labels), s.params);
    const next = optimizer.update(grads, s.averages as never, s.params, b.scalars);
    return { state: { params: next.params, averages: next.state }, metrics: value };
  };
  const types = {
    state: state.types,
    batch: {
      x: { shape: [BATCH, TOKENS, WIDTH], dtype: "f32" },
      labels: { shape: [BATCH], dtype: "u32" },
      scalars: Object.fromEntries(Object.keys(scalars).map((name) => [name, { shape: [], dtype: "f32" }])),
    },
  };
  const program = await device.compile(step as never, types as never);
  const deadline = performance.now() + 10000;
  while (cpu.threadsRunning() < threads && performance.now() < deadline) await device.idle();
  assert.equal(cpu.threadsRunning(), threads);
  for (let t = 1; t <= 4; t++) {
    const batch = {
      x: noise(BATCH * TOKENS * WIDTH, t),
      labels: Uint32Array.from({ length: BATCH }, (_, i) => (i * t) % CLASSES),
      scalars: optimizer.scalars(t, 1e-2),
    };
    program.run(state as never, batch as never);
    await device.idle();
  }
  return await state.readAll();
}

Deno.test("a training step gives the same bits on 1, 2 and 3 threads", async () => {
  const one = await train(1);
  assert.ok(one["params/up.weight"]!.data.every(Number.isFinite));
  for (const threads of [2, 3]) assert.deepEqual(await train(threads), one);
});
