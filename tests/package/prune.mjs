/**
 * The libraries by their package's name, in plain JavaScript: run by Node from a packed tarball, and by Deno from here.
 *
 * Prints what a short run gives, as JSON.
 */
import { adamw, constantSchedule, gelu, hostTensor, linear, mse, openDevice } from "@sentinel/seven/engine";
import { runPruning, sevenPre } from "@sentinel/seven";

const wave = (size, phase) => Float32Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + phase));
const params = { "in.weight": hostTensor(wave(128, 0), [64, 2]), "out.weight": hostTensor(wave(64, 1), [1, 64]) };

function* batches() {
  for (let turn = 0;; turn++) {
    const x = wave(64, turn);
    const y = Float32Array.from({ length: 32 }, (_, i) => x[2 * i] + x[2 * i + 1]);
    yield { x: hostTensor(x, [32, 2]), y: hostTensor(y, [32, 1]) };
  }
}

const device = await openDevice("cpu");
const { state, kept, prunable } = await runPruning({
  device,
  params,
  loss: (weights, { x, y }) => mse(linear(gelu(linear(x, weights["in.weight"])), weights["out.weight"]), y),
  prunable: () => true,
  optimizer: adamw(),
  method: sevenPre({ sparsity: 0.75, pruneSteps: 20 }),
  steps: 40,
  learningRate: constantSchedule({ learningRate: 1e-2 }),
  batches: batches(),
  seed: 1,
});
const { data } = await state.read("params/in.weight");
console.log(JSON.stringify({ kept, prunable, weights: Array.from(data) }));
state[Symbol.dispose]();
device[Symbol.dispose]();
