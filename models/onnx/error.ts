/**
 * What goes wrong when a model is written as ONNX.
 *
 * @module
 */

/** Raised for a model that cannot be written as ONNX. */
export class OnnxError extends Error {
  /** Error class name. */
  override readonly name = "OnnxError";
}
