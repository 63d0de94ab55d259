/**
 * Activation functions as standard operators, under the names that checkpoints use in `hidden_act`.
 *
 * @module
 */
import type { GraphBuilder } from "./graph.ts";
import { OnnxError } from "./error.ts";

type Activation = (graph: GraphBuilder, place: string, x: string) => string;

/** `x (1 + erf(x / sqrt(2))) / 2` in this very order: runtimes look for it and put one kernel in its place. */
const gelu: Activation = (graph, place, x) => {
  const { node, scalar } = graph;
  const inner = node(place, "Erf", [node(place, "Div", [x, scalar(Math.SQRT2)])]);
  const share = node(place, "Add", [inner, scalar(1)]);
  return node(place, "Mul", [node(place, "Mul", [x, share]), scalar(0.5)]);
};

/** `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`. */
const geluTanh: Activation = (graph, place, x) => {
  const { node, scalar } = graph;
  const cube = node(place, "Mul", [node(place, "Pow", [x, scalar(3)]), scalar(0.044715)]);
  const inner = node(place, "Mul", [node(place, "Add", [x, cube]), scalar(Math.sqrt(2 / Math.PI))]);
  const share = node(place, "Add", [node(place, "Tanh", [inner]), scalar(1)]);
  return node(place, "Mul", [node(place, "Mul", [x, scalar(0.5)]), share]);
};

const quickGelu: Activation = (graph, place, x) =>
  graph.node(place, "Mul", [
    x,
    graph.node(place, "Sigmoid", [graph.node(place, "Mul", [x, graph.scalar(1.702)])]),
  ]);

const silu: Activation = (graph, place, x) => graph.node(place, "Mul", [x, graph.node(place, "Sigmoid", [x])]);

const one = (op: string): Activation => (graph, place, x) => graph.node(place, op, [x]);

const activations: Readonly<Record<string, Activation>> = {
  gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu: one("Relu"),
  quick_gelu: quickGelu,
  sigmoid: one("Sigmoid"),
  silu,
  swish: silu,
  tanh: one("Tanh"),
};

/**
 * Adds the activation that a checkpoint's `hidden_act` names.
 *
 * @param graph The graph.
 * @param place The part of the model that it belongs to.
 * @param name Its name.
 * @param x The value that it acts on.
 * @returns The name of the result.
 * @throws {OnnxError} for a name that is not known, with those that are.
 */
export function activationNode(graph: GraphBuilder, place: string, name: string, x: string): string {
  const known = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (!known) {
    throw new OnnxError(
      `hidden_act ${JSON.stringify(name)} has no ONNX form here; there are ${Object.keys(activations).join(", ")}`,
    );
  }
  return known(graph, place, x);
}
