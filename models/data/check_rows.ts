/**
 * The rows that a batch is asked for.
 *
 * @module
 */
import { DataError } from "./error.ts";

/**
 * Refuses what a split cannot gather.
 *
 * @param picked Numbers of the rows.
 * @param size Rows of the batch.
 * @param count Rows of the split.
 * @param name Name of the split.
 * @throws {DataError} when there are more rows than fit, or one is not of the split.
 */
export function checkRows(picked: ArrayLike<number>, size: number, count: number, name: string): void {
  if (picked.length > size) {
    throw new DataError(`${name}: ${picked.length} rows for a batch of ${size}; ask for as many at most`);
  }
  for (let i = 0; i < picked.length; i++) {
    if (!(Number.isSafeInteger(picked[i]) && picked[i] >= 0 && picked[i] < count)) {
      throw new DataError(`${name}: there is no row ${picked[i]}; rows are 0 to ${count - 1}`);
    }
  }
}
