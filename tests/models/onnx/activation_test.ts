/** Activations as standard operators, against the engine's. */
import assert from "node:assert/strict";
import { activation } from "../../../engine/mod.ts";
import { activationNode } from "../../../models/onnx/activation.ts";
import { graphBuilder } from "../../../models/onnx/graph.ts";
import { modelProto } from "../../../models/onnx/proto.ts";
import { assertClose } from "../../support/assert_close.ts";
import { evaluate } from "../../support/gradients.ts";
import { uniformValues, values } from "../../support/values.ts";
import { activationNames } from "./cases.ts";
import { interpretOnnx } from "./interpret.ts";
import { readOnnx } from "./read.ts";

Deno.test("activationNode() knows every activation of the engine, and computes the same", () => {
  const inputs = [uniformValues([300], 1, -6, 6), values([6], [-30, -10, 0, 10, 30, 1e-3])];
  for (const name of activationNames) {
    const graph = graphBuilder("activation", {});
    graph.output("y", activationNode(graph, "act", name, graph.input("x", "f32", ["n"])), ["n"]);
    const pieces = modelProto({ irVersion: 8, opset: 17, producer: "", metadata: {}, graph: graph.build() });
    const model = readOnnx(Uint8Array.from(pieces.flatMap((piece) => [...piece])));
    for (const x of inputs) {
      const expected = evaluate(activation(name), x);
      // Constants of the file are f32.
      assertClose(interpretOnnx(model, { x }).y!.data, expected, { rtol: 1e-6, atol: 1e-6 }, name);
    }
  }
});

Deno.test("activationNode() names what there is when asked for something else, as does the engine", () => {
  const graph = graphBuilder("activation", {});
  const known = (call: () => unknown): string => {
    try {
      call();
    } catch (error) {
      return (error as Error).message.replace(/^.*(there are|use) /, "");
    }
    return "";
  };
  const theirs = known(() => activation("laplace"));
  assert.deepEqual(theirs.split(", "), activationNames);
  assert.equal(known(() => activationNode(graph, "act", "laplace", "x")), theirs);
  assert.throws(() => activationNode(graph, "act", "laplace", "x"), { name: "OnnxError" });
});
