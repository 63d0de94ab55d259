/**
 * Files on disk, read in parts.
 *
 * @module
 */
import type { OpenFile } from "../../models/mod.ts";

/** An open file as a source of bytes; closing it closes the file. */
export function openOnDisk(file: Deno.FsFile): OpenFile {
  const { size } = file.statSync();
  return {
    size,
    read: async (offset, length) => {
      const bytes = new Uint8Array(length);
      await file.seek(offset, Deno.SeekMode.Start);
      for (let done = 0; done < length;) {
        const count = await file.read(bytes.subarray(done));
        if (count === null) return bytes.subarray(0, done); // the file has become shorter: the reader says so
        done += count;
      }
      return bytes;
    },
    [Symbol.dispose]: () => file.close(),
  };
}
