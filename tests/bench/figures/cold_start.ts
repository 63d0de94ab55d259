/**
 * Run by the cold-start figure: prints when each part of starting ended, in milliseconds since the epoch.
 *
 * @module
 */
const now = (): number => performance.timeOrigin + performance.now();
const marks: Record<string, number> = { runtime: now() };

const { adamw, constantSchedule, openDevice } = await import("../../../engine/mod.ts");
const models = await import("../../../models/mod.ts");
const { methodNamed, runPruning } = await import("../../../seven/mod.ts");
marks.import = now();

const raw = await models.taskNamed("digits").load();
const { config, preprocessor } = models.smallViT(raw.images!, raw.labels.length);
const { train } = raw.prepare({ name: "fresh ViT", preprocessor: models.parsePreprocessor(preprocessor, "fresh ViT") });
marks.data = now();

const checkpoint = { name: "fresh ViT", config, params: {} };
const network = await models.networkOf(checkpoint, { head: "classification", labels: raw.labels, seed: 1 });
marks.init = now();

using device = await openDevice("cpu");
using _state = (await runPruning<import("../../../models/mod.ts").BatchTensors>({
  device,
  params: network.params,
  loss: (params, batch) => models.headLoss("classification", network.outputs(params, batch), batch),
  prunable: network.isPrunable,
  optimizer: adamw(),
  method: methodNamed("seven-pre", { sparsity: 0.8, pruneSteps: 1 }),
  steps: 1,
  learningRate: constantSchedule({ learningRate: 2e-3, warmup: 0 }),
  batches: models.trainingBatches(train, 64, 1),
  seed: 1,
})).state;
marks.done = now();
console.log(JSON.stringify(marks));
