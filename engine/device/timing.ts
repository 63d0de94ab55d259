/**
 * Timings of single dispatches, by timestamp queries: one pass for each, with a timestamp at either end.
 *
 * @module
 */
import type { Readback } from "./readback.ts";
import type { Command } from "./record.ts";

/** Timestamps that one query set can hold. */
const QUERIES = 4096;

/** Runs the commands once and returns the milliseconds of each. The device must have `timestamp-query`. */
export async function timeCommands(
  device: GPUDevice,
  commands: readonly Command[],
  readback: Readback,
): Promise<readonly number[]> {
  const times: number[] = [];
  for (let start = 0; start < commands.length; start += QUERIES / 2) {
    const part = commands.slice(start, start + QUERIES / 2), count = part.length * 2;
    const querySet = device.createQuerySet({ label: "profile", type: "timestamp", count });
    const buffer = device.createBuffer({
      label: "profile",
      size: count * 8,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    try {
      const encoder = device.createCommandEncoder({ label: "profile" });
      part.forEach(({ label, pipeline, bindGroup, groups }, i) => {
        const pass = encoder.beginComputePass({
          label,
          timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
        });
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(...groups);
        pass.end();
      });
      encoder.resolveQuerySet(querySet, 0, count, buffer, 0);
      device.queue.submit([encoder.finish()]);
      const stamps = new BigUint64Array(await readback.read(buffer, 0, count * 8));
      // A device may reset its counter in between: such a time is unknown, not negative.
      part.forEach((_, i) => times.push(Math.max(0, Number(stamps[2 * i + 1]! - stamps[2 * i]!) / 1e6)));
    } finally {
      querySet.destroy();
      buffer.destroy();
    }
  }
  return times;
}
