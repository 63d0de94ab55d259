/**
 * One suite for all devices: cases are graphs with inputs, compared with the oracle. Many cases make one program, so
 * that a device is asked to compile once.
 *
 * @module
 */
import { openCpu } from "../../../engine/device/cpu.ts";
import { Device } from "../../../engine/device/device.ts";
import { openWebGpu, type WebGpuOptions } from "../../../engine/device/webgpu.ts";
import type { Dtype, Tensor } from "../../../engine/graph/node.ts";
import { sizeOf } from "../../../engine/graph/node.ts";
import type { HostData, HostTensor } from "../../../engine/host.ts";
import { interpretFunction } from "../../../engine/reference/interpret.ts";
import { assertClose, type Tolerance } from "../../support/assert_close.ts";
import { uniformArray } from "../../support/values.ts";
import { exact, rounding } from "./tolerance.ts";

/** A graph with inputs. */
export interface Case {
  readonly name: string;
  readonly inputs: readonly HostTensor[];
  readonly build: (...inputs: Tensor[]) => Tensor | readonly Tensor[];
  /** Of floating outputs; others must be exact. */
  readonly tolerance?: Tolerance;
}

/**
 * Registers `body` once for each device: cpu, webgpu, and webgpu with the kernels that hardware gets, whatever the
 * adapter is; of those two, bindings may be limited. A WebGPU run fails on any error that the device reports; it is skipped, and says so, only where there is
 * no adapter and none is demanded.
 */
export function onDevices(
  name: string,
  body: (device: Device) => Promise<void>,
  { bindingBytes }: Pick<WebGpuOptions, "bindingBytes"> = {},
): void {
  Deno.test(`cpu: ${name}`, async () => {
    using device = new Device(openCpu());
    await body(device);
  });
  const onWebGpu = (title: string, options: WebGpuOptions) =>
    Deno.test(`${title}: ${name}`, async () => {
      const adapter = await navigator.gpu?.requestAdapter();
      if (!adapter && Deno.env.get("SEVEN_REQUIRE_WEBGPU") !== "1") {
        console.warn(`SKIPPED (no WebGPU adapter): ${name}`);
        return;
      }
      using device = new Device(await openWebGpu({ ...options, ...(bindingBytes ? { bindingBytes } : {}) }));
      await body(device);
      await device.idle(); // throws what the device has complained of
    });
  onWebGpu("webgpu", { blockingReadback: true });
  onWebGpu("webgpu with hardware's kernels", { blockingReadback: true, software: false });
}

/** Wraps elements as they are stored: rounded to f32, wrapped to 32 bits, flags as 0 and 1. */
export function tensor(shape: readonly number[], data: ArrayLike<number>, dtype: Dtype = "f32"): HostTensor {
  const stored: HostData = dtype === "f32"
    ? Float32Array.from(data)
    : dtype === "i32"
    ? Int32Array.from(data)
    : Uint32Array.from(data);
  return { shape, dtype, data: stored };
}

/** f32 elements in [low, high). */
export function randoms(shape: readonly number[], seed: number, low = -1, high = 1): HostTensor {
  return tensor(shape, uniformArray(sizeOf({ shape }), seed, low, high));
}

/** u32 elements below `end`. */
export function integers(shape: readonly number[], seed: number, end: number, dtype: Dtype = "u32"): HostTensor {
  return tensor(shape, uniformArray(sizeOf({ shape }), seed, 0, end).map(Math.floor), dtype);
}

const listOf = (outputs: Tensor | readonly Tensor[]): readonly Tensor[] =>
  Array.isArray(outputs) ? outputs : [outputs as Tensor];

/** What the oracle says of each case, computed once for all devices. */
const expectations = new WeakMap<Case, readonly Float64Array[]>();
function expected(one: Case): readonly Float64Array[] {
  let values = expectations.get(one);
  if (!values) {
    values = interpretFunction((...inputs: Tensor[]) => listOf(one.build(...inputs)), ...one.inputs) as Float64Array[];
    expectations.set(one, values);
  }
  return values;
}

/**
 * Runs all cases as one program and compares every output with the oracle. Inputs of every other case are placed
 * state, the others come with the batch, where small ones are packed: both ways in are used.
 */
export async function checkCases(device: Device, cases: readonly Case[]): Promise<void> {
  const place = (parity: number) => cases.map((one, i) => i % 2 === parity ? one.inputs : []);
  using state = device.place(place(0));
  const batch = place(1);
  type Inputs = readonly (readonly Tensor[])[];
  const step = (state: Inputs, batch: Inputs) => ({
    state,
    metrics: cases.map((one, i) => listOf(one.build(...(i % 2 === 0 ? state : batch)[i]!))),
  });
  const types = batch.map((inputs) => inputs.map(({ shape, dtype }) => ({ shape, dtype })));
  using program = await device.compile<Inputs, Inputs, Inputs>(step, { state: state.types, batch: types } as never);
  program.run(state as never, batch as never);
  const { values } = await program.lastMetrics();
  const outputs = values as unknown as readonly (readonly (number | HostTensor)[])[];
  const dtypes = new Map(program.plan.metrics.map(({ path, type }) => [path, type.dtype]));
  cases.forEach((one, i) => {
    expected(one).forEach((wanted, output) => {
      const given = outputs[i]![output]!;
      const data = typeof given === "number" ? [given] : given.data;
      const tolerance = dtypes.get(`${i}/${output}`) === "f32" ? one.tolerance ?? rounding() : exact;
      assertClose(data, wanted, tolerance, `${device.kind}, ${one.name}, output ${output}`);
    });
  });
}
