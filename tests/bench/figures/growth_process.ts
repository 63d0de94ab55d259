/**
 * Run by the growth figure: 1,000 steps after a warm-up, metrics read every 50 as training does, and the resident
 * memory before and after. Prints JSON.
 *
 * @module
 */
import { smallTask } from "../ours/operations.ts";
import { openBench } from "../ours/task.ts";

/** Steps before memory is looked at: threads start, and code is compiled again, while the first ones run. */
const WARM = 2000;
const STEPS = 1000, READ_EVERY = 50;
const kind = Deno.args[0] === "webgpu" ? "webgpu" : "cpu";
using bench = await openBench(kind);
using task = await smallTask(bench.device);

async function steps(count: number): Promise<void> {
  for (let i = 1; i <= count; i++) {
    task.step();
    if (i % READ_EVERY === 0) await task.metrics();
  }
}

/** The least of a few readings: garbage that waits for its collection is no growth. */
async function resident(): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < 5; i++) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
    least = Math.min(least, Deno.memoryUsage().rss);
  }
  return least / 2 ** 20;
}

await steps(WARM);
const before = await resident();
const start = performance.now();
await steps(STEPS);
const ms = performance.now() - start;
const after = await resident();
console.log(JSON.stringify({ ms, before, after, growth: after - before }));
