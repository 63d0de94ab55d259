/**
 * How much faster a model became by being made smaller.
 *
 * @module
 */
import { type Device, DeviceError } from "../../engine/mod.ts";
import { latencies, type Latency, type Network, usualTokens } from "../../models/mod.ts";

/** Rows of the batch. */
const rows = 32;

/**
 * Measures forward passes of two models in turn, on a batch that means nothing.
 *
 * @param before The model as it was.
 * @param after The smaller one.
 * @param device Where.
 * @returns A line with the medians and how many times as fast the smaller one is; or why there is none.
 */
export async function speedupLine(before: Network, after: Network, device: Device): Promise<string> {
  const tokens = usualTokens(before);
  const batch = before.modality === "text" ? `${rows} texts of ${tokens} tokens` : `${rows}`;
  try {
    const [one, other] = await latencies([before, after], { device, rows, tokens }) as [Latency, Latency];
    const times = `${milliseconds(one.median)} -> ${milliseconds(other.median)} per batch of ${batch}`;
    return `latency: ${times} (${(one.median / other.median).toFixed(2)}x), ${device.kind} device`;
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    return `latency: not measured (${error.message})`;
  }
}

function milliseconds(value: number): string {
  return `${value < 100 ? value.toPrecision(3) : value.toFixed(0)} ms`;
}
