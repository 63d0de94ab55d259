/**
 * The reference encoder (pre-LN, Xiong et al. 2020) on our engine: training steps, and one layer alone.
 *
 * @module
 */
import {
  adam,
  add,
  attention,
  type BatchLeaf,
  crossEntropy,
  type Device,
  embedding,
  geluTanh,
  type HostTensor,
  layerNorm,
  matmul,
  mean,
  permute,
  reshape,
  square,
  take,
  type Tensor,
  type Tree,
  valueAndGrad,
  zeros,
} from "../../../engine/mod.ts";
import type { Arrays } from "../data.ts";
import { fingerprint } from "../fingerprint.ts";
import type { EncoderSizes, EncoderWork, LayerWork } from "../work.ts";
import { type Compiled, compileStep, countsOf, type NamedTensors, type Task } from "./task.ts";

const EPS = 1e-5;

/** One block over `x` [batch * tokens, width]. */
function block(x: Tensor, params: NamedTensors, prefix: string, sizes: EncoderSizes): Tensor {
  const { batch, tokens, heads, width } = sizes;
  const get = (name: string): Tensor => params[`${prefix}.${name}`]!;
  const split = (y: Tensor) => permute(reshape(y, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
  const before = layerNorm(x, get("norm1.gamma"), get("norm1.beta"), EPS);
  const [q, k, v] = ["query", "key", "value"].map((part) => split(matmul(before, get(part))));
  const heard = reshape(permute(attention(q!, k!, v!), [0, 2, 1, 3]), [batch * tokens, width]);
  const between = add(x, matmul(heard, get("output")));
  const after = layerNorm(between, get("norm2.gamma"), get("norm2.beta"), EPS);
  const inner = geluTanh(add(matmul(after, get("up.weight")), get("up.bias")));
  return add(between, add(matmul(inner, get("down.weight")), get("down.bias")));
}

/** Mean cross-entropy of the encoder's predictions. */
export function encoderLoss(params: NamedTensors, ids: Tensor, labels: Tensor, sizes: EncoderSizes): Tensor {
  const { batch, tokens, width, layers, head } = sizes;
  const embedded = reshape(embedding(params["embed.token"]!, ids), [batch, tokens, width]);
  let x = reshape(add(embedded, params["embed.position"]!), [batch * tokens, width]);
  for (let layer = 0; layer < layers; layer++) x = block(x, params, `block.${layer}`, sizes);
  const read = head === "token" ? x : take(reshape(x, [batch, tokens, width]), 1, 0);
  const normed = layerNorm(read, params["final.gamma"]!, params["final.beta"]!, EPS);
  return crossEntropy(matmul(normed, params.head!), labels);
}

/** A step of training, compiled; also for {@linkcode Program.profile}. */
export interface TrainingTask extends Task {
  readonly compiled: Compiled;
  /** The batch of any step. */
  readonly batch: Tree<BatchLeaf>;
}

/** Compiles the training step, runs the first `losses` steps and keeps their losses as the check. */
export async function encoderTask(
  device: Device,
  { sizes, losses }: EncoderWork,
  arrays: Arrays,
): Promise<TrainingTask> {
  const { ids, labels, ...params } = arrays as Record<string, HostTensor>;
  const optimizer = adam();
  type State = { params: NamedTensors; averages: Record<string, NamedTensors> };
  type Batch = { ids: Tensor; labels: Tensor; scalars: NamedTensors };
  const step = ({ params, averages }: State, { ids, labels, scalars }: Batch) => {
    const { value: loss, grads } = valueAndGrad(
      (wanted: Record<string, Tensor>) => encoderLoss(wanted, ids, labels, sizes),
      params as Record<string, Tensor>,
    );
    const next = optimizer.update(grads, averages, params, scalars);
    return { state: { params: next.params, averages: next.state }, metrics: { loss } };
  };
  const scalarTypes = Object.fromEntries(
    Object.keys(optimizer.scalars(1, 1)).map((name) => [name, { shape: [], dtype: "f32" } as const]),
  );
  const { shape: idShape } = ids!, { shape: labelShape } = labels!;
  const types = {
    ids: { shape: idShape, dtype: "u32" } as const,
    labels: { shape: labelShape, dtype: "u32" } as const,
    scalars: scalarTypes,
  };
  const compiled = await compileStep(device, step, { params, averages: optimizer.init(params) }, types);
  let t = 0;
  const batch = () => ({ ids: ids!.data, labels: labels!.data, scalars: optimizer.scalars(++t, 1e-3) });
  const check: number[] = [];
  for (let i = 0; i < losses; i++) {
    compiled.run(batch());
    check.push(((await compiled.program.lastMetrics()).values as unknown as { loss: number }).loss);
  }
  return {
    compiled,
    batch: batch(),
    check,
    counts: countsOf(compiled),
    step: () => compiled.run(batch()),
    [Symbol.dispose]: () => compiled[Symbol.dispose](),
  };
}

/** Loss and all gradients of one layer. */
export async function layerTask(device: Device, { sizes }: LayerWork, arrays: Arrays): Promise<TrainingTask> {
  const grads = Object.fromEntries(
    Object.entries(arrays).map(([name, { shape }]) => [name, zeros({ shape, dtype: "f32" })]),
  );
  type State = { given: NamedTensors; grads: NamedTensors };
  const step = ({ given }: State) => {
    const loss = (named: Record<string, Tensor>) => mean(square(block(named.x!, named, "block.0", sizes)));
    const { value, grads } = valueAndGrad(loss, given as Record<string, Tensor>);
    return { state: { given, grads }, metrics: { loss: value } };
  };
  const compiled = await compileStep(device, step, { given: { ...arrays }, grads });
  compiled.run({});
  const { loss } = (await compiled.program.lastMetrics()).values as unknown as { loss: number };
  const check = [loss];
  for (const name of ["x", "block.0.query", "block.0.down.weight"]) {
    check.push(fingerprint((await compiled.state.read(`grads/${name}`)).data)[0]!);
  }
  return {
    compiled,
    batch: {},
    check,
    counts: countsOf(compiled),
    step: () => compiled.run({}),
    [Symbol.dispose]: () => compiled[Symbol.dispose](),
  };
}
