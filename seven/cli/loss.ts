/**
 * The loss that a model is trained by: its labels, and what the dense model answers.
 *
 * @module
 */
import { add, distilledLoss, type HiddenStates, mul, type Tensor } from "../../engine/mod.ts";
import { type BatchTensors, type ForwardOptions, headLoss, type Network, type Outputs } from "../../models/mod.ts";
import type { Loss } from "../state.ts";
import { UsageError } from "./errors.ts";
import type { PruneOptions } from "./options.ts";

/** Names of the outputs of a head that are logits over classes: what a teacher's answers can be compared by. */
const logitsOf = { classification: ["logits"], span: ["start", "end"], regression: [], contrastive: [] } as const;

/** Whether a model learns from the dense one, too. */
export function distils({ distill, distillHidden }: PruneOptions): boolean {
  return distill > 0 || distillHidden > 0;
}

/**
 * Checks that a model can learn from itself as it was.
 *
 * @throws {UsageError} when its head has no answers to learn from, or has not been trained.
 */
export function checkTeacher({ network }: { readonly network: Network }, options: PruneOptions): void {
  const { distill, trainSteps } = options;
  if (distill > 0 && logitsOf[network.head].length === 0) {
    throw new UsageError(
      `--distill ${distill}: a head for ${network.head} has no classes to compare; use --distill-hidden alone`,
    );
  }
  if (distils(options) && network.fresh.length > 0 && trainSteps === 0) {
    throw new UsageError(
      `--distill: ${network.name} has not been trained on the task, so there is nothing to learn from it; train it ` +
        "before with --train-steps",
    );
  }
}

/** The loss of a model under options. Its teacher, where it has one, is the model as it was before pruning. */
export function lossOf(network: Network, options: PruneOptions): Loss<BatchTensors> {
  const { head } = network;
  const { distill, distillTemperature, distillHidden } = options;
  return (params, batch, { temperature, key, teacher }) => {
    const { recompute } = options;
    const own = run(network, params, batch, { recompute, ...(options.dropout ? { key } : {}) });
    const hard = headLoss(head, own.outputs, batch, temperature);
    // GraSP asks for the loss at another temperature: of the labels, as published.
    if (!distils(options) || Object.keys(teacher).length === 0 || temperature !== 1) return hard;
    const dense = run(network, teacher, batch);
    const hidden = own.layers.map((student, i): HiddenStates => ({ student, teacher: dense.layers[i]! }));
    const parts = { hidden, weights: batch.valid!, ...(batch.mask ? { mask: batch.mask } : {}) };
    const names = distill > 0 ? logitsOf[head] : [];
    const settings = { temperature: distillTemperature, hiddenWeight: distillHidden };
    if (names.length === 0) {
      const nothing = Object.values(own.outputs)[0]!;
      return distilledLoss({ hard, ...parts, student: nothing, teacher: nothing }, { hardness: 1, ...settings });
    }
    const each = names.map((name) =>
      distilledLoss({ hard, ...parts, student: own.outputs[name]!, teacher: dense.outputs[name]! }, {
        hardness: 1 - distill,
        ...settings,
      })
    );
    return each.length === 1 ? each[0]! : mul(each.reduce((a, b) => add(a, b)), 1 / each.length);
  };
}

function run(
  network: Network,
  params: Readonly<Record<string, Tensor>>,
  batch: BatchTensors,
  options: ForwardOptions = {},
): { readonly outputs: Outputs<Tensor>; readonly layers: readonly Tensor[] } {
  const layers: Tensor[] = [];
  const outputs = network.outputs(params, batch, {
    ...options,
    onLayer: (hidden, layer) => layer > 0 && layers.push(hidden),
  });
  return { outputs, layers };
}
