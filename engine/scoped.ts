/**
 * What `using` declares, for runtimes whose parsers do not know it: Node before 24, Safari.
 *
 * @module
 */

/**
 * Uses a resource, and frees it when that is done or has failed.
 *
 * @param resource What to free: a device, a program, a state; nothing where there is none.
 * @param use What to do with it.
 * @returns What `use` gives.
 *
 * @example
 * ```ts
 * import { literal, mul, openDevice, scoped, sum } from "@sentinel/seven/engine";
 *
 * const device = await openDevice("cpu");
 * const six = await scoped(device, () => device.read(() => sum(mul(literal(Float32Array.of(1, 2)), 2))));
 * console.assert(six === 6);
 * ```
 */
export async function scoped<R extends Disposable | undefined, T>(
  resource: R,
  use: (resource: R) => T | PromiseLike<T>,
): Promise<T> {
  try {
    return await use(resource);
  } finally {
    resource?.[Symbol.dispose]();
  }
}
