/**
 * Transformers as pure functions over checkpoints in the layout of Hugging Face, and the data that they are trained and
 * judged on. Nothing here opens files: a {@linkcode Folder} is passed in.
 *
 * @example The logits of an untrained ViT.
 * ```ts
 * import { openDevice } from "@sentinel/seven/engine";
 * import { digits, evaluate, initViT, parsePreprocessor, preprocess, smallViT, viT, viTConfig } from "@sentinel/seven/models";
 *
 * const raw = digits({ train: 1, test: 20 });
 * const files = smallViT(raw);
 * const config = viTConfig(files.config, "fresh ViT");
 * const { test } = preprocess(raw, parsePreprocessor(files.preprocessor, "fresh ViT"));
 *
 * using device = await openDevice("cpu");
 * using params = device.place(await initViT(config, 1));
 * const result = await evaluate({
 *   device,
 *   state: params,
 *   logits: (params, images) => viT(params, config, images),
 *   split: test,
 * });
 * console.assert(result.count === 20 && Math.abs(result.loss - Math.log(10)) < 0.1);
 * ```
 *
 * @module
 */
export {
  checkModelType,
  checkParams,
  type Checkpoint,
  CheckpointError,
  loadCheckpoint,
  readConfig,
} from "./checkpoint.ts";
export { type Batch, evaluationBatches, trainingBatches } from "./data/batches.ts";
export { type Dataset, type ImageShape, makeSplit, type Split } from "./data/dataset.ts";
export { digits, type DigitsOptions } from "./data/digits.ts";
export { DataError } from "./data/error.ts";
export { loadMnist } from "./data/mnist.ts";
export { parsePreprocessor, preprocess, type Preprocessor, preprocessSplit } from "./data/preprocess.ts";
export { batchTypes, evaluate, type EvaluateOptions, type Evaluation } from "./evaluate.ts";
export { type Folder, memoryFolder } from "./folder.ts";
export { type Task, taskNamed, tasks } from "./tasks.ts";
export { isViTPrunable, viT, type ViTConfig, viTConfig, viTShapes } from "./vit.ts";
export { initViT } from "./vit_init.ts";
export { type FreshModel, smallViT } from "./vit_small.ts";
