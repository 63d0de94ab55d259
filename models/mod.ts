/**
 * Transformers as pure functions over checkpoints in the layout of Hugging Face, and the data that they are trained and
 * judged on. Nothing here opens files: a {@linkcode Folder} is passed in.
 *
 * @example What an untrained ViT is worth on the generated digits: a guess.
 * ```ts
 * import { openDevice, type Tensor } from "@sentinel/seven/engine";
 * import { evaluate, networkOf, parsePreprocessor, smallViT, subset, taskNamed } from "@sentinel/seven/models";
 *
 * const task = taskNamed("digits");
 * const raw = await task.load();
 * const { config, preprocessor } = smallViT(raw.images!, raw.labels.length);
 * const network = await networkOf({ name: "fresh ViT", config, params: {} }, { ...task, labels: raw.labels, seed: 1 });
 * const data = raw.prepare({ name: "fresh ViT", preprocessor: parsePreprocessor(preprocessor, "fresh ViT") });
 * const split = subset(data.evaluation.test, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "ten digits");
 *
 * using device = await openDevice("cpu");
 * using state = device.place(network.params);
 * const outputs = (params: Readonly<Record<string, Tensor>>, batch: Readonly<Record<string, Tensor>>) =>
 *   network.outputs(params, batch);
 * const { loss } = await evaluate({ device, state: state as never, outputs, split, scorer: data.scorer(split) });
 * console.assert(Math.abs(loss - Math.log(10)) < 1);
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
export type { PlaneSize } from "./data/resize.ts";
export { type Rng, rng } from "./data/rng.ts";
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
export { type Folder, memoryFolder, type OpenFile, openFile } from "./folder.ts";
export { type Head, headLoss } from "./heads.ts";
export { decodeImage } from "./image/decode.ts";
export { openDecoder } from "./image/decoder.ts";
export type { ImageDecoder } from "./image/inline_decoder.ts";
export type { Picture } from "./image/picture.ts";
export type { Recipe } from "./image/prepare_file.ts";
export { latencies, type Latency, type LatencyOptions, usualTokens } from "./latency.ts";
export type { Params, StackOptions } from "./layers.ts";
export { metricNamed, metrics } from "./metrics/registry.ts";
export type { Metric, MetricNeeds, RunningMetric } from "./metrics/metric.ts";
export type {
  Family,
  ForwardOptions,
  GroupPart,
  GroupSet,
  Modality,
  Network,
  NetworkGroups,
  NetworkRequest,
  Prompts,
} from "./network.ts";
export { OnnxError } from "./onnx/error.ts";
export { onnxChunks, onnxModel, type OnnxOptions, type OnnxSource } from "./onnx/model.ts";
export { type BatchTensors, type Outputs, Predictor, type PredictorOptions, type TakeOutputs } from "./predict.ts";
export { labelScorer } from "./scorer.ts";
export { cosineSimilarity, meanPool, sentenceEmbeddings, unitVectors } from "./sentence.ts";
export type { Dataset, ModelInput, SplitSummary, Task, TaskData } from "./task.ts";
export { customTask, taskNamed, tasks } from "./tasks.ts";
export { type CustomTask, customTask as customTextTask } from "./text/custom_task.ts";
export { loadTextTask } from "./text/load_text.ts";
export type { Pieces } from "./text/pieces.ts";
export { loadTokenizer, type Tokenizer } from "./text/tokenizer.ts";
export { isViTPrunable, viT, type ViTConfig, viTConfig, type ViTOptions, viTShapes } from "./vit/vit.ts";
export { initViT } from "./vit/init.ts";
export { type FreshModel, smallViT } from "./vit/small.ts";
export { type ForwardCost, forwardCost, type MultiplyAdds, tokensOf } from "./inspect/cost.ts";
export type { GroupZeros } from "./inspect/groups.ts";
export {
  type InspectedTensor,
  type Inspection,
  type InspectOptions,
  inspectTensors,
  type LayerSummary,
  type TensorTotals,
} from "./inspect/inspect.ts";
export type { MaskAgreement } from "./inspect/masks.ts";
export type { TensorSource } from "./inspect/source.ts";
export type { PatternCount, TensorStatistics, ZeroCount } from "./inspect/tensor.ts";
export type { LayerSizesConfig } from "./layer_sizes.ts";
export { type PackedTensors, type PackOptions, packTensors } from "./packed/pack.ts";
export { type FileSizes, fileSizes } from "./packed/sizes.ts";
export { unpackedFile, unpackTensors } from "./packed/unpack.ts";
export {
  type LayerChange,
  shrink,
  type ShrinkLayout,
  type ShrinkOptions,
  type Shrunk,
  type ShrunkReader,
  type SizeChange,
} from "./shrink/shrink.ts";
export {
  bertClassifier,
  type BertDropout,
  bertEmbeddings,
  bertEncoder,
  type BertInputs,
  bertLayers,
  type BertOptions,
  bertPooled,
  type BertSpans,
  bertSpans,
} from "./bert/bert.ts";
export { type BertConfig, bertConfig, bertConfigJson, type BertProblem, bertWithLabels } from "./bert/config.ts";
export { initBert } from "./bert/init.ts";
export { bertArchitecture, type BertHead, bertPrefix } from "./bert/head.ts";
export { bertShapes, isBertPrunable } from "./bert/names.ts";
export { bertParams } from "./bert/params.ts";
export { clipImage, clipLogits, clipText, type ClipTextOptions, unitLength } from "./clip/clip.ts";
export { captionTemplates, digitCaptions, digitNames, encodeCaptions } from "./clip/captions.ts";
export { type ClipClassifierOptions, clipVisionClassifier } from "./clip/classifier.ts";
export {
  type ClipConfig,
  clipConfig,
  type ClipTextConfig,
  clipTextConfig,
  type ClipTowerConfig,
  type ClipVisionConfig,
  clipVisionConfig,
} from "./clip/config.ts";
export { initClip, initClipClassifier } from "./clip/init.ts";
export { contrastiveLoss } from "./clip/loss.ts";
export { clipClassifierShapes, clipShapes, isClipPrunable, isClipVisionPrunable } from "./clip/names.ts";
export { clipClassifierParams, clipParams } from "./clip/params.ts";
export type { ClipOptions } from "./clip/tower.ts";
export { clipClassEmbeddings, clipZeroShot } from "./clip/zero_shot.ts";
export type { FittedParams } from "./fit.ts";
export { viTParams } from "./vit/params.ts";
export { describeRows, type SplitDescription, type TextDescription } from "./text/describe_rows.ts";
export { glueTasks } from "./text/glue.ts";
export type { TextFormat } from "./text/read_table.ts";
export { type ArticleSplit, splitByArticle } from "./text/squad_articles.ts";
export { type DecodeOptions, decodeSpans, type SpanLogits, type SpanPrediction } from "./text/squad_decode.ts";
export {
  type BestThresholds,
  bestThresholds,
  evaluateSquad,
  scoreAnswer,
  type SquadMeans,
  type SquadScores,
  type SquadVersion,
} from "./text/squad_metric.ts";
export { normalizeAnswer } from "./text/squad_normalize.ts";
export { type Answer, parseSquad, type Question, readSquad } from "./text/squad_read.ts";
export { squadSplit } from "./text/squad_split.ts";
export {
  type SquadWindows,
  squadWindows,
  type TextPieces,
  type Window,
  type WindowOptions,
  type WindowTokenizer,
} from "./text/squad_windows.ts";
export type { Column } from "./text/table.ts";
export type { Encoded } from "./text/template.ts";
export { textBuckets, textSplit, type TextSplitOptions } from "./text/text_split.ts";
export type { LoadedText, TextRow, TextSource, TextTask } from "./text/text_task.ts";
export { type KeptPair, longestFirst, onlySecond } from "./text/truncate.ts";
