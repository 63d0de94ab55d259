/**
 * Run by the cold-start figure: prints when each part of starting ended, in milliseconds since the epoch.
 *
 * @module
 */
const now = (): number => performance.timeOrigin + performance.now();
const marks: Record<string, number> = { runtime: now() };

const { adamw, constantSchedule, crossEntropy, openDevice } = await import("../../../engine/mod.ts");
const models = await import("../../../models/mod.ts");
const { methodNamed, runPruning } = await import("../../../seven/mod.ts");
marks.import = now();

const raw = models.digits();
const files = models.smallViT(raw);
const config = models.viTConfig(files.config, "fresh ViT");
const { train } = models.preprocess(raw, models.parsePreprocessor(files.preprocessor, "fresh ViT"));
marks.data = now();

const params = await models.initViT(config, 1);
marks.init = now();

const { images, labels } = models.batchTypes(train, 64);
const batches = models.trainingBatches(train, 64, 1);
const rows = {
  next: () => {
    const { images, labels } = batches.next().value;
    return { value: { images, labels }, done: false };
  },
};
using device = await openDevice("cpu");
using _state = (await runPruning({
  device,
  params,
  loss: (params, batch: { images: never; labels: never }) =>
    crossEntropy(models.viT(params, config, batch.images), batch.labels),
  prunable: models.isViTPrunable,
  optimizer: adamw(),
  method: methodNamed("seven-pre", { sparsity: 0.8, pruneSteps: 1 }),
  steps: 1,
  learningRate: constantSchedule({ learningRate: 2e-3, warmup: 0 }),
  batches: rows as never,
  dataTypes: { images, labels } as never,
  seed: 1,
})).state;
marks.done = now();
console.log(JSON.stringify(marks));
