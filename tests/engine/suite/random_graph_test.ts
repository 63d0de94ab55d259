import { randomGraph } from "./random_graph.ts";
import { checkCases, onDevices } from "./support.ts";

onDevices("random graphs give what the oracle gives", async (device) => {
  const count = device.kind === "cpu" ? 300 : 24;
  for (let first = 0; first < count; first += 4) {
    await checkCases(device, Array.from({ length: 4 }, (_, i) => randomGraph(first + i)));
  }
});
