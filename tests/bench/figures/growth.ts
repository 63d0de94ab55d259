/**
 * Growth: what a thousand steps leave behind.
 *
 * @module
 */
import { failedRow, reasonOf, rowOf } from "../result.ts";
import type { OwnFigure } from "./figure.ts";
import { onDevices } from "./on_devices.ts";
import { childOutput } from "./process.ts";

/** Growth that is noise: the runtime's heap breathes. */
const FLAT_MIB = 16;

/** Resident memory over 1,000 steps of a small program, in a process of its own. It must be flat. */
export const growthFigure: OwnFigure = onDevices("growth-1000-steps", "always", async ({ kind }) => {
  try {
    const { ms, before, after, growth } = await childOutput("growth_process.ts", [kind]) as {
      ms: number;
      before: number;
      after: number;
      growth: number;
    };
    const counts = { "MiB before": before, "MiB after": after, "MiB grown": growth };
    if (growth > FLAT_MIB) {
      return [{ ...failedRow("growth-1000-steps", kind, `grew by ${growth.toFixed(1)} MiB`), counts }];
    }
    return [rowOf("growth-1000-steps", kind, { median: ms, spread: 0 }, undefined, { counts })];
  } catch (error) {
    return [failedRow("growth-1000-steps", kind, reasonOf(error))];
  }
});
