/**
 * Scores of a model's weights by the criteria of pruning, without training.
 *
 * @module
 */
import {
  add,
  cast,
  constant,
  type Device,
  foldKey,
  grad,
  type HostTensor,
  keyFromSeed,
  partition,
  type Program,
  type Tensor,
  type Type,
  zeros,
} from "../../../engine/mod.ts";
import { type Batch, type BatchTensors, headLoss, type Network } from "../../../models/mod.ts";
import { type Criterion, type CriterionContext, type CriterionState, mapNamed } from "../../criteria/criterion.ts";
import { grasp } from "../../criteria/grasp.ts";
import { magnitude } from "../../criteria/magnitude.ts";
import { random } from "../../criteria/random.ts";
import { seven } from "../../criteria/seven.ts";
import { snip } from "../../criteria/snip.ts";
import { linearInputs } from "../../linear_inputs.ts";

/** Criteria that tell weights apart without training. */
const criteria: Readonly<Record<string, () => Criterion>> = { magnitude, snip, seven, grasp, random };

/** Their names. */
export const criterionNames: readonly string[] = Object.keys(criteria);

/** Whether a criterion looks at batches. */
export function needsBatches(name: string): boolean {
  return criteria[name]!().needs.some((need) => need !== "weights");
}

/** What scores are made from. */
export interface ScoreOptions {
  /** The model. */
  readonly network: Network;
  /** Names of the weights to score. */
  readonly names: readonly string[];
  /** Where it is computed. */
  readonly device: Device;
  /** Training batches, as many as are to be looked at; none for a criterion of weights alone. */
  readonly batches: AsyncIterable<Batch>;
  /** Seed of random scores. */
  readonly seed: number;
  /** Stops between two batches. */
  readonly signal?: AbortSignal;
}

type State = {
  readonly params: Readonly<Record<string, Tensor>>;
  /** Sums of gradients; only where a criterion wants one gradient of all batches. */
  readonly sums: Readonly<Record<string, Tensor>>;
  readonly statistics: CriterionState<Tensor>;
  readonly scores: Readonly<Record<string, Tensor>>;
};

type Inputs = { readonly data: BatchTensors; readonly scalars: Readonly<Record<string, Tensor>>; readonly key: Tensor };

/**
 * Scores weights: the greater, the more worth keeping. Nothing drops out and no weight changes. SNIP takes the gradient
 * of all batches together, SEVEN sums up over them, GraSP looks at the last.
 *
 * @param name Name of the criterion.
 * @param options The model, and what it is looked at by.
 * @returns f32 by name.
 */
export async function weightScores(name: string, options: ScoreOptions): Promise<Record<string, Float32Array>> {
  const { network, names, device, batches, seed, signal } = options;
  const weights = Object.fromEntries(names.map((name) => [name, network.params[name]!]));
  const criterion = criteria[name]!();
  if (criterion.needs.join() === "weights") return mapNamed(weights, ({ data }) => Float32Array.from(data, Math.abs));
  const types = mapNamed(weights, ({ shape, dtype }): Type => ({ shape, dtype }));
  using state = device.place({
    params: network.params,
    sums: name === "snip" ? mapNamed(types, zeros) : {},
    statistics: criterion.init(types),
    scores: mapNamed(types, zeros),
  });
  const step = stepOf(network, criterion, names);
  const programs = new Map<string, Program<State, Inputs, Record<string, never>>>();
  try {
    let update = 0;
    const take = async (batch: Batch): Promise<void> => {
      signal?.throwIfAborted();
      const scalars = criterion.scalars({ update: ++update, sparsity: 0, target: 0 });
      const data = mapNamed<HostTensor, Type>(batch, ({ shape, dtype }) => ({ shape, dtype }));
      const key = JSON.stringify(data);
      const inputTypes = {
        data,
        scalars: mapNamed(scalars, (): Type => ({ shape: [], dtype: "f32" })),
        key: { shape: [2], dtype: "u32" } as Type,
      };
      const program = programs.get(key) ??
        await device.compile<State, Inputs, Record<string, never>>(step, {
          state: state.types as never,
          batch: inputTypes as never,
        });
      programs.set(key, program);
      program.run(state as never, { data: batch, scalars, key: foldKey(keyFromSeed(seed), update) } as never);
      await device.ready();
    };
    if (needsBatches(name)) { for await (const batch of batches) await take(batch); }
    else await take({});
    const read = await state.readAll("scores");
    return Object.fromEntries(names.map((name) => [name, read[`scores/${name}`]!.data as Float32Array]));
  } finally {
    for (const program of programs.values()) program[Symbol.dispose]();
  }
}

/** Takes in a batch. What a criterion does not look at is not computed. */
function stepOf({ head, outputs }: Network, criterion: Criterion, names: readonly string[]) {
  const own = new Set(names);
  return (state: State, { data, scalars, key }: Inputs) => {
    const [weights] = partition(state.params as Record<string, Tensor>, (name) => own.has(name));
    const lossAt = (others: Readonly<Record<string, Tensor>>, temperature = 1): Tensor =>
      headLoss(head, outputs({ ...state.params, ...others }, data), data, temperature);
    let loss: Tensor | undefined, grads: Record<string, Tensor> | undefined, sums = state.sums;
    const ownLoss = (): Tensor => loss ??= lossAt({});
    const ownGrads = (): Record<string, Tensor> => {
      if (grads) return grads;
      const now = grad(ownLoss(), weights);
      if (Object.keys(sums).length === 0) return grads = now;
      return grads = sums = mapNamed(now, (g, name) => add(state.sums[name]!, g));
    };
    const context: CriterionContext = {
      weights,
      get grads() {
        return ownGrads();
      },
      masks: mapNamed(weights, ({ shape }) => constant(1, shape, "bool")),
      key,
      scalars,
      loss: lossAt,
      inputOf: (name) => linearInputs(ownLoss())(weights[name]!, name),
    };
    const statistics = criterion.update(context, state.statistics);
    const scores = mapNamed(criterion.score(context, statistics), (score) => cast(score, "f32"));
    return { state: { params: state.params, sums, statistics, scores }, metrics: {} };
  };
}
