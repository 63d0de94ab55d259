/**
 * Reads an ONNX file back, by the field numbers of `onnx.proto3`. A field that is not known is an error: nothing may
 * pass unseen.
 *
 * @module
 */
import { BinaryReader } from "@bufbuild/protobuf/wire";

/** An attribute as it is stored: its declared type and its value. */
export interface ReadAttribute {
  readonly type: number;
  readonly value: number | readonly number[] | string;
}

export interface ReadNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, ReadAttribute>>;
}

export interface ReadTensor {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
  readonly raw: Uint8Array;
}

export interface ReadValue {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly (number | string)[];
}

export interface ReadModel {
  readonly irVersion: number;
  readonly producer: string;
  readonly opset: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly graph: {
    readonly name: string;
    readonly nodes: readonly ReadNode[];
    readonly initializers: readonly ReadTensor[];
    readonly inputs: readonly ReadValue[];
    readonly outputs: readonly ReadValue[];
  };
}

/** Calls one function for each field of a message, in the order of the bytes. */
function fields(bytes: Uint8Array, take: Readonly<Record<number, (reader: BinaryReader) => void>>, what: string): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field] = reader.tag();
    if (!take[field]) throw new Error(`${what}: field ${field} is not known`);
    take[field](reader);
  }
}

const whole = (reader: BinaryReader): number => Number(reader.int64());

function attribute(bytes: Uint8Array): [string, ReadAttribute] {
  let name = "", type = 0, value: ReadAttribute["value"] | undefined;
  const ints: number[] = [];
  fields(bytes, {
    1: (reader) => name = reader.string(),
    2: (reader) => value = reader.float(),
    3: (reader) => value = whole(reader),
    4: (reader) => value = reader.string(),
    8: (reader) => void ints.push(whole(reader)),
    20: (reader) => type = whole(reader),
  }, "AttributeProto");
  return [name, { type, value: value ?? ints }];
}

function node(bytes: Uint8Array): ReadNode {
  const inputs: string[] = [], outputs: string[] = [], attributes: Record<string, ReadAttribute> = {};
  let name = "", op = "";
  fields(bytes, {
    1: (reader) => void inputs.push(reader.string()),
    2: (reader) => void outputs.push(reader.string()),
    3: (reader) => name = reader.string(),
    4: (reader) => op = reader.string(),
    5: (reader) => {
      const [key, value] = attribute(reader.bytes());
      attributes[key] = value;
    },
  }, "NodeProto");
  return { name, op, inputs, outputs, attributes };
}

function tensor(bytes: Uint8Array): ReadTensor {
  let name = "", type = 0, raw: Uint8Array = new Uint8Array();
  const shape: number[] = [];
  fields(bytes, {
    1: (reader) => void shape.push(whole(reader)),
    2: (reader) => type = whole(reader),
    8: (reader) => name = reader.string(),
    9: (reader) => raw = reader.bytes(),
  }, "TensorProto");
  return { name, type, shape, raw };
}

function value(bytes: Uint8Array): ReadValue {
  let name = "", type = 0;
  const shape: (number | string)[] = [];
  const inside = (take: Parameters<typeof fields>[1], what: string) => (reader: BinaryReader) =>
    fields(reader.bytes(), take, what);
  const dimension = inside(
    { 1: (reader) => void shape.push(whole(reader)), 2: (reader) => void shape.push(reader.string()) },
    "Dimension",
  );
  const tensorType = inside(
    { 1: (reader) => type = whole(reader), 2: inside({ 1: dimension }, "TensorShapeProto") },
    "TypeProto.Tensor",
  );
  fields(bytes, { 1: (reader) => name = reader.string(), 2: inside({ 1: tensorType }, "TypeProto") }, "ValueInfoProto");
  return { name, type, shape };
}

function graph(bytes: Uint8Array): ReadModel["graph"] {
  const nodes: ReadNode[] = [], initializers: ReadTensor[] = [], inputs: ReadValue[] = [], outputs: ReadValue[] = [];
  let name = "";
  fields(bytes, {
    1: (reader) => void nodes.push(node(reader.bytes())),
    2: (reader) => name = reader.string(),
    5: (reader) => void initializers.push(tensor(reader.bytes())),
    11: (reader) => void inputs.push(value(reader.bytes())),
    12: (reader) => void outputs.push(value(reader.bytes())),
  }, "GraphProto");
  return { name, nodes, initializers, inputs, outputs };
}

/** Reads the bytes of a file. */
export function readOnnx(bytes: Uint8Array): ReadModel {
  let irVersion = 0, producer = "", opset = 0, content: ReadModel["graph"] | undefined;
  const metadata: Record<string, string> = {};
  fields(bytes, {
    1: (reader) => irVersion = whole(reader),
    2: (reader) => producer = reader.string(),
    7: (reader) => content = graph(reader.bytes()),
    8: (reader) => fields(reader.bytes(), { 2: (one) => opset = whole(one) }, "OperatorSetIdProto"),
    14: (reader) => {
      let key = "", text = "";
      fields(reader.bytes(), { 1: (one) => key = one.string(), 2: (one) => text = one.string() }, "metadata_props");
      metadata[key] = text;
    },
  }, "ModelProto");
  return { irVersion, producer, opset, metadata, graph: content! };
}
