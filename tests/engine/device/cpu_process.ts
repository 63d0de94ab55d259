/**
 * A program that uses threads and never disposes of its device, for `cpu_process_test.ts`. Prints one line of JSON; with
 * the argument `steps` it computes until it gets SIGTERM.
 */
import process from "node:process";
import { openCpu } from "../../../engine/device/cpu.ts";
import { arg, load, rowMajor, scalar, store } from "../js/build.ts";

const length = 200000, at = rowMajor([length]);
const device = openCpu({ threads: 2 });
const storage = device.allocate(4 * length, "values");
const loaded = await device.load([{
  kind: "map",
  label: "exp",
  args: [arg(length, "update")],
  dims: [length],
  stores: [store(0, at, scalar("exp", [load(0, at)]))],
}]);
const recording = device.bind(loaded, () => storage);
const deadline = performance.now() + 10000;
while (device.threadsRunning() < 2 && performance.now() < deadline) await device.idle();

if (Deno.args[0] === "steps") {
  let running = true;
  Deno.addSignalListener("SIGTERM", () => running = false);
  console.log(JSON.stringify({ threads: device.threadsRunning() }));
  let steps = 0;
  for (; running; steps++) {
    device.replay(recording);
    await device.idle();
  }
  console.log(JSON.stringify({ steps }));
  Deno.exit(0);
}
device.replay(recording);
await new Promise((resolve) => setTimeout(resolve, 50));
const before = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, 400));
const { user, system } = process.cpuUsage(before);
const first = new Float32Array(await device.download(storage, 0, 4))[0];
const { description } = device;
console.log(JSON.stringify({ description, threads: device.threadsRunning(), first, idleMs: (user + system) / 1000 }));
