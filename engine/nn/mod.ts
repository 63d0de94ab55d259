/**
 * Layers, activations and losses: ordinary functions over primitives, PyTorch's conventions for shapes and names.
 *
 * @module
 */
export { activation, gelu, geluTanh, quickGelu, relu, sigmoid, silu } from "./activation.ts";
export { attention, type AttentionOptions, MASKED_SCORE } from "./attention.ts";
export {
  distillation,
  type DistillationOptions,
  distilledLoss,
  type DistilledLossOptions,
  type DistilledLossParts,
  hiddenDistillation,
  type HiddenStates,
} from "./distillation.ts";
export { dropout } from "./dropout.ts";
export { embedding, linear, patchEmbedding } from "./linear.ts";
export { correctCount, crossEntropy, type CrossEntropyOptions, mse } from "./loss.ts";
export { layerNorm, normalize } from "./norm.ts";
export { logSoftmax, softmax } from "./softmax.ts";
