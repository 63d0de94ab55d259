import assert from "node:assert/strict";
import { trace } from "../../../engine/compile/trace.ts";
import { ShapeError, type Tensor } from "../../../engine/graph/node.ts";
import { tap } from "../../../engine/graph/taps.ts";
import * as o from "../../../engine/ops.ts";
import { type } from "./support.ts";

const types = { state: { w: type([3]), n: type([], "u32") }, batch: { x: type([3]) } };
type State = { w: Tensor; n: Tensor };
type Batch = { x: Tensor };

Deno.test("trace() keeps state leaves in order and names all leaves", () => {
  const traced = trace(({ w, n }: State, { x }: Batch) => ({
    state: { n: o.add(n, 1), w: o.add(w, x) },
    metrics: { inner: { loss: o.sum(tap(w, "weights")) } },
  }), types);
  assert.deepEqual(traced.state.map(({ path }) => path), ["w", "n"]);
  assert.deepEqual(traced.nextState.map(({ path, tensor }) => [path, tensor.dtype]), [["w", "f32"], ["n", "u32"]]);
  assert.deepEqual(traced.metrics.map(({ path }) => path), ["inner/loss", "taps/weights"]);
});

Deno.test("trace() refuses a new state of another structure or type", () => {
  const refuses = (state: (s: State) => unknown, message: RegExp) =>
    assert.throws(
      () => trace((s: State, _: Batch) => ({ state: state(s) as State, metrics: {} }), types),
      (error: Error) => error instanceof ShapeError && message.test(error.message),
    );
  refuses(({ w }) => ({ w }), /has no "n"/);
  refuses((s) => ({ ...s, z: s.w }), /has "z", which the old one has not/);
  refuses(({ n }) => ({ n, w: o.sum(n) }), /goes in as f32\[3\] and comes out as u32\[\]/);
});

Deno.test("trace() makes equal nodes once", () => {
  const { metrics } = trace((s: State, { x }: Batch) => ({
    state: s,
    metrics: { a: o.mul(o.add(s.w, x), 2), b: o.mul(o.add(s.w, x), 2) },
  }), types);
  assert.equal(metrics[0]!.tensor, metrics[1]!.tensor);
});
