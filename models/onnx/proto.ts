/**
 * The messages of ONNX as protobuf bytes: the part of `onnx.proto3` that models here need, with the field numbers of
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3 and the rules of https://onnx.ai/onnx/repo-docs/IR.html.
 *
 * Small messages are arrays of bytes. Those that hold weights are lists of pieces, so that no weight is ever copied.
 *
 * @module
 */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** Element types, by their numbers in `TensorProto.DataType`. */
export const elementTypes = { f32: 1, i64: 7 } as const;

/** An element type. */
export type ElementType = keyof typeof elementTypes;

/** What a node may be told: a float, a whole number, a list of whole numbers, or text. */
export type Attribute =
  | { readonly float: number }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string };

/** One operation of a graph. */
export interface OnnxNode {
  /** Its own name. */
  readonly name: string;
  /** The operator, such as `"Gemm"`. */
  readonly op: string;
  /** Names of the values that it reads. */
  readonly inputs: readonly string[];
  /** Name of the value that it makes. */
  readonly output: string;
  /** What it is told. */
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** An input or output of a graph. */
export interface OnnxValue {
  /** Its name. */
  readonly name: string;
  /** Type of its elements. */
  readonly type: ElementType;
  /** Its sizes. Those that are text are free: equal names are equal sizes. */
  readonly shape: readonly (number | string)[];
}

/** A constant of a graph. */
export interface OnnxTensor {
  /** Its name. */
  readonly name: string;
  /** Type of its elements. */
  readonly type: ElementType;
  /** Its sizes. */
  readonly shape: readonly number[];
  /** Its elements, row by row, little-endian. */
  readonly bytes: Uint8Array;
}

/** A graph. */
export interface OnnxGraph {
  /** Its name. */
  readonly name: string;
  /** Operations, each after those whose values it reads. */
  readonly nodes: readonly OnnxNode[];
  /** Constants. */
  readonly initializers: readonly OnnxTensor[];
  /** What has to be given. */
  readonly inputs: readonly OnnxValue[];
  /** What comes out. */
  readonly outputs: readonly OnnxValue[];
}

/** A model. */
export interface OnnxFile {
  /** Version of the format. */
  readonly irVersion: number;
  /** Version of the standard operators. */
  readonly opset: number;
  /** Who wrote it. */
  readonly producer: string;
  /** What it computes. */
  readonly graph: OnnxGraph;
  /** Free text by key. */
  readonly metadata: Readonly<Record<string, string>>;
}

function message(fill: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter();
  fill(writer);
  return writer.finish();
}

function int(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function nested(writer: BinaryWriter, field: number, content: Uint8Array): void {
  writer.tag(field, WireType.LengthDelimited).bytes(content);
}

/** What comes before a content of `length` bytes that is written by itself. */
function announce(writer: BinaryWriter, field: number, length: number): void {
  writer.tag(field, WireType.LengthDelimited).uint32(length);
}

/** `AttributeProto`: name 1, f 2, i 3, s 4, ints 8, type 20. */
function attributeProto(name: string, value: Attribute): Uint8Array {
  return message((writer) => {
    text(writer, 1, name);
    if ("float" in value) {
      writer.tag(2, WireType.Bit32).float(value.float);
      int(writer, 20, 1);
    } else if ("int" in value) {
      int(writer, 3, value.int);
      int(writer, 20, 2);
    } else if ("text" in value) {
      text(writer, 4, value.text);
      int(writer, 20, 3);
    } else {
      for (const one of value.ints) int(writer, 8, one);
      int(writer, 20, 7);
    }
  });
}

/** `NodeProto`: input 1, output 2, name 3, op_type 4, attribute 5. */
function nodeProto({ name, op, inputs, output, attributes }: OnnxNode): Uint8Array {
  return message((writer) => {
    for (const input of inputs) text(writer, 1, input);
    text(writer, 2, output);
    text(writer, 3, name);
    text(writer, 4, op);
    for (const [key, value] of Object.entries(attributes)) nested(writer, 5, attributeProto(key, value));
  });
}

/**
 * `ValueInfoProto`: name 1, type 2; in it `TypeProto`: tensor_type 1; in it elem_type 1, shape 2; in that dim 1, each
 * dim_value 1 or dim_param 2.
 */
function valueInfoProto({ name, type, shape }: OnnxValue): Uint8Array {
  const dimensions = message((writer) => {
    for (const size of shape) {
      nested(writer, 1, message((one) => typeof size === "number" ? int(one, 1, size) : text(one, 2, size)));
    }
  });
  const tensor = message((writer) => {
    int(writer, 1, elementTypes[type]);
    nested(writer, 2, dimensions);
  });
  return message((writer) => {
    text(writer, 1, name);
    nested(writer, 2, message((one) => nested(one, 1, tensor)));
  });
}

/** `TensorProto` up to its elements: dims 1, data_type 2, name 8, raw_data 9. */
function tensorHead({ name, type, shape, bytes }: OnnxTensor): Uint8Array {
  return message((writer) => {
    for (const size of shape) int(writer, 1, size);
    int(writer, 2, elementTypes[type]);
    text(writer, 8, name);
    announce(writer, 9, bytes.length);
  });
}

/** `GraphProto`: node 1, name 2, initializer 5, input 11, output 12. */
function graphProto({ name, nodes, initializers, inputs, outputs }: OnnxGraph): Uint8Array[] {
  const structure = message((writer) => {
    for (const node of nodes) nested(writer, 1, nodeProto(node));
    text(writer, 2, name);
    for (const input of inputs) nested(writer, 11, valueInfoProto(input));
    for (const output of outputs) nested(writer, 12, valueInfoProto(output));
  });
  const tensors = initializers.flatMap((tensor) => {
    const head = tensorHead(tensor);
    return [
      message((writer) => {
        announce(writer, 5, head.length + tensor.bytes.length);
        writer.raw(head);
      }),
      tensor.bytes,
    ];
  });
  return [structure, ...tensors];
}

/** Bytes of all pieces together. */
export function byteLength(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/**
 * `ModelProto`: ir_version 1, producer_name 2, graph 7, opset_import 8 (version 2; no domain: the standard operators),
 * metadata_props 14 (key 1, value 2).
 *
 * @param model The model.
 * @returns Its bytes, piece by piece; pieces with the elements of an initializer are its own `bytes`.
 */
export function modelProto({ irVersion, opset, producer, graph, metadata }: OnnxFile): Uint8Array[] {
  const content = graphProto(graph);
  const head = message((writer) => {
    int(writer, 1, irVersion);
    text(writer, 2, producer);
    nested(writer, 8, message((one) => int(one, 2, opset)));
    for (const [key, value] of Object.entries(metadata)) {
      nested(
        writer,
        14,
        message((one) => {
          text(one, 1, key);
          text(one, 2, value);
        }),
      );
    }
    announce(writer, 7, byteLength(content));
  });
  return [head, ...content];
}
