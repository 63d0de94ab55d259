/**
 * What is used of jax-js, in types of our own: the library is loaded by name at run time, so that checking and
 * publishing this repository never need it.
 *
 * @module
 */

/** An array of jax-js. Operations use it up; `ref` is the same array for one more use. */
export interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: number[];
  add(other: JaxArray | number): JaxArray;
  sub(other: JaxArray | number): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  div(other: JaxArray | number): JaxArray;
  sum(): JaxArray;
  reshape(shape: number[]): JaxArray;
  astype(dtype: unknown): JaxArray;
  data(): Promise<Float32Array>;
  dispose(): void;
}

/** Arrays by name. */
export type JaxTree = Record<string, JaxArray>;

/** The part of `numpy` that is used. */
export interface JaxNumpy {
  readonly float32: unknown;
  array(data: ArrayBufferView): JaxArray;
  zeros(shape: number[]): JaxArray;
  matmul(a: JaxArray, b: JaxArray): JaxArray;
  transpose(x: JaxArray, axes: number[]): JaxArray;
  matrixTranspose(x: JaxArray): JaxArray;
  mean(x: JaxArray, axis?: number | null, options?: { keepdims: boolean }): JaxArray;
  sqrt(x: JaxArray): JaxArray;
  tanh(x: JaxArray): JaxArray;
  maximum(a: JaxArray, b: JaxArray | number): JaxArray;
  concatenate(arrays: JaxArray[], axis: number): JaxArray;
  broadcastTo(x: JaxArray, shape: number[]): JaxArray;
}

/** The part of `nn` that is used. */
export interface JaxNn {
  softmax(x: JaxArray, axis: number): JaxArray;
  logSoftmax(x: JaxArray, axis: number): JaxArray;
  oneHot(x: JaxArray, classes: number): JaxArray;
}

/** jax-js, with the compositions that it lacks. */
export interface JaxLibrary {
  readonly version: string;
  readonly np: JaxNumpy;
  readonly nn: JaxNn;
  jit<F>(f: F): F;
  valueAndGrad(
    loss: (params: JaxTree, batch: JaxTree) => JaxArray,
  ): (params: JaxTree, batch: JaxTree) => [JaxArray, JaxTree];
  /** Each array once more. */
  ref(tree: JaxTree): JaxTree;
  blockUntilReady(arrays: readonly JaxArray[]): Promise<void>;
  layerNorm(x: JaxArray, gamma: JaxArray, beta: JaxArray, eps: number): JaxArray;
  /** The first of `rows` rows of each matrix of a batch, picked by a product. */
  matmulFirst(x: JaxArray, rows: number): JaxArray;
}

interface Raw {
  init(): Promise<readonly string[]>;
  defaultDevice(device: string): void;
  readonly numpy: JaxNumpy;
  readonly nn: JaxNn;
  readonly tree: { ref(tree: JaxTree): JaxTree };
  jit<F>(f: F): F;
  valueAndGrad: JaxLibrary["valueAndGrad"];
  blockUntilReady(arrays: unknown): Promise<void>;
}

/** Loads the library and sets its device. @throws {Error} when it has no such device here. */
export async function bindJax(device: string): Promise<JaxLibrary> {
  const name = "@jax-js/jax";
  const raw = await import(name) as Raw;
  const available = await raw.init();
  if (!available.includes(device)) throw new Error(`jax-js has no ${device} here, only ${available.join(", ")}`);
  raw.defaultDevice(device);
  const np = raw.numpy;
  const keep = { keepdims: true };
  return {
    version: await versionOf(name),
    np,
    nn: raw.nn,
    jit: raw.jit,
    valueAndGrad: raw.valueAndGrad,
    ref: raw.tree.ref,
    blockUntilReady: async (arrays) => void await raw.blockUntilReady(arrays),
    layerNorm(x, gamma, beta, eps) {
      const centred = x.ref.sub(np.mean(x, -1, keep));
      const variance = np.mean(centred.ref.mul(centred.ref), -1, keep);
      return centred.div(np.sqrt(variance.add(eps))).mul(gamma).add(beta);
    },
    matmulFirst(x, rows) {
      const pick = np.array(Float32Array.from({ length: rows }, (_, i) => i === 0 ? 1 : 0)).reshape([1, rows]);
      return np.matmul(pick, x);
    },
  };
}

/** The version that the import map of the peers names. */
export async function versionOf(name: string): Promise<string> {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("peers.json", import.meta.url))) as {
    imports: Record<string, string>;
  };
  return imports[name]?.replace(/^npm:(@[^@]*|[^@]*)@/, "") ?? "unknown";
}
