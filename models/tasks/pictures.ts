/**
 * Tasks of pictures in files: ImageNet, and any folder in its layout.
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import { fileSplit, type ImageFiles } from "../data/image_files.ts";
import { loadImageFolder, splitFiles } from "../data/image_folder.ts";
import type { Folder } from "../folder.ts";
import { labelScorer } from "../scorer.ts";
import { countLabels, fromFolder, lazily, type SplitSummary, type Task, type TaskData } from "../task.ts";
import { preprocessorOf } from "./images.ts";

/** Share of the pictures that is held out where there is one folder for all. */
const heldOut = 0.2;

async function load(folder: Folder, metrics: readonly string[]): Promise<TaskData> {
  const { labels, parts: found, notes } = await loadImageFolder(folder);
  const all = [...notes];
  let parts: Readonly<Record<string, ImageFiles>> = found;
  if (found.all) {
    parts = { ...splitFiles(found.all, heldOut, 1) };
    all.push(`${folder.name}: there is one folder for all; a fifth of its pictures is for evaluation`);
  }
  const judged = ["val", "test"].find((name) => parts[name] !== undefined);
  const summary = ({ files, labels: classes }: ImageFiles): SplitSummary => ({
    rows: files.length,
    ...(classes.length > 0 ? { labels: countLabels(classes, labels) } : { unlabelled: files.length }),
  });
  return {
    labels,
    summary: Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, summary(part)])),
    notes: all,
    prepare(input) {
      const config = preprocessorOf(input);
      const { channels = 3, decoder, skipBroken = false, augment } = input;
      if (channels !== 1 && channels !== 3) {
        throw new DataError(`${input.name}: takes images of ${channels} channels; pictures have 3, or 1 in grey`);
      }
      const options = { channels, skipBroken, ...(decoder ? { decoder } : {}) } as const;
      const split = lazily((name: string) => {
        const part = parts[name];
        if (!part) throw new DataError(`${folder.name}: there are no pictures for ${name}; add a folder of that name`);
        return fileSplit(part, config, name === "train" && augment ? { ...options, augment } : options);
      });
      return {
        get train() {
          return split("train");
        },
        get evaluation() {
          return { [judged ?? "val"]: split(judged ?? "val") };
        },
        scorer: (rows) => labelScorer(rows, metrics),
      };
    },
  };
}

function pictures(name: string, description: string, metrics: readonly string[], source?: string): Task {
  const task = { name, description, modality: "image", head: "classification", metrics } as const;
  return fromFolder({ ...task, ...(source ? { source } : {}) }, (folder) => load(folder, metrics));
}

/** ImageNet. */
export const imagenetTask: Task = pictures(
  "imagenet",
  "photographs of 1,000 classes: train and val, with a folder of pictures for each class",
  ["accuracy", "top-5", "loss"],
  "Deng et al. 2009; Russakovsky et al. 2015, arXiv 1409.0575",
);

/** Any pictures in such a layout. */
export const imageFolderTask: Task = pictures(
  "image-folder",
  "pictures of one's own: a folder for each class, or a table of files and labels",
  ["accuracy", "loss"],
);
