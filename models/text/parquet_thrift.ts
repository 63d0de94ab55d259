/**
 * Thrift's compact protocol, as far as parquet uses it, with bounds: whatever the bytes, reading them ends, and takes no
 * more memory than a few times their number.
 *
 * @module
 */

/** A value: integers of all widths are numbers, structs are maps by field number. */
export type ThriftValue = number | boolean | Uint8Array | readonly ThriftValue[] | ThriftStruct;

/** A struct: values by field number. */
export interface ThriftStruct extends ReadonlyMap<number, ThriftValue> {}

/** Parquet's structs are at most seven deep. */
const deepest = 24;

/**
 * Reads one struct.
 *
 * @param bytes What holds it.
 * @param start Where it begins.
 * @param end Where the bytes that may belong to it end.
 * @returns The struct, and where it ends.
 * @throws {Error} that says what is wrong with the bytes.
 */
export function readThrift(
  bytes: Uint8Array,
  start: number,
  end: number,
): { readonly value: ThriftStruct; readonly end: number } {
  let at = start;
  const byte = (): number => {
    if (at >= end) throw new Error(`a struct of ${end - start} bytes is cut off`);
    return bytes[at++]!;
  };
  const varint = (longest: number): number => {
    let value = 0;
    for (let i = 0; i < longest; i++) {
      const part = byte();
      value += (part & 127) * 2 ** (7 * i);
      if (part < 128) return value;
    }
    throw new Error(`a number has more than ${longest} bytes`);
  };
  // Beyond 2^53 the last bits are lost: such numbers are only statistics, which nothing here reads.
  const zigzag = (longest: number): number => {
    const value = varint(longest);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  };
  const skip = (count: number): number => {
    if (count > end - at) throw new Error(`${count} bytes are wanted where ${end - at} are left`);
    at += count;
    return at - count;
  };
  const list = (depth: number): ThriftValue[] => {
    const head = byte();
    const size = head >> 4 === 15 ? varint(5) : head >> 4;
    if (size > end - at) throw new Error(`a list of ${size} values has ${end - at} bytes left`);
    const type = head & 15;
    const values: ThriftValue[] = [];
    for (let i = 0; i < size; i++) values.push(type === 1 || type === 2 ? byte() === 1 : element(type, depth + 1));
    return values;
  };
  const element = (type: number, depth: number): ThriftValue => {
    if (depth > deepest) throw new Error("structs are nested too deeply");
    switch (type) {
      case 1:
      case 2:
        return type === 1;
      case 3:
        return byte() << 24 >> 24;
      case 4:
      case 5:
        return zigzag(5);
      case 6:
        return zigzag(10);
      case 7:
        return new DataView(bytes.buffer, bytes.byteOffset + skip(8), 8).getFloat64(0, true);
      case 8: {
        const size = varint(5);
        const from = skip(size);
        return bytes.subarray(from, from + size);
      }
      case 9:
        return list(depth);
      case 12:
        return struct(depth);
      default:
        throw new Error(`type ${type} is none of parquet`);
    }
  };
  const struct = (depth: number): ThriftStruct => {
    const fields = new Map<number, ThriftValue>();
    for (let id = 0;;) {
      const head = byte();
      if ((head & 15) === 0) return fields;
      id = head >> 4 === 0 ? zigzag(3) : id + (head >> 4);
      fields.set(id, element(head & 15, depth + 1));
    }
  };
  return { value: struct(0), end: at };
}
