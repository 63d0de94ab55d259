import assert from "node:assert/strict";
import { hostTensor, type Tensor } from "../../engine/mod.ts";
import type { Split } from "../../models/data/split.ts";
import { type BatchTensors, Predictor } from "../../models/predict.ts";
import { onDevices } from "../engine/suite/support.ts";

/** Row `i` is as long as `lengths[i]` and holds its own number, counted from `first` on. */
function ragged(lengths: readonly number[], first = 0, onGather = () => {}): Split {
  return {
    name: "ragged",
    count: lengths.length,
    labels: [],
    lengths,
    gather(rows, size) {
      onGather();
      const width = Math.max(...Array.from(rows, (row) => lengths[row]!));
      const data = new Float32Array(size * width);
      Array.from(rows).forEach((row, i) => data.fill(first + row, i * width, (i + 1) * width));
      return { x: hostTensor(data, [size, width]), valid: hostTensor(new Float32Array(size).fill(1)) };
    },
  };
}

const lengths = Array.from({ length: 60 }, (_, i) => 1 + (i * 7) % 4);
const options = { batch: 2, outputs: (_: { one: Tensor }, { x }: BatchTensors) => ({ x: x! }) };

onDevices("Predictor starts anew after a run that broke off", async (device) => {
  using state = device.place({ one: hostTensor(new Float32Array([1])) });
  using predictor = new Predictor<{ one: Tensor }>({ device, ...options });
  const split = ragged(lengths);
  for (const breaksOff of ["in gather", "by its signal", "in take"]) {
    const stop = new AbortController();
    let batches = 0, taken = 0;
    const other = ragged(lengths, 1000, () => {
      if (++batches !== 13) return;
      if (breaksOff === "by its signal") stop.abort(new Error("enough"));
      if (breaksOff === "in gather") throw new Error("enough");
    });
    const take = () => {
      if (++taken === 10 && breaksOff === "in take") throw new Error("enough");
    };
    await assert.rejects(predictor.run(state, other, take, stop.signal), /^Error: enough$/);
    assert.ok(taken > 0 && taken < 30, breaksOff);
    const seen: number[] = [];
    await predictor.run(state, split, (rows, { x }) => {
      const width = x!.shape[1]!;
      rows.forEach((row, i) => assert.equal(x!.data[i * width], row, breaksOff));
      seen.push(...rows);
    });
    assert.deepEqual(seen.sort((a, b) => a - b), [...lengths.keys()]);
  }
});

onDevices("Predictor gives the outputs of fewer rows than a batch has", async (device) => {
  using state = device.place({ one: hostTensor(new Float32Array([1])) });
  using predictor = new Predictor<{ one: Tensor }>({ device, ...options, batch: 50 });
  const seen: number[][] = [];
  await predictor.run(state, ragged([3, 3, 3]), (rows, { x }) => seen.push([...rows], [...x!.shape]));
  assert.deepEqual(seen, [[0, 1, 2], [3, 3]]);
});
