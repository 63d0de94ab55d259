/**
 * Taps: inner values of a step that someone wants to see. A running trace collects them and makes them outputs.
 *
 * @module
 */
import type { Tensor } from "./node.ts";

let collecting: Map<string, Tensor> | undefined;

/**
 * Brings an inner value out of a step: it appears among the metrics under `taps/<label>`. Outside of a trace it does
 * nothing. Returns its argument, so it can stand anywhere in an expression.
 */
export function tap(tensor: Tensor, label: string): Tensor {
  if (collecting?.has(label) && collecting.get(label) !== tensor) {
    throw new Error(`tap: the label ${JSON.stringify(label)} is used twice; labels name one value each`);
  }
  collecting?.set(label, tensor);
  return tensor;
}

/** Runs `build` and returns its result with the taps that it made. */
export function collectTaps<T>(build: () => T): { readonly result: T; readonly taps: ReadonlyMap<string, Tensor> } {
  const outer = collecting;
  const taps = collecting = new Map<string, Tensor>();
  try {
    return { result: build(), taps };
  } finally {
    collecting = outer;
  }
}
