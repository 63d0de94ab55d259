import * as nn from "../../engine/nn/mod.ts";
import { vjp } from "../../engine/grad.ts";
import { inputTensor } from "../../engine/graph/input.ts";
import { type Dtype, type Tensor, withTable } from "../../engine/graph/node.ts";
import { interpret } from "../../engine/reference/interpret.ts";
import { assertClose } from "../support/assert_close.ts";
import numbers from "./composites.json" with { type: "json" };

interface Stored {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: string;
}
interface Case {
  readonly inputs: Readonly<Record<string, Stored>>;
  readonly output: Stored;
  readonly cotangent: Stored;
  readonly grads: Readonly<Record<string, Stored>>;
}

const numbersOf = (text: string): number[] => text.split(" ").map(Number);

type Inputs = Readonly<Record<string, Tensor>>;

const functions: Readonly<Record<string, (inputs: Inputs) => Tensor>> = {
  linear: ({ x, weight, bias }) => nn.linear(x!, weight!, bias),
  softmax: ({ x }) => nn.softmax(x!),
  logSoftmax: ({ x }) => nn.logSoftmax(x!),
  layerNorm: ({ x, gamma, beta }) => nn.layerNorm(x!, gamma!, beta!, 1e-5),
  gelu: ({ x }) => nn.gelu(x!),
  geluTanh: ({ x }) => nn.geluTanh(x!),
  relu: ({ x }) => nn.relu(x!),
  sigmoid: ({ x }) => nn.sigmoid(x!),
  silu: ({ x }) => nn.silu(x!),
  quickGelu: ({ x }) => nn.quickGelu(x!),
  attention: ({ q, k, v }) => nn.attention(q!, k!, v!),
  "attention scale": ({ q, k, v }) => nn.attention(q!, k!, v!, { scale: 0.7 }),
  "attention padding": ({ q, k, v, mask }) => nn.attention(q!, k!, v!, { mask: mask! }),
  "attention rank 4": ({ q, k, v, mask }) => nn.attention(q!, k!, v!, { mask: mask! }),
  crossEntropy: ({ logits, labels }) => nn.crossEntropy(logits!, labels!),
  "crossEntropy smoothing": ({ logits, labels }) => nn.crossEntropy(logits!, labels!, { labelSmoothing: 0.1 }),
  "crossEntropy ignore": ({ logits, labels }) =>
    nn.crossEntropy(logits!, labels!, { labelSmoothing: 0.2, ignoreIndex: 3 }),
  mse: ({ prediction, target }) => nn.mse(prediction!, target!),
  embedding: ({ table, ids }) => nn.embedding(table!, ids!),
  patchEmbedding: ({ images, weight, bias }) => nn.patchEmbedding(images!, weight!, bias),
};

for (const [name, stored] of Object.entries(numbers.cases as Readonly<Record<string, Case>>)) {
  Deno.test(`${name}: value and gradients are PyTorch's`, () => {
    withTable(() => {
      const given = new Map<Tensor, ArrayLike<number>>();
      const input = ({ shape, dtype, data }: Stored): Tensor => {
        const tensor = inputTensor(shape, dtype as Dtype, given.size);
        given.set(tensor, numbersOf(data));
        return tensor;
      };
      const inputs = Object.fromEntries(Object.entries(stored.inputs).map(([key, value]) => [key, input(value)]));
      const output = functions[name]!(inputs);
      const wrt = Object.fromEntries(Object.keys(stored.grads).map((key) => [key, inputs[key]!]));
      const result = interpret({ output, grads: vjp(output, input(stored.cotangent), wrt) }, given);
      const tolerance = { rtol: 1e-9, atol: 1e-11 };
      assertClose(result.output, numbersOf(stored.output.data), tolerance, name);
      for (const [key, expected] of Object.entries(stored.grads)) {
        assertClose(result.grads[key]!, numbersOf(expected.data), tolerance, `${name}, gradient of ${key}`);
      }
    });
  });
}
