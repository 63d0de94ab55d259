/**
 * Runs an ONNX graph in f64: the operators that exported models have, each from the text of the specification
 * (https://onnx.ai/onnx/operators/, operator set 17), as plainly as possible. It shares nothing with what writes them.
 *
 * @module
 */
import type { ReadModel, ReadNode } from "./read.ts";

/** Numbers, row by row. Whole numbers and truth values are numbers too. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Distance between neighbours along each axis. */
const strides = (shape: readonly number[]): number[] => shape.map((_, axis) => count(shape.slice(axis + 1)));

/** Makes each element from its coordinates. */
function build(shape: readonly number[], at: (coordinates: readonly number[]) => number): Values {
  const steps = strides(shape);
  const data = new Float64Array(count(shape));
  for (let i = 0; i < data.length; i++) data[i] = at(shape.map((size, axis) => Math.floor(i / steps[axis]!) % size));
  return { shape, data };
}

/** The element at coordinates; leading axes may be missing, and axes of size 1 have one element everywhere. */
function element({ shape, data }: Values, coordinates: readonly number[]): number {
  const steps = strides(shape);
  const skipped = coordinates.length - shape.length;
  return data[shape.reduce((i, size, axis) => i + (size === 1 ? 0 : coordinates[axis + skipped]! * steps[axis]!), 0)]!;
}

function broadcast(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[shape.length - rank + axis] ?? 1);
    const size = Math.max(...sizes);
    if (sizes.some((one) => one !== 1 && one !== size)) throw new Error(`${JSON.stringify(shapes)} do not broadcast`);
    return size;
  });
}

const each = (f: (...numbers: number[]) => number) => (inputs: readonly Values[]): Values =>
  build(broadcast(inputs.map(({ shape }) => shape)), (at) => f(...inputs.map((input) => element(input, at))));

/** The error function by a series of positive terms (Abramowitz and Stegun 7.1.6). */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) sum += term *= 2 * x * x / (2 * n + 1);
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
}

/** Applies `f` to every row along the last axis. */
function rows({ shape, data }: Values, f: (row: readonly number[]) => readonly number[]): Values {
  const width = shape.at(-1)!;
  const all = Array.from(data);
  return {
    shape,
    data: Array.from({ length: all.length / width }, (_, i) => f(all.slice(i * width, (i + 1) * width))).flat(),
  };
}

function softmax(row: readonly number[]): number[] {
  const top = Math.max(...row);
  const powers = row.map((x) => Math.exp(x - top));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/** Sum over `k` of products of elements. */
function sumOver(size: number, product: (k: number) => number): number {
  let sum = 0;
  for (let k = 0; k < size; k++) sum += product(k);
  return sum;
}

type Attributes = Readonly<Record<string, number | readonly number[] | string>>;
type Operator = (inputs: readonly Values[], attributes: Attributes) => Values;

const vector = (data: readonly number[]): Values => ({ shape: [data.length], data });

const operators: Readonly<Record<string, Operator>> = {
  Add: each((a, b) => a + b),
  Mul: each((a, b) => a * b),
  Div: each((a, b) => a / b),
  Pow: each((a, b) => a ** b),
  Equal: each((a, b) => Number(a === b)),
  Where: each((condition, a, b) => condition ? a : b),
  Erf: each(erf),
  Tanh: each(Math.tanh),
  Sigmoid: each((x) => 1 / (1 + Math.exp(-x))),
  Relu: each((x) => Math.max(x, 0)),
  Shape: ([x], { start = 0, end }) => vector(x!.shape.slice(start as number, end as number | undefined)),
  Reshape([x, to]) {
    const wanted = Array.from(to!.data, (size, axis) => size === 0 ? x!.shape[axis]! : size);
    const known = -count(wanted);
    const shape = wanted.map((size) => size === -1 ? count(x!.shape) / known : size);
    if (count(shape) !== count(x!.shape)) throw new Error(`Reshape: ${x!.shape} to ${wanted}`);
    return { shape, data: x!.data };
  },
  Unsqueeze([x, axes]) {
    const shape = [...x!.shape];
    for (const axis of Array.from(axes!.data).sort((a, b) => a - b)) shape.splice(axis, 0, 1);
    return { shape, data: x!.data };
  },
  Expand: ([x, to]) => build(broadcast([x!.shape, Array.from(to!.data)]), (at) => element(x!, at)),
  Transpose([x], { perm }) {
    const order = perm as readonly number[];
    return build(
      order.map((axis) => x!.shape[axis]!),
      (at) => element(x!, x!.shape.map((_, axis) => at[order.indexOf(axis)]!)),
    );
  },
  Concat(inputs, { axis }) {
    const along = axis as number;
    const parts = inputs.flatMap((input) =>
      Array.from({ length: input.shape[along]! }, (_, index) => ({ input, index }))
    );
    const shape = inputs[0]!.shape.map((size, i) => i === along ? parts.length : size);
    return build(shape, (at) => {
      const { input, index } = parts[at[along]!]!;
      return element(input, at.map((one, i) => i === along ? index : one));
    });
  },
  Slice([x, starts, ends, axes]) {
    const [start, end, axis] = [starts!.data[0]!, ends!.data[0]!, axes!.data[0]!];
    const shape = x!.shape.map((size, i) => i === axis ? Math.min(end, size) - start : size);
    return build(shape, (at) => element(x!, at.map((one, i) => i === axis ? one + start : one)));
  },
  Gather([x, indices], { axis = 0 }) {
    const along = axis as number, rank = indices!.shape.length;
    return build([...x!.shape.slice(0, along), ...indices!.shape, ...x!.shape.slice(along + 1)], (at) => {
      const index = element(indices!, at.slice(along, along + rank));
      if (!(index >= 0 && index < x!.shape[along]!)) throw new Error(`Gather: ${index} of ${x!.shape[along]}`);
      // An axis of one element is taken for broadcast, so that index 0 is right there as well.
      return element(x!, [...at.slice(0, along), index, ...at.slice(along + rank)]);
    });
  },
  Gemm([a, b, c], { transB }) {
    if (transB !== 1) throw new Error("Gemm: only transB 1 is used");
    const [m, k] = a!.shape as [number, number];
    const [n, inner] = b!.shape as [number, number];
    if (k !== inner) throw new Error(`Gemm: ${a!.shape} and ${b!.shape}`);
    return build(
      [m, n],
      ([i, j]) => sumOver(k, (l) => a!.data[i! * k + l]! * b!.data[j! * k + l]!) + (c ? element(c, [i!, j!]) : 0),
    );
  },
  MatMul([a, b]) {
    const k = a!.shape.at(-1)!;
    if (b!.shape.at(-2) !== k) throw new Error(`MatMul: ${a!.shape} and ${b!.shape}`);
    const lead = broadcast([a!.shape.slice(0, -2), b!.shape.slice(0, -2)]);
    return build([...lead, a!.shape.at(-2)!, b!.shape.at(-1)!], (at) => {
      const batch = at.slice(0, -2), [i, j] = at.slice(-2);
      return sumOver(k, (l) => element(a!, [...batch, i!, l]) * element(b!, [...batch, l, j!]));
    });
  },
  Conv([x, weight, bias], { strides: steps, kernel_shape: kernel }) {
    const [down, right] = steps as [number, number];
    const [out, channels, tall, wide] = weight!.shape as [number, number, number, number];
    if (`${kernel}` !== `${tall},${wide}`) throw new Error(`Conv: kernel_shape ${kernel}, weight ${weight!.shape}`);
    const [batch, , height, width] = x!.shape as [number, number, number, number];
    const shape = [batch, out, Math.floor((height - tall) / down) + 1, Math.floor((width - wide) / right) + 1];
    return build(
      shape,
      ([b, o, i, j]) =>
        bias!.data[o!]! +
        sumOver(channels, (c) =>
          sumOver(tall, (u) =>
            sumOver(wide, (v) =>
              element(x!, [b!, c, i! * down + u, j! * right + v]) * element(weight!, [o!, c, u, v])))),
    );
  },
  Softmax([x], { axis }) {
    if (axis !== -1) throw new Error("Softmax: only the last axis is used");
    return rows(x!, softmax);
  },
  LayerNormalization([x, scale, bias], { axis, epsilon }) {
    if (axis !== -1) throw new Error("LayerNormalization: only the last axis is used");
    return rows(x!, (row) => {
      const mean = row.reduce((a, b) => a + b) / row.length;
      const variance = row.reduce((sum, one) => sum + (one - mean) ** 2, 0) / row.length;
      const factor = 1 / Math.sqrt(variance + (epsilon as number));
      return row.map((one, i) => (one - mean) * factor * scale!.data[i]! + bias!.data[i]!);
    });
  },
};

/** Operators that can be run. */
export const knownOperators: readonly string[] = Object.keys(operators);

function run(node: ReadNode, inputs: readonly Values[]): Values {
  const operator = operators[node.op];
  if (!operator) throw new Error(`${node.name}: no operator ${node.op}`);
  const attributes = Object.fromEntries(Object.entries(node.attributes).map(([key, { value }]) => [key, value]));
  return operator(inputs, attributes);
}

/** Outputs of a model by name. */
export function interpretOnnx(
  { graph }: ReadModel,
  inputs: Readonly<Record<string, Values>>,
): Record<string, Values> {
  const values = new Map<string, Values>(Object.entries(inputs));
  for (const { name, type, shape, raw } of graph.initializers) {
    const { buffer } = raw.slice(); // aligned
    values.set(name, {
      shape,
      data: type === 7 ? Array.from(new BigInt64Array(buffer), Number) : new Float32Array(buffer),
    });
  }
  for (const node of graph.nodes) {
    const found = node.inputs.map((input) => {
      const value = values.get(input);
      if (!value) throw new Error(`${node.name}: no value ${input}`);
      return value;
    });
    values.set(node.outputs[0]!, run(node, found));
  }
  return Object.fromEntries(graph.outputs.map(({ name }) => [name, values.get(name)!]));
}
