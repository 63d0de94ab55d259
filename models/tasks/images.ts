/**
 * Tasks of images that are in memory: the generated digits, MNIST, CIFAR.
 *
 * @module
 */
import { loadCifar, type NamedImageSet } from "../data/cifar.ts";
import { digits } from "../data/digits.ts";
import { DataError } from "../data/error.ts";
import { imageSplit } from "../data/image_split.ts";
import type { Images, ImageSet } from "../data/images.ts";
import { loadMnist } from "../data/mnist.ts";
import type { Preprocessor } from "../data/preprocess.ts";
import { labelScorer } from "../scorer.ts";
import { countLabels, fromFolder, type ModelInput, type SplitSummary, type Task, type TaskData } from "../task.ts";

const common = {
  modality: "image",
  head: "classification",
  metrics: ["accuracy", "loss"],
} as const satisfies Partial<Task>;

/** What a model's files say about images. @throws {DataError} when they say nothing. */
export function preprocessorOf({ name, preprocessor }: ModelInput): Preprocessor {
  if (preprocessor) return preprocessor;
  throw new DataError(
    `${name}: there is no preprocessor_config.json, which says how images become numbers; copy that of the original model`,
  );
}

/** Images in memory as the data of a task. */
function imageData(set: ImageSet & Partial<NamedImageSet>): TaskData {
  const { name, train, test, notes = [] } = set;
  const labels = set.labels ?? Array.from({ length: set.classes }, (_, label) => `${label}`);
  const summary = ({ count, labels: classes }: Images): SplitSummary => ({
    rows: count,
    labels: countLabels(classes, labels),
  });
  return {
    labels,
    summary: { train: summary(train), test: summary(test) },
    images: train.shape,
    notes,
    prepare(input) {
      const config = preprocessorOf(input);
      const { augment = {} } = input;
      return {
        train: imageSplit(train, `${name} (training)`, { config, augment }),
        evaluation: { test: imageSplit(test, `${name} (test)`, { config }) },
        scorer: (split) => labelScorer(split, common.metrics),
      };
    },
  };
}

/** Noisy seven-segment digits that need no file. */
export const digitsTask: Task = {
  ...common,
  name: "digits",
  description: "noisy seven-segment digits, generated, 16 x 16 grey pixels, 10 classes",
  needsFolder: false,
  load: (folder) =>
    folder
      ? Promise.reject(new DataError(`${folder.name}: the data of task digits are generated; give no folder`))
      : Promise.resolve(imageData(digits())),
};

/** MNIST. */
export const mnistTask: Task = fromFolder({
  ...common,
  name: "mnist",
  description: "handwritten digits, 28 x 28 grey pixels, 10 classes (four IDX files)",
  source: "LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist",
}, async (folder) => imageData(await loadMnist(folder)));

function cifar(classes: 10 | 100): Task {
  const name = `cifar${classes}`;
  return fromFolder({
    ...common,
    name,
    description: `photographs, 32 x 32 pixels, ${classes} classes (binary version)`,
    source: "Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html",
  }, async (folder) => {
    const set = await loadCifar(folder);
    if (set.classes === classes) return imageData(set);
    throw new DataError(
      `${folder.name}: holds CIFAR-${set.classes}, not CIFAR-${classes}; use task cifar${set.classes}`,
    );
  });
}

/** CIFAR-10. */
export const cifar10Task: Task = cifar(10);

/** CIFAR-100, by its fine labels. */
export const cifar100Task: Task = cifar(100);
