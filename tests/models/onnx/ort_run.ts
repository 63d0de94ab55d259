/**
 * Runs a model in onnxruntime-node, in a process of its own: native code needs more permissions than tests have.
 *
 * Arguments: the folder of the package, the model, and a JSON file of requests, each the inputs of one run by name:
 * `{ type, shape, data }`. Prints the outputs of each run by name, `{ shape, data }`, as JSON.
 *
 * @module
 */
import { createRequire } from "node:module";

interface OrtTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

interface Ort {
  readonly InferenceSession: {
    create(model: Uint8Array): Promise<{ run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>> }>;
  };
  readonly Tensor: new (type: string, data: Float32Array | BigInt64Array, shape: readonly number[]) => OrtTensor;
}

type Requests = readonly Record<string, { type: "float32" | "int64"; shape: number[]; data: number[] }>[];

const [folder, model, requests] = Deno.args as [string, string, string];
const ort = createRequire(`${folder}/package.json`)(folder) as Ort;
const session = await ort.InferenceSession.create(await Deno.readFile(model));
const answers = [];
for (const request of JSON.parse(await Deno.readTextFile(requests)) as Requests) {
  const feeds = Object.fromEntries(
    Object.entries(request).map(([name, { type, shape, data }]) => [
      name,
      new ort.Tensor(type, type === "int64" ? BigInt64Array.from(data, BigInt) : Float32Array.from(data), shape),
    ]),
  );
  const outputs = await session.run(feeds);
  answers.push(
    Object.fromEntries(
      Object.entries(outputs).map(([name, { dims, data }]) => [name, { shape: [...dims], data: [...data] }]),
    ),
  );
}
console.log(JSON.stringify(answers));
