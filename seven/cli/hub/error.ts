/**
 * The one error of the hub.
 *
 * @module
 */

/** Raised when the hub, or what came from it, cannot be used. */
export class HubError extends Error {
  /** Error class name. */
  override readonly name = "HubError";
}
