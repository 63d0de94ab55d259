/**
 * A transformer block of 4 heads and 10 neurons on fixed data, for patterns of groups.
 *
 * @module
 */
import {
  add,
  attention,
  type HostTensor,
  hostTensor,
  linear,
  mse,
  permute,
  relu,
  reshape,
  type Tensor,
} from "../../../engine/mod.ts";
import type { GroupSpec, Named } from "../../../seven/mod.ts";
import { uniformArray } from "../../support/values.ts";

const [ROWS, LENGTH, WIDTH, HEADS, HEAD, NEURONS] = [3, 4, 6, 4, 2, 10];

/** Shapes of the prunable weights. */
export const blockShapes: Readonly<Record<string, readonly [number, number]>> = {
  query: [HEADS * HEAD, WIDTH],
  key: [HEADS * HEAD, WIDTH],
  value: [HEADS * HEAD, WIDTH],
  output: [WIDTH, HEADS * HEAD],
  up: [NEURONS, WIDTH],
  down: [WIDTH, NEURONS],
  lone: [WIDTH, WIDTH],
};

/** Heads and neurons; `lone` is in no group. */
export const blockGroups: GroupSpec = {
  heads: {
    count: HEADS,
    parts: [
      ...["query", "key", "value"].map((tensor) => ({ tensor, axis: 0, size: HEAD })),
      { tensor: "output", axis: 1, size: HEAD },
    ],
  },
  neurons: { count: NEURONS, parts: [{ tensor: "up", axis: 0, size: 1 }, { tensor: "down", axis: 1, size: 1 }] },
};

/** Places of the weights of each group, as [tensor, element]. */
export const membersOf: Readonly<Record<string, readonly (readonly [string, number])[][]>> = {
  heads: Array.from({ length: HEADS }, (_, head) => [
    ...["query", "key", "value"].flatMap((name) =>
      Array.from({ length: HEAD * WIDTH }, (_, i) => [name, head * HEAD * WIDTH + i] as const)
    ),
    ...Array.from(
      { length: WIDTH * HEAD },
      (_, i) => ["output", Math.floor(i / HEAD) * HEADS * HEAD + head * HEAD + i % HEAD] as const,
    ),
  ]),
  neurons: Array.from({ length: NEURONS }, (_, neuron) => [
    ...Array.from({ length: WIDTH }, (_, i) => ["up", neuron * WIDTH + i] as const),
    ...Array.from({ length: WIDTH }, (_, i) => ["down", i * NEURONS + neuron] as const),
  ]),
};

/** Parameters. */
export function blockParams(seed = 1): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(blockShapes).map(([name, [rows, cols]], i) => [
      name,
      hostTensor(Float32Array.from(uniformArray(rows * cols, seed + i)), [rows, cols]),
    ]),
  );
}

/** Inputs and targets. */
export interface BlockData<T> {
  readonly x: T;
  readonly y: T;
}

/** Batches without end. */
export function* blockBatches(seed = 40): Generator<BlockData<HostTensor>, void, void> {
  const values = (seed: number): HostTensor =>
    hostTensor(Float32Array.from(uniformArray(ROWS * LENGTH * WIDTH, seed)), [ROWS * LENGTH, WIDTH]);
  for (let i = 0;; i++) yield { x: values(seed + 2 * i), y: values(seed + 2 * i + 1) };
}

/** Attention, a feed-forward layer and one more matrix, against the targets. */
export function blockLoss(p: Named<Tensor>, { x, y }: BlockData<Tensor>): Tensor {
  const split = (w: Tensor): Tensor => permute(reshape(linear(x, w), [ROWS, LENGTH, HEADS, HEAD]), [0, 2, 1, 3]);
  const mixed = attention(split(p.query!), split(p.key!), split(p.value!));
  const merged = reshape(permute(mixed, [0, 2, 1, 3]), [ROWS * LENGTH, HEADS * HEAD]);
  const attended = add(x, linear(merged, p.output!));
  const hidden = add(attended, linear(relu(linear(attended, p.up!)), p.down!));
  return mse(linear(hidden, p.lone!), y);
}
