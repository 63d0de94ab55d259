/**
 * What a WebGPU device can do at most: f32 multiply-adds from registers, and copying large buffers. Measured with
 * kernels of our own, since drivers do not tell.
 *
 * @module
 */

/** Limits of a device. */
export interface Peak {
  /** f32 operations per second; a multiply-add is two. */
  readonly flops: number;
  /** Bytes read and written per second. */
  readonly bytes: number;
}

const CHAINS = 8, UNROLL = 8, ROUNDS = 64, GROUP = 256;

/** Independent chains of multiply-adds, so that latency hides; the sum is stored, so that nothing is optimised away. */
function arithmeticShader(): string {
  const chains = Array.from({ length: CHAINS }, (_, i) => i);
  const line = chains.map((i) => `a${i} = fma(a${i}, m, c);`).join(" ");
  return `@group(0) @binding(0) var<storage, read_write> out: array<vec4f>;
@compute @workgroup_size(${GROUP}) fn main(@builtin(global_invocation_id) id: vec3u) {
  let x = f32(id.x) * 1e-9;
  let m = vec4f(0.999 + x); let c = vec4f(1e-3 + x);
  ${chains.map((i) => `var a${i} = vec4f(${i}.0 + x);`).join(" ")}
  for (var i = 0u; i < ${ROUNDS}u; i++) { ${Array.from({ length: UNROLL }, () => line).join("\n    ")} }
  out[id.x] = ${chains.map((i) => `a${i}`).join(" + ")};
}`;
}

const copyShader = `@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> b: array<vec4f>;
@compute @workgroup_size(${GROUP}) fn main(@builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * ${GROUP}u;
  if (i < arrayLength(&a)) { b[i] = a[i]; }
}`;

/** Seconds of one dispatch, from as many as make the wait at the end small. */
async function secondsOf(
  device: GPUDevice,
  code: string,
  buffers: readonly GPUBuffer[],
  groups: readonly [number, number],
): Promise<number> {
  const module = device.createShaderModule({ code });
  const pipeline = await device.createComputePipelineAsync({
    layout: "auto",
    compute: { module, entryPoint: "main" },
  });
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const run = async (count: number): Promise<number> => {
    const start = performance.now();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    for (let i = 0; i < count; i++) pass.dispatchWorkgroups(...groups);
    pass.end();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return (performance.now() - start) / 1000;
  };
  await run(1);
  let count = 1, seconds = await run(count);
  while (seconds < 0.6 && count < 1e5) {
    count *= Math.min(16, Math.max(2, Math.ceil(0.7 / seconds)));
    seconds = await run(count);
  }
  const samples = [seconds, await run(count), await run(count)];
  return Math.min(...samples) / count;
}

/**
 * Measures a device of its own, opened for it.
 *
 * @param tiny small buffers and few threads: for software adapters.
 */
export async function measurePeak(tiny: boolean): Promise<Peak> {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("there is no WebGPU adapter");
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const bytes = Math.min(tiny ? 2 ** 24 : 2 ** 29, maxBufferSize, maxStorageBufferBindingSize);
  const device = await adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
  const buffer = (size: number): GPUBuffer => device.createBuffer({ size, usage: GPUBufferUsage.STORAGE });
  try {
    const groups = tiny ? 32 : 8192;
    const arithmetic = buffer(groups * GROUP * 16);
    const seconds = await secondsOf(device, arithmeticShader(), [arithmetic], [groups, 1]);
    const flops = 2 * 4 * CHAINS * UNROLL * ROUNDS * groups * GROUP / seconds;
    const copies = Math.ceil(bytes / 16 / GROUP), wide = Math.min(copies, 32768);
    const copied = await secondsOf(device, copyShader, [buffer(bytes), buffer(bytes)], [
      wide,
      Math.ceil(copies / wide),
    ]);
    return { flops, bytes: 2 * bytes / copied };
  } finally {
    device.destroy();
  }
}
