/**
 * TensorFlow.js as a peer, on wasm or webgpu. It runs operation by operation; gradients by its own tape.
 *
 * @module
 */
import type { Arrays } from "../data.ts";
import { fingerprint } from "../fingerprint.ts";
import type { EncoderSizes, EncoderWork, Work } from "../work.ts";
import { type PeerTask, serve } from "./serve.ts";
import { bindTf, type Tf, type TfTensor } from "./tfjs_library.ts";

const { tf, version } = await bindTf(Deno.args[0] ?? "wasm");

const placed = (arrays: Arrays): Record<string, TfTensor> =>
  Object.fromEntries(
    Object.entries(arrays).map(([name, { data, shape }]) => [
      name,
      data instanceof Uint32Array
        ? tf.tensor(Int32Array.from(data), [...shape], "int32")
        : tf.tensor(data, [...shape], "float32"),
    ]),
  );

/** Waits for a result by reading one number of it. */
async function waitFor(tensor: TfTensor): Promise<void> {
  const first = tf.tidy(() => tf.slice(tf.reshape(tensor, [-1]), [0], [1]));
  await first.data();
  first.dispose();
}

async function repeated(compute: () => TfTensor[]): Promise<PeerTask> {
  let last = tf.tidy(compute);
  const check: number[] = [];
  for (const tensor of last) check.push(...fingerprint(await tensor.data()));
  return {
    check,
    step() {
      last.forEach((tensor) => tensor.dispose());
      last = tf.tidy(compute);
    },
    wait: () => waitFor(last[0]!),
    free: () => last.forEach((tensor) => tensor.dispose()),
  };
}

function layerNorm(x: TfTensor, gamma: TfTensor, beta: TfTensor, eps = 1e-5): TfTensor {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.mul(centred, centred), -1, true);
  return tf.add(tf.mul(tf.div(centred, tf.sqrt(tf.add(variance, eps))), gamma), beta);
}

function geluTanh(x: TfTensor): TfTensor {
  const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
}

function block(x: TfTensor, get: (name: string) => TfTensor, sizes: EncoderSizes): TfTensor {
  const { batch, tokens, heads, width } = sizes;
  const split = (y: TfTensor) => tf.transpose(tf.reshape(y, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
  const before = layerNorm(x, get("norm1.gamma"), get("norm1.beta"));
  const [q, k, v] = ["query", "key", "value"].map((part) => split(tf.matMul(before, get(part))));
  const weights = tf.softmax(tf.mul(tf.matMul(q!, k!, false, true), 1 / Math.sqrt(width / heads)), -1);
  const heard = tf.reshape(tf.transpose(tf.matMul(weights, v!), [0, 2, 1, 3]), [batch * tokens, width]);
  const between = tf.add(x, tf.matMul(heard, get("output")));
  const after = layerNorm(between, get("norm2.gamma"), get("norm2.beta"));
  const inner = geluTanh(tf.add(tf.matMul(after, get("up.weight")), get("up.bias")));
  return tf.add(between, tf.add(tf.matMul(inner, get("down.weight")), get("down.bias")));
}

function crossEntropy(library: Tf, logits: TfTensor, oneHot: TfTensor, rows: number): TfTensor {
  return library.mul(library.sum(library.mul(library.logSoftmax(logits, -1), oneHot)), -1 / rows);
}

const hotRows = (ids: TfTensor, classes: number): TfTensor => tf.cast(tf.oneHot(ids, classes), "float32");

/** The encoder's training step, embedding by a product with one-hot rows. */
async function encoderTask({ sizes, losses }: EncoderWork, arrays: Arrays): Promise<PeerTask> {
  const { batch, tokens, width, layers } = sizes;
  if (sizes.head !== "token") throw new Error("the head over first tokens is not written for tfjs");
  const { ids, labels, ...initial } = placed(arrays);
  const params = Object.fromEntries(
    Object.entries(initial).map(([name, value]) => [name, tf.variable(value, true, name)]),
  );
  const inputs = hotRows(ids!, sizes.vocabulary), targets = hotRows(labels!, sizes.classes);
  const loss = (): TfTensor => {
    const embedded = tf.reshape(tf.matMul(inputs, params["embed.token"]!), [batch, tokens, width]);
    let x = tf.reshape(tf.add(embedded, params["embed.position"]!), [batch * tokens, width]);
    for (let layer = 0; layer < layers; layer++) x = block(x, (name) => params[`block.${layer}.${name}`]!, sizes);
    const normed = layerNorm(x, params["final.gamma"]!, params["final.beta"]!);
    return crossEntropy(tf, tf.matMul(normed, params.head!), targets, batch * tokens);
  };
  const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
  let last: TfTensor | undefined;
  const step = (): void => {
    last?.dispose();
    last = optimizer.minimize(loss, true);
  };
  const check: number[] = [];
  for (let i = 0; i < losses; i++) {
    step();
    check.push((await last!.data())[0]!);
  }
  return { check, step, wait: async () => void await last!.data() };
}

function prepare(work: Work, arrays: Arrays): Promise<PeerTask> {
  if (work.kind === "encoder-step") return encoderTask(work, arrays);
  const given = placed(arrays);
  switch (work.kind) {
    case "matmul":
      return repeated(() => [tf.matMul(given.a!, given.b!, work.form === "tn", work.form === "nt")]);
    case "softmax":
      return repeated(() => [tf.softmax(given.x!, -1)]);
    case "layer-norm":
      return repeated(() => [layerNorm(given.x!, given.gamma!, given.beta!)]);
    case "cross-entropy": {
      const hot = hotRows(given.labels!, work.columns);
      const both = tf.valueAndGrad((x: TfTensor) => crossEntropy(tf, x, hot, work.rows));
      return repeated(() => {
        const { value, grad } = both(given.logits!);
        return [value, grad];
      });
    }
    default:
      return Promise.reject(new Error(`${work.kind} is not written for tfjs`));
  }
}

await serve({ version }, prepare);
