import { randomGraph } from "./random_graph.ts";
import { randomStep } from "./random_step.ts";
import { checkSteps } from "./steps.ts";
import { checkCases, onDevices } from "./support.ts";

onDevices("random graphs give what the oracle gives", async (device) => {
  const count = device.kind === "cpu" ? 320 : 20;
  for (let first = 0; first < count; first += 4) {
    await checkCases(device, Array.from({ length: 4 }, (_, i) => randomGraph(first + i)));
  }
});

onDevices("random steps give state and metrics of the oracle, run after run", async (device) => {
  const count = device.kind === "cpu" ? 400 : 16;
  for (let seed = 0; seed < count; seed++) await checkSteps(device, randomStep(seed));
});

onDevices("graphs that once went wrong", async (device) => {
  // An extremum compared with its operand computed again; ties of a maximum; a slice of nothing but padding; an
  // operand that only such a slice reads.
  await checkCases(device, [189, 1480, 2737, 1807].map(randomGraph));
});
