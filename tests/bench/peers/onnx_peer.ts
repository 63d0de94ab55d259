/**
 * onnxruntime-node as a peer for matrix products, on all processor threads.
 *
 * @module
 */
import type { Arrays } from "../data.ts";
import { fingerprint } from "../fingerprint.ts";
import { type MatmulWork, operandShapes, type Work } from "../work.ts";
import { versionOf } from "./jax_library.ts";
import { productModel } from "./onnx_model.ts";
import { type PeerTask, serve } from "./serve.ts";

interface OrtTensor {
  readonly data: Float32Array;
}

interface Ort {
  readonly InferenceSession: {
    create(model: Uint8Array, options: { intraOpNumThreads: number }): Promise<{
      run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
    }>;
  };
  readonly Tensor: new (dtype: string, data: Float32Array, shape: readonly number[]) => OrtTensor;
}

const name = "onnxruntime-node";
const ort = await import(name) as Ort;
const threads = navigator.hardwareConcurrency;

async function matmulTask(work: MatmulWork, arrays: Arrays): Promise<PeerTask> {
  const shapes = operandShapes(work);
  const session = await ort.InferenceSession.create(productModel(work), { intraOpNumThreads: threads });
  const feeds = {
    a: new ort.Tensor("float32", arrays.a!.data as Float32Array, shapes.a),
    b: new ort.Tensor("float32", arrays.b!.data as Float32Array, shapes.b),
  };
  const { c } = await session.run(feeds);
  return { check: fingerprint(c!.data), step: async () => void await session.run(feeds), wait() {} };
}

function prepare(work: Work, arrays: Arrays): Promise<PeerTask> {
  if (work.kind === "matmul") return matmulTask(work, arrays);
  return Promise.reject(new Error(`${work.kind} is not written for onnxruntime`));
}

await serve({ version: `onnxruntime-node ${await versionOf(name)}, ${threads} threads` }, prepare);
