/** The stored pictures of tests/parity/pictures.json. */

import stored from "../../parity/pictures.json" with { type: "json" };

/** A file and what Pillow makes of it. */
export interface StoredPicture {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** The file. */
  readonly file: Uint8Array<ArrayBuffer>;
  /** Red, green and blue of each pixel. */
  readonly pixels: Uint8Array;
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** All of them. */
export const pictures: readonly StoredPicture[] = Object.entries(stored.pictures).map(
  ([name, { file, pixels, width, height }]) => ({ name, width, height, file: bytes(file), pixels: bytes(pixels) }),
);

/** The file of that name. */
export function pictureFile(name: string): Uint8Array<ArrayBuffer> {
  return pictures.find((picture) => picture.name === name)!.file;
}
