/**
 * What the benchmark writes: rows.
 *
 * @module
 */
import type { Summary } from "./statistics.ts";

/** Device of a row. */
export type BenchDevice = "cpu" | "webgpu";

/** Time of one kind of kernel within a step, and how near it comes to what the device can do. */
export interface KernelShare {
  /** Operations inside. */
  readonly label: string;
  /** Kernels of that label. */
  readonly count: number;
  /** Milliseconds of all of them. */
  readonly ms: number;
  /** Arithmetic, in share of the measured peak. */
  readonly arithmetic: number;
  /** Bytes moved, in share of the measured peak. */
  readonly bandwidth: number;
}

/** A figure on a device, against one peer. */
export interface Row {
  /** The figure. */
  readonly name: string;
  /** Where ours ran. */
  readonly device: BenchDevice;
  /** Ours; null where it could not be measured. */
  readonly median_ms: number | null;
  /** Interquartile range of ours. */
  readonly spread_ms: number | null;
  /** Whom it is compared with; null when with nobody. */
  readonly peer: string | null;
  /** The peer's; null where it was skipped. */
  readonly peer_median_ms: number | null;
  /** Peer divided by ours: above 1, ours is faster. */
  readonly ratio: number | null;
  /** Numbers of the figure that are no times, by name with the unit in it. */
  readonly counts?: Readonly<Record<string, number>>;
  /** Why the peer was left out. */
  readonly skipped?: string;
  /** Why the figure does not stand: wrong results, a crash, growth. */
  readonly failed?: string;
  /** Kernels by time, where they were timed. */
  readonly kernels?: readonly KernelShare[];
}

/** The parts of a row that are no numbers of time. */
export type RowExtras = Pick<Row, "counts" | "kernels">;

const rounded = (value: number): number => Number(value.toPrecision(4));

/** A row of a measurement and that of a peer. */
export function rowOf(
  name: string,
  device: BenchDevice,
  ours: Summary,
  peer?: { readonly name: string; readonly summary: Summary },
  extras: RowExtras = {},
): Row {
  return {
    name,
    device,
    median_ms: rounded(ours.median),
    spread_ms: rounded(ours.spread),
    peer: peer?.name ?? null,
    peer_median_ms: peer ? rounded(peer.summary.median) : null,
    ratio: peer ? rounded(peer.summary.median / ours.median) : null,
    ...extras,
  };
}

/** A row whose peer was not there. */
export function skippedRow(
  name: string,
  device: BenchDevice,
  ours: Summary | undefined,
  peer: string,
  why: string,
): Row {
  return {
    name,
    device,
    median_ms: ours ? rounded(ours.median) : null,
    spread_ms: ours ? rounded(ours.spread) : null,
    peer,
    peer_median_ms: null,
    ratio: null,
    skipped: why,
  };
}

/** A row of a figure that did not come out. */
export function failedRow(name: string, device: BenchDevice, why: string): Row {
  return {
    name,
    device,
    median_ms: null,
    spread_ms: null,
    peer: null,
    peer_median_ms: null,
    ratio: null,
    failed: why,
  };
}

/** The first line of an error, short enough for a table. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [line = ""] = text.split("\n");
  return line.length > 200 ? `${line.slice(0, 197)}...` : line;
}
