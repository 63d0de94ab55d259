/**
 * IDX files, the format of MNIST and its relatives: a magic number, the sizes of the axes, then the elements.
 *
 * @module
 */

import { DataError } from "./error.ts";
import { gunzip, isGzip } from "./gunzip.ts";

/** The content of an IDX file of bytes. */
export interface Idx {
  /** Sizes, outermost first. */
  readonly shape: readonly number[];
  /** The elements in row-major order. */
  readonly data: Uint8Array;
}

/** Element types that the format knows besides unsigned bytes. */
const otherTypes: Readonly<Record<number, string>> = {
  0x09: "signed bytes",
  0x0b: "16-bit integers",
  0x0c: "32-bit integers",
  0x0d: "32-bit floats",
  0x0e: "64-bit floats",
};

/**
 * Reads an IDX file of unsigned bytes, packed with gzip or not.
 *
 * @param file The file.
 * @param rank How many axes it must have: 3 for images, 1 for labels.
 * @param label Its name, for errors.
 * @returns Sizes and elements.
 * @throws {DataError} when it is not such a file, is cut off, or has bytes left over.
 */
export async function readIdx(file: Uint8Array, rank: number, label: string): Promise<Idx> {
  const bytes = isGzip(file) ? await gunzip(file, label) : file;
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || !(bytes[2] === 0x08 || bytes[2] in otherTypes)) {
    const start = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new DataError(`${label}: begins with the bytes [${start}], not with the magic number of an IDX file`);
  }
  if (bytes[2] !== 0x08) {
    throw new DataError(`${label}: holds ${otherTypes[bytes[2]]}; only unsigned bytes (0x08) are images or labels`);
  }
  if (bytes[3] !== rank) {
    const kind = rank === 1 ? "labels" : "grey images";
    throw new DataError(`${label}: has ${bytes[3]} axes, ${kind} have ${rank}; use the file of ${kind}`);
  }
  const start = 4 + 4 * rank;
  if (bytes.length < start) {
    throw new DataError(`${label}: ${bytes.length} bytes are too few for the sizes of ${rank} axes; fetch it again`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expected = shape.reduce((product, size) => product * size, 1);
  const data = bytes.subarray(start);
  if (data.length !== expected) {
    const fault = data.length < expected ? "it is cut off" : "it has bytes left over";
    throw new DataError(
      `${label}: [${shape.join()}] takes ${expected} bytes, but ${data.length} follow: ${fault}; fetch it again`,
    );
  }
  return { shape, data };
}

/**
 * Reads labels and checks their range.
 *
 * @param file An IDX file with one axis.
 * @param classes Number of classes.
 * @param label Name of the file, for errors.
 * @returns One class per row.
 * @throws {DataError} as {@linkcode readIdx}, and for the first label that is no class.
 */
export async function readLabels(file: Uint8Array, classes: number, label: string): Promise<Uint32Array> {
  const { data } = await readIdx(file, 1, label);
  const bad = data.findIndex((value) => value >= classes);
  if (bad >= 0) {
    throw new DataError(
      `${label}: row ${bad} has label ${data[bad]}, but classes are 0 to ${classes - 1}; fetch or correct the file`,
    );
  }
  return Uint32Array.from(data);
}
