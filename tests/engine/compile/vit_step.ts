/**
 * A whole training step: ViT, cross-entropy, gradients, AdamW.
 *
 * @module
 */
import { type Plan, plan } from "../../../engine/compile/plan.ts";
import { trace, type Traced } from "../../../engine/compile/trace.ts";
import type { Tensor, Type } from "../../../engine/graph/node.ts";
import { valueAndGrad } from "../../../engine/grad.ts";
import { crossEntropy } from "../../../engine/nn/mod.ts";
import { adamw } from "../../../engine/optim.ts";
import { mapTree } from "../../../engine/tree.ts";
import { viT, viTConfig, viTShapes } from "../../../models/vit/vit.ts";
import { type } from "./support.ts";

/** Sizes of the model and its batch. */
export interface StepSizes {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly batch: number;
  readonly image: number;
  readonly patch: number;
}

/** The sizes of goldens. */
export const SMALL: StepSizes = { layers: 2, hidden: 64, heads: 4, batch: 8, image: 28, patch: 7 };

/** Traces and plans the step. */
export function planTrainingStep(sizes: StepSizes, bindings = 32): { readonly traced: Traced; readonly plan: Plan } {
  const config = viTConfig({
    model_type: "vit",
    hidden_size: sizes.hidden,
    num_hidden_layers: sizes.layers,
    num_attention_heads: sizes.heads,
    intermediate_size: 4 * sizes.hidden,
    image_size: sizes.image,
    patch_size: sizes.patch,
    num_channels: 1,
    num_labels: 10,
  }, "config");
  const optimizer = adamw();
  const types = Object.fromEntries(Object.entries(viTShapes(config)).map(([name, shape]) => [name, type(shape)]));
  const averages = mapTree(optimizer.init(types), ({ shape }: Type) => type(shape));
  const { batch, image } = sizes;
  type State = { params: Record<string, Tensor>; averages: Record<string, Record<string, Tensor>> };
  type Batch = { images: Tensor; labels: Tensor; scalars: Record<string, Tensor> };
  const step = (s: State, b: Batch) => {
    const loss = (p: Record<string, Tensor>) => crossEntropy(viT(p, config, b.images), b.labels);
    const { value, grads } = valueAndGrad(loss, s.params);
    const next = optimizer.update(grads, s.averages, s.params, b.scalars);
    return { state: { params: next.params, averages: next.state as State["averages"] }, metrics: { loss: value } };
  };
  const traced = trace(step, {
    state: { params: types, averages },
    batch: {
      images: type([batch, 1, image, image]),
      labels: type([batch], "u32"),
      scalars: Object.fromEntries(Object.keys(optimizer.scalars(1, 1e-3)).map((name) => [name, type([])])),
    },
  } as never);
  return { traced, plan: plan(traced, { bindings }) };
}
