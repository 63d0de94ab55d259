/**
 * Single operations on our engine: products, rows, one optimiser update, selection.
 *
 * @module
 */
import {
  adamw,
  constant,
  crossEntropy,
  type Device,
  grad,
  type HostTensor,
  keepTopK,
  layerNorm,
  matmul,
  packBits,
  softmax,
  type Tensor,
  transpose,
  zeros,
} from "../../../engine/mod.ts";
import type { Arrays } from "../data.ts";
import { fingerprint, maskCheck } from "../fingerprint.ts";
import type { AdamWWork, ChainWork, MatmulWork, RowsWork, TopKWork } from "../work.ts";
import { compileStep, countsOf, type NamedTensors, type Task } from "./task.ts";

/** One step that puts results into state, so that they stay on the device. */
async function resultTask(
  device: Device,
  arrays: Arrays,
  results: Readonly<Record<string, HostTensor>>,
  compute: (given: NamedTensors) => Record<string, Tensor>,
): Promise<Task> {
  const step = (state: NamedTensors) => ({ state: { ...state, ...compute(state) }, metrics: {} });
  const compiled = await compileStep(device, step, { ...arrays, ...results });
  compiled.run({});
  const check: number[] = [];
  for (const name of Object.keys(results)) check.push(...fingerprint((await compiled.state.read(name)).data));
  return {
    check,
    counts: countsOf(compiled),
    step: () => compiled.run({}),
    [Symbol.dispose]: () => compiled[Symbol.dispose](),
  };
}

const f32 = (shape: readonly number[]): HostTensor => zeros({ shape, dtype: "f32" });

/** A matrix product. */
export function matmulTask(device: Device, { batch, m, n, form }: MatmulWork, arrays: Arrays): Promise<Task> {
  const c = f32(batch === 1 ? [m, n] : [batch, m, n]);
  return resultTask(device, arrays, { c }, ({ a, b }) => ({
    c: matmul(form === "tn" ? transpose(a!) : a!, form === "nt" ? transpose(b!) : b!),
  }));
}

/** Softmax, layer normalisation, or cross-entropy with the gradient of its logits. */
export function rowsTask(device: Device, { kind, rows, columns }: RowsWork, arrays: Arrays): Promise<Task> {
  const matrix = f32([rows, columns]);
  switch (kind) {
    case "softmax":
      return resultTask(device, arrays, { y: matrix }, ({ x }) => ({ y: softmax(x!) }));
    case "layer-norm":
      return resultTask(device, arrays, { y: matrix }, ({ x, gamma, beta }) => ({
        y: layerNorm(x!, gamma!, beta!, 1e-5),
      }));
    case "cross-entropy":
      return resultTask(device, arrays, { loss: f32([]), gradient: matrix }, ({ logits, labels }) => {
        const loss = crossEntropy(logits!, labels!);
        return { loss, gradient: grad(loss, logits!) };
      });
  }
}

/** One AdamW update: the first one for the check, then the same update again and again. */
export async function adamwTask(device: Device, { size }: AdamWWork, { param, grad: gradient }: Arrays): Promise<Task> {
  const optimizer = adamw();
  const averages = optimizer.init({ param: { shape: [size], dtype: "f32" } });
  type State = { param: Tensor; gradient: Tensor; averages: Record<string, NamedTensors> };
  const step = ({ param, gradient, averages }: State, scalars: NamedTensors) => {
    const next = optimizer.update({ param: gradient }, averages, { param }, scalars);
    return { state: { param: next.params.param!, gradient, averages: next.state }, metrics: {} };
  };
  const scalars = optimizer.scalars(1, 1e-3);
  const types = Object.fromEntries(Object.keys(scalars).map((name) => [name, { shape: [], dtype: "f32" } as const]));
  const compiled = await compileStep(device, step, { param: param!, gradient: gradient!, averages }, types);
  compiled.run(scalars);
  return {
    check: fingerprint((await compiled.state.read("param")).data),
    counts: countsOf(compiled),
    step: () => compiled.run(scalars),
    [Symbol.dispose]: () => compiled[Symbol.dispose](),
  };
}

/** The packed mask of the greatest scores. The check is the number kept and where they lie, exactly. */
export async function topKTask(device: Device, { size, keep }: TopKWork, { scores }: Arrays): Promise<Task> {
  const mask = zeros({ shape: [Math.ceil(size / 32)], dtype: "u32" });
  const step = ({ scores }: { scores: Tensor }, { keep }: { keep: Tensor }) => ({
    state: { scores, mask: packBits(keepTopK({ scores }, keep).scores!) },
    metrics: {},
  });
  const compiled = await compileStep(device, step, { scores: scores!, mask }, { keep: { shape: [], dtype: "u32" } });
  compiled.run({ keep });
  const words = (await compiled.state.read("mask")).data as Uint32Array;
  return {
    check: maskCheck((i) => (words[i >> 5]! >>> (i & 31) & 1) === 1, size),
    counts: countsOf(compiled),
    step: () => compiled.run({ keep }),
    [Symbol.dispose]: () => compiled[Symbol.dispose](),
  };
}

/** The chain of tiny products; `w` permutes, so values stay as they are. */
export function chainTask(device: Device, { length }: ChainWork, arrays: Arrays): Promise<Task> {
  return resultTask(device, arrays, { y: f32([8, 8]) }, ({ x, w }) => {
    let y = x!;
    for (let i = 0; i < length; i++) y = matmul(y, w!);
    return { y };
  });
}

/** A small program whose metrics can be read, for what repeats leave behind. */
export async function smallTask(device: Device): Promise<Task & { metrics(): Promise<unknown> }> {
  const step = ({ x }: { x: Tensor }) => {
    const next = softmax(matmul(x, constant(0.5, [16, 16])));
    return { state: { x: next }, metrics: { next } };
  };
  const compiled = await compileStep(device, step, { x: f32([16, 16]) });
  return {
    check: [],
    metrics: () => compiled.program.metrics(),
    counts: countsOf(compiled),
    step: () => compiled.run({}),
    [Symbol.dispose]: () => compiled[Symbol.dispose](),
  };
}
