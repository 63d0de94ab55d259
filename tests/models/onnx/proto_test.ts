/** Protobuf bytes: whatever is written is read again. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { byteLength, modelProto, type OnnxFile } from "../../../models/onnx/proto.ts";
import { readOnnx } from "./read.ts";

const name = fc.oneof(fc.string(), fc.string({ unit: "grapheme", minLength: 100, maxLength: 300 }));
const whole = fc.oneof(fc.integer(), fc.integer({ min: -1, max: 1 }), fc.constant(2 ** 40));
const attribute = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }).map((float) => ({ float })),
  whole.map((int) => ({ int })),
  fc.array(whole).map((ints) => ({ ints })),
  name.map((text) => ({ text })),
);
const type = fc.constantFrom("f32" as const, "i64" as const);
const value = fc.record({ name, type, shape: fc.array(fc.oneof(fc.nat(), name)) });
const model: fc.Arbitrary<OnnxFile> = fc.record({
  irVersion: fc.nat(),
  opset: fc.nat(),
  producer: name,
  metadata: fc.dictionary(name, name),
  graph: fc.record({
    name,
    nodes: fc.array(
      fc.record({
        name,
        op: name,
        inputs: fc.array(name),
        output: name,
        attributes: fc.dictionary(name, attribute),
      }),
    ),
    initializers: fc.array(
      fc.record({ name, type, shape: fc.array(fc.nat()), bytes: fc.uint8Array({ maxLength: 20_000, size: "max" }) }),
      { maxLength: 4 },
    ),
    inputs: fc.array(value),
    outputs: fc.array(value),
  }),
});

Deno.test("modelProto() writes what a reader finds again, and no copy of elements", () => {
  const numbers = { f32: 1, i64: 7 } as const;
  fc.assert(
    fc.property(model, (written) => {
      const pieces = modelProto(written);
      const read = readOnnx(Uint8Array.from(pieces.flatMap((piece) => [...piece])));
      const { graph } = written;
      assert.deepEqual({ ...read, graph: undefined, metadata: Object.entries(read.metadata) }, {
        irVersion: written.irVersion,
        opset: written.opset,
        producer: written.producer,
        metadata: Object.entries(written.metadata),
        graph: undefined,
      });
      assert.equal(read.graph.name, graph.name);
      const values = (list: typeof graph.inputs) => list.map((one) => ({ ...one, type: numbers[one.type] }));
      assert.deepEqual([read.graph.inputs, read.graph.outputs], [values(graph.inputs), values(graph.outputs)]);
      assert.deepEqual(
        read.graph.initializers,
        graph.initializers.map(({ bytes, type, ...rest }) => ({ ...rest, type: numbers[type], raw: bytes })),
      );
      assert.deepEqual(
        read.graph.nodes.map(({ attributes, ...rest }) => [rest, Object.entries(attributes)]),
        graph.nodes.map(({ attributes, output, ...rest }) => [
          { ...rest, outputs: [output] },
          Object.entries(attributes).map(([key, one]) => {
            if ("float" in one) return [key, { type: 1, value: one.float }];
            if ("int" in one) return [key, { type: 2, value: one.int }];
            return [key, "text" in one ? { type: 3, value: one.text } : { type: 7, value: one.ints }];
          }),
        ]),
      );
      for (const { bytes } of graph.initializers) assert.ok(pieces.includes(bytes));
      assert.equal(byteLength(pieces), pieces.flatMap((piece) => [...piece]).length);
    }),
    { numRuns: 50 },
  );
});
