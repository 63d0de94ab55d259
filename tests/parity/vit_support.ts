/**
 * What the parity tests of vision models share: parameters that need not be stored, and training compared with what
 * transformers and PyTorch make of it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { adamw, type Device, grad, type HostTensor, hostTensor, sizeOf, type Tensor } from "../../engine/mod.ts";
import { assertClose } from "../support/assert_close.ts";
import { uniformArray } from "../support/values.ts";

/** Values by name. */
export type Named<T> = Readonly<Record<string, T>>;

/** Numbers of a training, as `train` in vit_support.py makes them. */
export interface Training {
  readonly adamw: {
    readonly lr: number;
    readonly weight_decay: number;
    readonly eps: number;
    readonly betas: number[];
  };
  readonly losses: readonly number[];
  readonly grads: Named<string>;
  readonly after: Named<string>;
}

/** Base64 of f32. */
export function decode(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
}

/** Uniform numbers, as `generated` in vit_support.py makes them. */
export function generated(shape: readonly number[], seed: number, low: number, high: number): HostTensor {
  return hostTensor(Float32Array.from(uniformArray(sizeOf({ shape }), seed, low, high)), shape);
}

/** Parameters by their names in checkpoints, as `make` in vit_support.py makes them. */
export function generatedParams(shapes: Named<readonly number[]>): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.keys(shapes).sort().map((name, seed) => [name, parameter(name, shapes[name]!, seed)]),
  );
}

function parameter(name: string, shape: readonly number[], seed: number): HostTensor {
  if (name === "logit_scale") return hostTensor(Float32Array.of(1.5), shape);
  if (name.includes("norm") && name.endsWith(".weight")) return generated(shape, seed, 0.8, 1.2);
  return shape.length < 2 ? generated(shape, seed, -0.1, 0.1) : generated(shape, seed, -0.3, 0.3);
}

/**
 * Asserts that numbers agree to a relative 1e-4: each element by itself, or where it is small beside the others of its
 * tensor by a tenth of that of the greatest. Gradients that are nothing but rounding (biases of keys) must stay below
 * 1e-7.
 */
export function assertAgree(actual: ArrayLike<number>, expected: ArrayLike<number>, label: string): void {
  const greatest = Array.from(expected).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  assertClose(actual, expected, { rtol: 1e-4, atol: Math.max(1e-5 * greatest, 1e-7) }, label);
}

/** The elements of a metric. */
function elements(value: HostTensor | number): ArrayLike<number> {
  return typeof value === "number" ? [value] : value.data;
}

/** Evaluates a function of parameters and inputs on a device, by way of placed state and a batch. */
export async function evaluateOn(
  device: Device,
  params: Named<HostTensor>,
  inputs: Named<HostTensor>,
  f: (params: Named<Tensor>, inputs: Named<Tensor>) => Named<Tensor>,
): Promise<Record<string, ArrayLike<number>>> {
  using state = device.place(params);
  const step = (params: Named<Tensor>, batch: Named<Tensor>) => ({ state: params, metrics: f(params, batch) });
  using program = await device.compile(step, { state: state.types, batch: typesOf(inputs) } as never);
  program.run(state as never, inputs as never);
  const { values } = await program.lastMetrics();
  return Object.fromEntries(
    Object.entries(values as Named<HostTensor | number>).map(([name, value]) => [name, elements(value)]),
  );
}

function typesOf(tensors: Named<HostTensor>): Record<string, Pick<HostTensor, "shape" | "dtype">> {
  return Object.fromEntries(Object.entries(tensors).map(([name, { shape, dtype }]) => [name, { shape, dtype }]));
}

/** Asserts that a loss, all its gradients, and some steps of AdamW are those of transformers and PyTorch. */
export async function assertTraining(
  device: Device,
  shapes: Named<readonly number[]>,
  inputs: Named<HostTensor>,
  loss: (params: Named<Tensor>, inputs: Named<Tensor>) => Tensor,
  { adamw: { lr, weight_decay, eps, betas }, losses, grads, after }: Training,
): Promise<void> {
  assert.deepEqual(Object.keys(shapes).sort(), Object.keys(grads));
  const optimizer = adamw({ weightDecay: weight_decay, eps, beta1: betas[0]!, beta2: betas[1]! });
  const params = generatedParams(shapes);
  using state = device.place({ params, averages: optimizer.init(params) });
  type State = { readonly params: Named<Tensor>; readonly averages: Named<Named<Tensor>> };
  type Batch = { readonly inputs: Named<Tensor>; readonly scalars: Named<Tensor> };
  const step = ({ params, averages }: State, batch: Batch) => {
    const value = loss(params, batch.inputs);
    const gradients = grad(value, params) as Record<string, Tensor>;
    const next = optimizer.update(gradients, averages, params, batch.scalars);
    return { state: { params: next.params, averages: next.state }, metrics: { loss: value, gradients } };
  };
  const scalar = { shape: [], dtype: "f32" };
  const scalars = Object.fromEntries(Object.keys(optimizer.scalars(1, lr)).map((name) => [name, scalar]));
  const types = { state: state.types, batch: { inputs: typesOf(inputs), scalars } };
  using program = await device.compile(step as never, types as never);
  for (const [i, expected] of losses.entries()) {
    program.run(state as never, { inputs, scalars: optimizer.scalars(i + 1, lr) } as never);
    const { values } = await program.lastMetrics();
    const { loss, gradients } = values as unknown as { loss: number; gradients: Named<HostTensor | number> };
    assertAgree([loss], [expected], `loss of step ${i + 1}`);
    if (i > 0) continue;
    for (const [name, text] of Object.entries(grads)) {
      assertAgree(elements(gradients[name]!), decode(text), `gradient of ${name}`);
    }
  }
  for (const [name, text] of Object.entries(after)) {
    assertAgree((await state.read(`params/${name}`)).data, decode(text), `${name} after ${losses.length} steps`);
  }
}
