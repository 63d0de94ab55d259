/**
 * Parquet's hybrid of run lengths and packed bits, checked before it is decoded: a run of a few bytes may claim billions
 * of values.
 *
 * @module
 */

/**
 * Checks that runs give `count` values and are all there.
 *
 * @param bytes What holds them.
 * @param start Where they begin.
 * @param end Where they end at the latest.
 * @param width Bits per value, 0 to 32.
 * @param count Number of values.
 * @returns How many values are 1, which is meant for widths of 1: definition levels of rows that have a value.
 * @throws {Error} that says what is wrong.
 */
export function checkRuns(bytes: Uint8Array, start: number, end: number, width: number, count: number): number {
  if (width > 32) throw new Error(`values of ${width} bits`);
  let at = start;
  let ones = 0;
  const byte = (): number => {
    if (at >= end) throw new Error("runs are cut off");
    return bytes[at++]!;
  };
  const header = (): number => {
    let value = 0;
    for (let i = 0; i < 5; i++) {
      const part = byte();
      value += (part & 127) * 2 ** (7 * i);
      if (part < 128) return value;
    }
    throw new Error("the length of a run has more than 5 bytes");
  };
  for (let left = count; left > 0;) {
    const head = header();
    const length = Math.floor(head / 2);
    if (head % 2 === 0) {
      let value = 0;
      for (let i = 0; i < Math.ceil(width / 8); i++) value += byte() * 2 ** (8 * i);
      if (length < 1 || length > left) throw new Error(`a run of ${length} values where ${left} are left`);
      if (value === 1) ones += length;
      left -= length;
      continue;
    }
    // Packed values come in groups of eight; what goes beyond the last value is padding.
    const packed = 8 * length;
    if (length < 1 || packed >= left + 512) throw new Error(`${packed} packed values where ${left} are left`);
    if (length * width > end - at) throw new Error("packed values are cut off");
    const taken = Math.min(packed, left);
    if (width === 1) { for (let i = 0; i < taken; i++) ones += bytes[at + (i >> 3)]! >> (i & 7) & 1; }
    at += length * width;
    left -= taken;
  }
  return ones;
}
