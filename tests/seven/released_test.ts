/**
 * Parity of the SEVEN criterion with numbers recorded from the released implementation. That code takes the score after
 * the optimiser's step, from gradients of the masked network; here the recorded weights and gradients are fed in.
 */
import assert from "node:assert/strict";
import { keepTopK, literal, notEqual, type Tensor } from "../../engine/mod.ts";
import { interpret } from "../../engine/reference/interpret.ts";
import { constant } from "../../engine/ops.ts";
import { withTable } from "../../engine/graph/node.ts";
import { seven, sevenPresets } from "../../seven/criteria/seven.ts";
import { applyMasks } from "../../seven/mask.ts";
import { assertClose } from "../support/assert_close.ts";

interface RecordedStep {
  readonly k: number;
  readonly theta: number[][][];
  readonly grad: number[][][];
  readonly m: number[][][];
  readonly v: number[][][];
  readonly score: number[][][];
  readonly mask: number[][][];
}
interface Recorded {
  readonly alpha1: number;
  readonly alpha2: number;
  readonly shapes: number[][];
  readonly steps: RecordedStep[];
}

const folder = Deno.env.get("SEVEN_DATA") ?? "../shared/data";
const path = Deno.env.get("SEVEN_RELEASED_TRAJECTORY") ?? `${folder}/parity/seven_released.json`;

function readRecorded(): Recorded | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && !Deno.env.has("SEVEN_RELEASED_TRAJECTORY")) return undefined;
    throw error;
  }
}

Deno.test("the preset `released` follows the released trajectory: m, v, scores and masks at every step", () => {
  const recorded = readRecorded();
  if (!recorded) {
    console.log(`skipped: ${path} is not there; set SEVEN_DATA or SEVEN_RELEASED_TRAJECTORY`);
    return;
  }
  const criterion = seven({ ...sevenPresets.released, alpha1: recorded.alpha1, alpha2: recorded.alpha2 });
  const names = recorded.shapes.map((_, i) => `w${i}`);
  const named = (values: readonly number[][][]) =>
    Object.fromEntries(names.map((name, i) => [name, values[i]!.flat()]));
  const tensors = (values: Readonly<Record<string, ArrayLike<number>>>): Record<string, Tensor> =>
    Object.fromEntries(names.map((name, i) => [name, literal(Float32Array.from(values[name]!), recorded.shapes[i]!)]));
  const zeros: Record<string, Float64Array> = Object.fromEntries(
    names.map((name, i) => [name, new Float64Array(recorded.shapes[i]![0]! * recorded.shapes[i]![1]!)]),
  );
  let state = { m: zeros, v: zeros, score: zeros };
  let masks: Record<string, Float64Array> = Object.fromEntries(names.map((name) => [name, zeros[name]!.map(() => 1)]));
  recorded.steps.forEach((step, i) => {
    const result = withTable(() => {
      const scalars = Object.fromEntries(
        Object.entries(criterion.scalars({ update: i + 1, sparsity: 0, target: 0 })).map((
          [name, x],
        ) => [name, constant(x)]),
      );
      const eligible = Object.fromEntries(Object.entries(tensors(masks)).map(([name, x]) => [name, notEqual(x, 0)]));
      const context = {
        weights: tensors(named(step.theta)),
        grads: tensors(named(step.grad)),
        masks: eligible,
        key: constant(0),
        scalars,
        inputOf: () => assert.fail("SEVEN takes no activations"),
        loss: () => constant(0),
      };
      const before = { m: tensors(state.m), v: tensors(state.v), score: tensors(state.score) };
      const updated = criterion.update(context, before);
      // The released code zeroes the score of what was pruned before, and keeps its averages.
      const score = applyMasks(criterion.score(context, updated), eligible);
      const kept = keepTopK(score, constant(step.k, [], "u32"), eligible);
      return interpret({ m: updated.m!, v: updated.v!, score, kept }, new Map());
    }) as unknown as Record<"m" | "v" | "score" | "kept", Record<string, Float64Array>>;
    for (const name of names) {
      // Recorded in f32 with up to 12 roundings a step behind it.
      assertClose(result.m[name]!, named(step.m)[name]!, { rtol: 1e-5, atol: 1e-12 }, `step ${i} m ${name}`);
      assertClose(result.v[name]!, named(step.v)[name]!, { rtol: 1e-5, atol: 1e-12 }, `step ${i} v ${name}`);
      assertClose(
        result.score[name]!,
        named(step.score)[name]!,
        { rtol: 1e-5, atol: 1e-12 },
        `step ${i} score ${name}`,
      );
      assert.deepEqual([...result.kept[name]!], named(step.mask)[name]!.map(Number), `step ${i} mask ${name}`);
    }
    state = { m: result.m, v: result.v, score: result.score };
    masks = result.kept;
  });
});
