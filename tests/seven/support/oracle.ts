/**
 * Evaluating criteria in the f64 oracle, on the toy network.
 *
 * @module
 */
import { constant, grad, literal, notEqual, sizeOf, type Tensor } from "../../../engine/mod.ts";
import { interpret } from "../../../engine/reference/interpret.ts";
import { withTable } from "../../../engine/graph/node.ts";
import { applyMasks, type Criterion, type CriterionContext, type Named, type Progress } from "../../../seven/mod.ts";
import { mapNamed } from "../../../seven/criteria/criterion.ts";
import { linearInputs } from "../../../seven/linear_inputs.ts";
import { toy, type ToyData } from "./toy.ts";

/** Numbers by name. */
export type Numbers = Record<string, Float64Array>;

const shapes = toy.params();

/** Tensors of the toy's shapes. */
export function tensorsOf(values: Named<ArrayLike<number>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(values).map(([name, data]) => [name, literal(Float32Array.from(data), shapes[name]!.shape)]),
  );
}

/** What a criterion is given. */
export interface Situation {
  readonly params: Named<ArrayLike<number>>;
  readonly batch: ToyData<Float32Array>;
  /** 0 or 1 for each prunable weight. */
  readonly masks: Named<ArrayLike<number>>;
  readonly progress?: Progress;
  /** Statistics; zeros by default. */
  readonly state?: Named<Named<ArrayLike<number>>>;
}

/** Runs one update and scores the weights. */
export function judge(criterion: Criterion, { params, batch, masks, progress, state }: Situation): {
  readonly state: Record<string, Numbers>;
  readonly score: Numbers;
} {
  const result = withTable(() => {
    const all = tensorsOf(params);
    const bools = Object.fromEntries(Object.entries(tensorsOf(masks)).map(([name, mask]) => [name, notEqual(mask, 0)]));
    const seen = criterion.weights === "kept" ? applyMasks(all, bools) : all;
    const data = { x: literal(batch.x, [16, 10]), y: literal(batch.y, [16, 5]) };
    const lossAt = (weights: Named<Tensor>, temperature = 1) =>
      toy.loss({ ...seen, ...weights }, data, { key: constant(0), temperature, teacher: {} });
    const prunable = { w1: all.w1!, w2: all.w2! };
    const at = progress ?? { update: 1, sparsity: 0.5, target: 0.5 };
    const context: CriterionContext = {
      weights: prunable,
      grads: grad(lossAt(seen), { w1: seen.w1!, w2: seen.w2! }),
      masks: bools,
      key: literal(Uint32Array.of(1, 2)),
      scalars: Object.fromEntries(
        Object.entries(criterion.scalars(at)).map(([name, value]) => [name, constant(value)]),
      ),
      loss: lossAt,
      inputOf: (name) => linearInputs(lossAt(seen))(seen[name]!, name),
    };
    const types = { w1: shapes.w1!, w2: shapes.w2! };
    const initial = state ?? Object.fromEntries(
      Object.entries(criterion.init(types)).map(([key, named]) => [
        key,
        Object.fromEntries(Object.entries(named).map(([name, { data }]) => [name, data])),
      ]),
    );
    const before = mapNamed(initial, (named) =>
      mapNamed(named, (data, name) => {
        const ofWeight = data.length === sizeOf(shapes[name]!);
        return literal(Float32Array.from(data), ofWeight ? shapes[name]!.shape : [data.length]);
      }));
    const updated = criterion.update(context, before);
    return interpret({ state: updated, score: criterion.score(context, updated) } as never, new Map());
  });
  return result as unknown as { state: Record<string, Numbers>; score: Numbers };
}

/** The loss of the toy network in plain arithmetic, nothing of the engine. */
export function plainLoss(params: Named<ArrayLike<number>>, { x, y }: ToyData<Float32Array>, temperature = 1): number {
  let sum = 0;
  for (let row = 0; row < 16; row++) {
    const hidden = Array.from({ length: 24 }, (_, h) => {
      let s = params.b1![h]!;
      for (let i = 0; i < 10; i++) s += x[row * 10 + i]! * params.w1![h * 10 + i]!;
      return Math.max(0, s);
    });
    for (let out = 0; out < 5; out++) {
      let s = params.b2![out]!;
      for (let h = 0; h < 24; h++) s += hidden[h]! * params.w2![out * 24 + h]!;
      sum += (s / temperature - y[row * 5 + out]!) ** 2;
    }
  }
  return sum / 80;
}

/** Gradients of {@linkcode plainLoss} by central differences. */
export function plainGradients(
  params: Named<ArrayLike<number>>,
  batch: ToyData<Float32Array>,
  temperature = 1,
  step = 1e-5,
): Numbers {
  const moved = Object.fromEntries(Object.entries(params).map(([name, data]) => [name, Float64Array.from(data)]));
  return Object.fromEntries(["w1", "w2"].map((name) => [
    name,
    moved[name]!.map((value, i) => {
      const at = (v: number) => {
        moved[name]![i] = v;
        return plainLoss(moved, batch, temperature);
      };
      const slope = (at(value + step) - at(value - step)) / (2 * step);
      moved[name]![i] = value;
      return slope;
    }),
  ]));
}

/** Parameters, a batch, and masks that keep two of three weights. */
export function situation(seed = 1): Situation & { readonly params: Numbers; readonly masks: Numbers } {
  const params = Object.fromEntries(
    Object.entries(toy.params(seed)).map(([name, { data }]) => [name, Float64Array.from(data)]),
  );
  const masks = Object.fromEntries(
    ["w1", "w2"].map((name) => [name, params[name]!.map((_, i) => Number((i * 7 + seed) % 3 !== 0))]),
  );
  return { params, masks, batch: toy.batches(seed).next().value! };
}
