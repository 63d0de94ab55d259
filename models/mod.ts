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
  hasWeights,
  loadCheckpoint,
  readConfig,
} from "./checkpoint.ts";
export type { Augmentation, Range } from "./data/augment.ts";
export { clipPrompts } from "./clip/zero_shot.ts";
export { smallClip } from "./clip/small.ts";
export { evaluationBatches, type OrderedBatch, trainingBatches, type TrainingOptions } from "./data/batches.ts";
export { loadCifar, type NamedImageSet } from "./data/cifar.ts";
export { digits, type DigitsOptions } from "./data/digits.ts";
export { DataError } from "./data/error.ts";
export { type FileSplit, fileSplit, type FileSplitOptions, type ImageFiles } from "./data/image_files.ts";
export { type ImageFolder, loadImageFolder, type SplitFiles, splitFiles } from "./data/image_folder.ts";
export type { RowKey } from "./data/image_row.ts";
export { type ImageSplit, imageSplit, type ImageSplitOptions } from "./data/image_split.ts";
export { type Images, type ImageSet, type ImageShape, makeImages } from "./data/images.ts";
export { loadMnist } from "./data/mnist.ts";
export { fixedSize } from "./data/prepare.ts";
export {
  parsePreprocessor,
  preprocess,
  preprocessImages,
  type Preprocessor,
  type ResizeSize,
} from "./data/preprocess.ts";
export { readAhead } from "./data/read_ahead.ts";
export type { Batch, Split } from "./data/split.ts";
export { type HeldOut, holdOut, subset } from "./data/subset.ts";
export { evaluate, type EvaluateOptions, type Scorer } from "./evaluate.ts";
export { families, familyOf, networkOf } from "./families.ts";
export { type Folder, memoryFolder, type OpenFile } from "./folder.ts";
export { type Head, headLoss } from "./heads.ts";
export { decodeImage } from "./image/decode.ts";
export { type ImageDecoder, openDecoder } from "./image/decoder.ts";
export type { Picture } from "./image/picture.ts";
export type { Recipe } from "./image/prepare_file.ts";
export type { Params } from "./layers.ts";
export { metricNamed, metrics } from "./metrics/registry.ts";
export type { Metric, MetricNeeds, RunningMetric } from "./metrics/metric.ts";
export type { Family, ForwardOptions, Modality, Network, NetworkRequest, Prompts } from "./network.ts";
export { OnnxError } from "./onnx/error.ts";
export { onnxChunks, onnxModel, type OnnxOptions, type OnnxSource } from "./onnx/model.ts";
export { type BatchTensors, type Outputs, Predictor, type PredictorOptions, type TakeOutputs } from "./predict.ts";
export { labelScorer } from "./scorer.ts";
export { cosineSimilarity, meanPool, sentenceEmbeddings, unitVectors } from "./sentence.ts";
export type { Dataset, ModelInput, SplitSummary, Task, TaskData } from "./task.ts";
export { customTask, taskNamed, tasks } from "./tasks.ts";
export type { CustomTask } from "./text/custom_task.ts";
export { loadTextTask } from "./text/load_text.ts";
export { loadTokenizer, type Pieces, type Tokenizer } from "./text/tokenizer.ts";
export { isViTPrunable, viT, type ViTConfig, viTConfig, viTShapes } from "./vit/vit.ts";
export { initViT } from "./vit/init.ts";
export { type FreshModel, smallViT } from "./vit/small.ts";
