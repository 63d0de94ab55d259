/**
 * The one error of reading and writing safetensors files.
 *
 * @module
 */

/** Raised for a file that is no valid safetensors file, or for tensors that cannot be written to one. */
export class SafetensorsError extends Error {
  /** Error class name. */
  override readonly name = "SafetensorsError";
  /** The file, as the caller named it. */
  readonly file: string;

  /**
   * Makes the message `file: problem; remedy`.
   *
   * @param file The file, as the caller named it.
   * @param problem What is wrong, with tensor names and values.
   * @param remedy What to do about it.
   * @param options The error that caused this one.
   */
  constructor(file: string, problem: string, remedy: string, options?: ErrorOptions) {
    super(`${file}: ${problem}; ${remedy}`, options);
    this.file = file;
  }
}

/** A value of unknown origin for an error message: JSON, one line, at most 80 characters. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
