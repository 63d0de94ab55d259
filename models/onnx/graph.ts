/**
 * Building an ONNX graph node by node: values are names, and every name is given once.
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";
import type { Attribute, ElementType, OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from "./proto.ts";

/** A graph that grows. Nodes may only read what is there already, so their order is that of an execution. */
export interface GraphBuilder {
  /** Declares an input. @returns its name. */
  input(name: string, type: ElementType, shape: OnnxValue["shape"]): string;
  /** Gives a node's value to the outside, under the name of an output. */
  output(name: string, value: string, shape: OnnxValue["shape"]): void;
  /** A parameter, by its name in the checkpoint; each becomes one initializer. @returns its name. */
  weight(name: string): string;
  /** Whether there is such a parameter. */
  has(name: string): boolean;
  /** Constant whole numbers, a vector; equal ones are one initializer. @returns its name. */
  ints(...values: number[]): string;
  /** A constant whole number of rank 0. @returns its name. */
  index(value: number): string;
  /** A constant number of rank 0. @returns its name. */
  scalar(value: number): string;
  /**
   * Adds an operation.
   *
   * @param place The part of the model that it belongs to, such as `vit.encoder.layer.0`: names begin with it.
   * @param op The operator.
   * @param inputs Values that it reads.
   * @param attributes What it is told.
   * @returns The name of its value.
   */
  node(place: string, op: string, inputs: readonly string[], attributes?: Readonly<Record<string, Attribute>>): string;
  /** The graph so far. */
  build(): OnnxGraph;
}

/**
 * Starts a graph.
 *
 * @param name Its name.
 * @param params Parameters by checkpoint name, f32; their elements are not copied.
 */
export function graphBuilder(name: string, params: Readonly<Record<string, HostTensor>>): GraphBuilder {
  const inputs: OnnxValue[] = [], outputs: OnnxValue[] = [], nodes: OnnxNode[] = [];
  const initializers = new Map<string, OnnxTensor>();
  const uses = new Map<string, number>();
  const outside = new Map<string, string>();

  const unique = (wanted: string): string => {
    const before = uses.get(wanted) ?? 0;
    uses.set(wanted, before + 1);
    return before === 0 ? wanted : `${wanted}_${before}`;
  };
  const initializer = (
    name: string,
    type: ElementType,
    shape: readonly number[],
    data: Float32Array | BigInt64Array,
  ): string => {
    if (!initializers.has(name)) {
      const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
      initializers.set(name, { name, type, shape, bytes });
    }
    return name;
  };
  const whole = (name: string, shape: readonly number[], values: readonly number[]): string =>
    initializer(name, "i64", shape, BigInt64Array.from(values, BigInt));

  return {
    input(name, type, shape) {
      inputs.push({ name, type, shape });
      return name;
    },
    output(name, value, shape) {
      outputs.push({ name, type: "f32", shape });
      outside.set(value, name);
    },
    weight(name) {
      const { shape, data } = params[name]!;
      return initializer(name, "f32", shape, data as Float32Array);
    },
    has: (name) => Object.hasOwn(params, name),
    ints: (...values) => whole(`constant/ints_${values.join("_")}`, [values.length], values),
    index: (value) => whole(`constant/index_${value}`, [], [value]),
    scalar: (value) => initializer(`constant/scalar_${value}`, "f32", [], Float32Array.of(value)),
    node(place, op, inputs, attributes = {}) {
      const output = unique(`${place}/${op}`);
      nodes.push({ name: output, op, inputs, output, attributes });
      return output;
    },
    build() {
      const named = (value: string): string => outside.get(value) ?? value;
      return {
        name,
        nodes: nodes.map((node) => ({ ...node, inputs: node.inputs.map(named), output: named(node.output) })),
        initializers: [...initializers.values()],
        inputs,
        outputs,
      };
    },
  };
}
