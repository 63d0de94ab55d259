/**
 * Layer collapse: weights that lost every element, through which nothing passes any more. What competes over the whole
 * model can do that to weights that are small, or that have small gradients, as a whole (Tanaka et al. 2020, arXiv
 * 2006.05467).
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";
import { count } from "./table.ts";

/** Names of the weights of which no element is kept. */
export function collapsedOf(masks: Readonly<Record<string, HostTensor>>): string[] {
  return Object.entries(masks).flatMap(([name, { data: words }]) => words.every((word) => word === 0) ? [name] : []);
}

/** What there is to say about them, and what to do; nothing where there are none. */
export function collapseNote(method: string, names: readonly string[]): string | undefined {
  const [first, ...others] = names;
  if (first === undefined) return undefined;
  const which = others.length === 0 ? `${first} has` : `${first} and ${count(others.length)} more have`;
  return `${method}: ${which} no element left, so nothing passes through; ` +
    `--most-sparsity '${first}=0.95' bounds what one may lose, --scope tensor treats all alike`;
}
