/**
 * An ONNX model of one matrix product, written as protobuf bytes (onnx.proto, IR version 8, operator set 17).
 *
 * @module
 */
import { type MatmulWork, operandShapes } from "../work.ts";

type Bytes = readonly number[];

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value;; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push(rest % 128 + 128);
  }
}

const int = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];
const nested = (
  field: number,
  content: Bytes,
): number[] => [...varint(field * 8 + 2), ...varint(content.length), ...content];
const text = (field: number, value: string): number[] => nested(field, [...new TextEncoder().encode(value)]);

/** ValueInfoProto of an f32 tensor. */
function valueInfo(name: string, shape: readonly number[]): number[] {
  const dimensions = shape.flatMap((size) => nested(1, int(1, size)));
  const tensor = [...int(1, 1), ...nested(2, dimensions)];
  return [...text(1, name), ...nested(2, nested(1, tensor))];
}

/** AttributeProto of an integer (type 2). */
const attribute = (name: string, value: number): number[] => [...text(1, name), ...int(3, value), ...int(20, 2)];

/** A model with inputs a and b and output c. Gemm where an operand is stored transposed, MatMul elsewhere. */
export function productModel(work: MatmulWork): Uint8Array {
  const { batch, m, n, form } = work;
  const shapes = operandShapes(work);
  const flags = form === "nn" ? [] : nested(5, attribute(form === "tn" ? "transA" : "transB", 1));
  const node = [
    ...text(1, "a"),
    ...text(1, "b"),
    ...text(2, "c"),
    ...text(4, form === "nn" ? "MatMul" : "Gemm"),
    ...flags,
  ];
  const graph = [
    ...nested(1, node),
    ...text(2, "product"),
    ...nested(11, valueInfo("a", shapes.a)),
    ...nested(11, valueInfo("b", shapes.b)),
    ...nested(12, valueInfo("c", batch === 1 ? [m, n] : [batch, m, n])),
  ];
  return Uint8Array.from([...int(1, 8), ...nested(7, graph), ...nested(8, int(2, 17))]);
}
