/**
 * What is used of TensorFlow.js, in types of our own: the library is loaded by name at run time, so that checking and
 * publishing this repository never need it.
 *
 * @module
 */
import { versionOf } from "./jax_library.ts";

/** A tensor of TensorFlow.js. */
export interface TfTensor {
  data(): Promise<Float32Array>;
  dispose(): void;
}

type Unary = (x: TfTensor) => TfTensor;
type Binary = (a: TfTensor, b: TfTensor | number) => TfTensor;

/** The part of the library that is used. */
export interface Tf {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tensor(data: ArrayBufferView, shape: number[], dtype: string): TfTensor;
  variable(value: TfTensor, trainable: boolean, name: string): TfTensor;
  tidy<T>(compute: () => T): T;
  readonly add: Binary;
  readonly sub: Binary;
  readonly mul: Binary;
  readonly div: Binary;
  readonly sqrt: Unary;
  readonly tanh: Unary;
  sum(x: TfTensor): TfTensor;
  mean(x: TfTensor, axis: number, keep: boolean): TfTensor;
  softmax(x: TfTensor, axis: number): TfTensor;
  logSoftmax(x: TfTensor, axis: number): TfTensor;
  matMul(a: TfTensor, b: TfTensor, transposeA?: boolean, transposeB?: boolean): TfTensor;
  reshape(x: TfTensor, shape: number[]): TfTensor;
  transpose(x: TfTensor, axes: number[]): TfTensor;
  slice(x: TfTensor, begin: number[], size: number[]): TfTensor;
  oneHot(ids: TfTensor, classes: number): TfTensor;
  cast(x: TfTensor, dtype: string): TfTensor;
  valueAndGrad(f: (x: TfTensor) => TfTensor): (x: TfTensor) => { value: TfTensor; grad: TfTensor };
  readonly train: {
    adam(
      rate: number,
      beta1: number,
      beta2: number,
      eps: number,
    ): { minimize(loss: () => TfTensor, returnCost: true): TfTensor };
  };
}

const load = async <T>(name: string): Promise<T> => await import(name) as T;

/** Loads the library with its backend. @throws {Error} when the backend does not start here. */
export async function bindTf(backend: string): Promise<{ readonly tf: Tf; readonly version: string }> {
  const tf = await load<Tf>("@tensorflow/tfjs-core");
  await load("@tensorflow/tfjs");
  if (backend === "wasm") {
    const wasm = await load<{ setWasmPaths(folder: string): void }>("@tensorflow/tfjs-backend-wasm");
    wasm.setWasmPaths(new URL("node_modules/@tensorflow/tfjs-backend-wasm/dist/", import.meta.url).pathname);
  } else await load(`@tensorflow/tfjs-backend-${backend}`);
  if (!await tf.setBackend(backend)) throw new Error(`tfjs: the backend ${backend} does not start here`);
  await tf.ready();
  return { tf, version: `tfjs ${await versionOf("@tensorflow/tfjs-core")} ${backend}` };
}
