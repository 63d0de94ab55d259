/**
 * jax-js as a peer: whole steps under `jit`, on wasm or webgpu.
 *
 * Arrays of jax-js are used up by the operations that take them; `.ref` keeps one for another use.
 *
 * @module
 */
import { fingerprint } from "../fingerprint.ts";
import type { Arrays } from "../data.ts";
import type { Work } from "../work.ts";
import { bindJax, type JaxArray, type JaxLibrary, type JaxTree } from "./jax_library.ts";
import { encoderLayerLoss, encoderLoss, viTLoss } from "./jax_models.ts";
import { type PeerTask, serve } from "./serve.ts";

const device = Deno.args[0] ?? "wasm";
const jax: JaxLibrary = await bindJax(device);
const { np, nn, jit, valueAndGrad, ref, blockUntilReady } = jax;

const placed = (arrays: Arrays): Record<string, JaxArray> =>
  Object.fromEntries(
    Object.entries(arrays).map(([name, { data, shape }]) => {
      const own = data instanceof Uint32Array ? Int32Array.from(data) : data;
      return [name, np.array(own).reshape([...shape])];
    }),
  );

const firstOf = async (array: JaxArray): Promise<number> => (await array.data())[0]!;

/** Bytes of results that may wait to be computed. */
const HELD_BYTES = 2 ** 28;

/**
 * A pure function of fixed arrays. jax-js computes when a result is asked for, and never what is thrown away before: so
 * results are held until they have been waited for.
 */
async function repeated(
  compute: (given: JaxTree) => readonly JaxArray[],
  given: Record<string, JaxArray>,
  check: (results: readonly JaxArray[]) => Promise<number[]>,
): Promise<PeerTask> {
  const compiled = jit(compute as never) as unknown as typeof compute;
  const first = compiled(ref(given));
  const bytes = first.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
  const checked = await check(first);
  // On wasm a wait costs nothing, so nothing needs to be held; on webgpu it costs 10 ms.
  const most = device === "wasm" ? 1 : Math.max(1, Math.floor(HELD_BYTES / bytes));
  let held: (readonly JaxArray[])[] = [];
  const wait = async (): Promise<void> => {
    await blockUntilReady(held.flat());
    held.flat().forEach((array) => array.dispose());
    held = [];
  };
  return {
    check: checked,
    step() {
      held.push(compiled(ref(given)));
      return held.length >= most ? wait() : undefined;
    },
    wait,
  };
}

const prints = async (results: readonly JaxArray[]): Promise<number[]> => {
  const numbers: number[] = [];
  for (const array of results) numbers.push(...fingerprint(await array.data()));
  return numbers;
};

/** Adam or AdamW: `decays(name)` is the decoupled decay. */
function trainer(
  loss: (params: Record<string, JaxArray>, batch: JaxTree) => JaxArray,
  decays: (name: string) => number,
) {
  const [beta1, beta2, rate] = [0.9, 0.999, 1e-3];
  return (params: JaxTree, m: JaxTree, v: JaxTree, c1: JaxArray, c2: JaxArray, batch: JaxTree) => {
    const [value, grads] = valueAndGrad(loss)(ref(params), batch);
    const next: JaxTree = {}, nextM: JaxTree = {}, nextV: JaxTree = {};
    for (const name of Object.keys(params)) {
      const grad = grads[name]!;
      const mean = m[name]!.mul(beta1).add(grad.ref.mul(1 - beta1));
      const square = v[name]!.mul(beta2).add(grad.ref.mul(grad).mul(1 - beta2));
      nextM[name] = mean.ref;
      nextV[name] = square.ref;
      const change = mean.mul(c1.ref).mul(rate).div(np.sqrt(square.mul(c2.ref)).add(1e-8));
      const decay = decays(name);
      const start = decay ? params[name]!.mul(1 - rate * decay) : params[name]!;
      next[name] = start.sub(change);
    }
    c1.dispose();
    c2.dispose();
    return [value, next, nextM, nextV] as const;
  };
}

async function training(
  loss: (params: Record<string, JaxArray>, batch: JaxTree) => JaxArray,
  decays: (name: string) => number,
  params: JaxTree,
  batch: JaxTree,
  losses: number,
): Promise<PeerTask> {
  const update = trainer(loss, decays);
  const step = jit(update as never) as unknown as typeof update;
  const zero = () => Object.fromEntries(Object.entries(params).map(([name, { shape }]) => [name, np.zeros(shape)]));
  let state = { params, m: zero(), v: zero() }, t = 0, last: JaxArray | undefined;
  const advance = (): void => {
    t++;
    const scalar = (value: number) => np.array(Float32Array.of(value)).reshape([]);
    last?.dispose();
    const [value, next, m, v] = step(
      state.params,
      state.m,
      state.v,
      scalar(1 / (1 - 0.9 ** t)),
      scalar(1 / (1 - 0.999 ** t)),
      ref(batch),
    );
    state = { params: next, m, v };
    last = value;
  };
  const check: number[] = [];
  for (let i = 0; i < losses; i++) {
    advance();
    check.push(await firstOf(last!.ref));
  }
  return { check, step: advance, wait: async () => void await firstOf(last!.ref) };
}

function prepare(work: Work, arrays: Arrays): Promise<PeerTask> {
  const given = placed(arrays);
  switch (work.kind) {
    case "matmul": {
      // Contractions are given as such where operands are stored transposed: no copy is asked for.
      const swap = (x: JaxArray): JaxArray => np.matrixTranspose(x);
      return repeated(
        ({ a, b }) => [np.matmul(work.form === "tn" ? swap(a!) : a!, work.form === "nt" ? swap(b!) : b!)],
        given,
        prints,
      );
    }
    case "softmax":
      return repeated(({ x }) => [nn.softmax(x!, -1)], given, prints);
    case "layer-norm":
      return repeated(({ x, gamma, beta }) => [jax.layerNorm(x!, gamma!, beta!, 1e-5)], given, prints);
    case "cross-entropy": {
      const loss = (x: JaxArray, labels: JaxArray): JaxArray =>
        nn.logSoftmax(x, -1).mul(nn.oneHot(labels, work.columns).astype(np.float32)).sum().mul(-1 / work.rows);
      const both = valueAndGrad(loss as never) as unknown as (x: JaxArray, labels: JaxArray) => [JaxArray, JaxArray];
      return repeated(({ logits, labels }) => both(logits!, labels!), given, prints);
    }
    case "adamw": {
      const decay = 1e-5;
      return repeated(
        ({ param, grad }) => {
          const m = grad!.ref.mul(0.1), v = grad!.ref.mul(grad!).mul(0.001);
          const change = m.ref.mul(1e-3 / 0.1).div(np.sqrt(v.ref.mul(1 / 0.001)).add(1e-8));
          return [param!.mul(1 - decay).sub(change), m, v];
        },
        given,
        (results) => prints(results.slice(0, 1)),
      );
    }
    case "chain":
      return repeated(
        ({ x, w }) => {
          let y = x!;
          for (let i = 0; i < work.length; i++) y = np.matmul(y, w!.ref);
          w!.dispose();
          return [y];
        },
        given,
        prints,
      );
    case "encoder-layer": {
      const loss = (params: JaxTree): JaxArray => encoderLayerLoss(jax, params, work.sizes);
      const both = valueAndGrad(loss) as (params: JaxTree) => [JaxArray, JaxTree];
      const names = Object.keys(given);
      const watched = ["x", "block.0.query", "block.0.down.weight"];
      return repeated(
        (all) => {
          const [value, grads] = both(all);
          return [value, ...names.map((name) => grads[name]!)];
        },
        given,
        async (results) => {
          const numbers = [await firstOf(results[0]!)];
          for (const name of watched) {
            numbers.push(fingerprint(await results[1 + names.indexOf(name)]!.data())[0]!);
          }
          results.forEach((array, i) => i > 0 && !watched.includes(names[i - 1]!) && array.dispose());
          return numbers;
        },
      );
    }
    case "encoder-step": {
      const { ids, labels, ...params } = given;
      const loss = (p: JaxTree, batch: JaxTree): JaxArray => encoderLoss(jax, p, batch, work.sizes);
      return training(loss, () => 0, params, { ids: ids!, labels: labels! }, work.losses);
    }
    case "vit-step": {
      const { images, labels, ...params } = given;
      const loss = (p: JaxTree, batch: JaxTree): JaxArray => viTLoss(jax, p, batch, work.sizes);
      const decays = (name: string): number => name.endsWith(".bias") || /layernorm/.test(name) ? 0 : 0.01;
      return training(loss, decays, params, { images: images!, labels: labels! }, work.losses);
    }
    default:
      return Promise.reject(new Error(`${work.kind} is not written for jax-js`));
  }
}

await serve({ version: `jax-js ${jax.version} ${device}` }, prepare);
