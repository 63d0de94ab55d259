/**
 * The one error of data sets.
 *
 * @module
 */

/** Raised for data that cannot be used; the message names file, row and value, and what to do. */
export class DataError extends Error {
  /** Error class name. */
  override readonly name = "DataError";
}
