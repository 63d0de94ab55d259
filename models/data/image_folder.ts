/**
 * Folders of pictures: as ImageNet is laid out, with one folder per class, or with a table of labels.
 *
 * @module
 */
import type { Folder } from "../folder.ts";
import { DataError } from "./error.ts";
import { type LabelledFile, readImageTable } from "./image_csv.ts";
import type { ImageFiles } from "./image_files.ts";
import { permutation, purposes, rng } from "./rng.ts";

/** Pictures of a folder, part by part. */
export interface ImageFolder {
  /** Names of the classes; empty where the pictures have none. */
  readonly labels: readonly string[];
  /** The parts by the names of their folders or tables, such as `train` and `val`; `all` where there are no parts. */
  readonly parts: Readonly<Record<string, ImageFiles>>;
  /** What was left out: sentences for the log. */
  readonly notes: readonly string[];
}

const partNames = ["train", "val", "valid", "validation", "test"];
const tableNames = ["labels.csv", "metadata.csv"];
const isPicture = (file: string): boolean => /^[^.].*\.(jpe?g|png|webp|gif|bmp)$/i.test(file);
const isFolder = (entry: string): boolean => entry.endsWith("/") && !entry.startsWith(".");

/** Files as ImageNet names them: the WordNet number of the class, then the picture's. */
const wordNet = /^(n\d{8})_/;

/** Folders deeper than this are not looked into: links may lead in circles. */
const deepest = 8;

async function list(folder: Folder, path: string): Promise<string[]> {
  if (!folder.list) throw new DataError(`${folder.name}: its files cannot be listed; use a folder on disk`);
  return (await folder.list(path)).sort();
}

/** All pictures below a folder, and how many other files there are. */
async function walk(folder: Folder, path: string, depth = 0): Promise<{ files: string[]; others: number }> {
  const files: string[] = [];
  let others = 0;
  for (const entry of await list(folder, path)) {
    if (isFolder(entry) && depth < deepest) {
      const below = await walk(folder, path + entry, depth + 1);
      files.push(...below.files);
      others += below.others;
    } else if (isPicture(entry)) files.push(path + entry);
    else if (!entry.startsWith(".") && !entry.endsWith("/")) others++;
  }
  return { files, others };
}

/** The pictures of one part: by its table, by its folders of classes, or lying flat. */
async function readPart(folder: Folder, path: string, notes: string[]): Promise<LabelledFile[]> {
  const entries = await list(folder, path);
  const table = tableNames.find((name) => entries.includes(name));
  if (table !== undefined) return await readTable(folder, path + table);
  const classes = entries.filter(isFolder);
  const found: LabelledFile[] = [];
  for (const name of classes) {
    const { files, others } = await walk(folder, path + name);
    if (others > 0) notes.push(`${folder.name}/${path}${name}: ${others} files that are no pictures were left out`);
    if (files.length === 0) notes.push(`${folder.name}/${path}${name}: there are no pictures`);
    for (const file of files) found.push({ file, label: name.slice(0, -1) });
  }
  const flat = entries.filter(isPicture);
  if (classes.length > 0 && flat.length > 0) {
    notes.push(`${folder.name}/${path}: ${flat.length} pictures outside the folders of classes were left out`);
  }
  if (classes.length > 0) return found;
  const labelled = flat.every((name) => wordNet.test(name));
  return flat.map((name) => ({ file: path + name, label: labelled ? wordNet.exec(name)![1] : undefined }));
}

async function readTable(folder: Folder, path: string): Promise<LabelledFile[]> {
  const base = path.replace(/[^/]*$/, "");
  return readImageTable(await folder.read(path), `${folder.name}/${path}`)
    .map(({ file, label }) => ({ file: base + file, label }));
}

/** Names of the classes in a file of the folder: one a line, or ImageNet's own list. */
async function readNames(folder: Folder): Promise<readonly string[] | undefined> {
  for (const [path, name] of [["classes.txt", /^.*$/], ["LOC_synset_mapping.txt", /^\S+/]] as const) {
    if (!await folder.exists(path)) continue;
    const lines = new TextDecoder().decode(await folder.read(path)).split("\n").map((line) => line.trim());
    return lines.filter((line) => line !== "").map((line) => name.exec(line)![0]);
  }
  return undefined;
}

/** Names of the classes: as given, else sorted; labels that are all numbers are the classes' numbers. */
function namesOf(rows: readonly LabelledFile[], given: readonly string[] | undefined, label: string): string[] {
  if (given) {
    if (given.length > 0 && new Set(given).size === given.length) return [...given];
    throw new DataError(`${label}: ${given.length} names of classes, of which some are equal; give each its own`);
  }
  const found = [...new Set(rows.flatMap((row) => row.label ?? []))].sort();
  if (found.length === 0 || !found.every((name) => /^\d{1,6}$/.test(name))) return found;
  return Array.from({ length: Math.max(...found.map(Number)) + 1 }, (_, i) => `${i}`);
}

/** What to read of the folder, by the name of the part. */
async function findParts(folder: Folder, notes: string[]): Promise<[name: string, rows: LabelledFile[]][]> {
  const entries = await list(folder, "");
  const tables = partNames.filter((name) => entries.includes(`${name}.csv`));
  const folders = entries.filter(isFolder);
  const parts: [string, LabelledFile[]][] = [];
  if (tables.length > 0) {
    for (const name of tables) parts.push([name, await readTable(folder, `${name}.csv`)]);
  } else if (folders.length > 0 && folders.every((name) => partNames.includes(name.slice(0, -1)))) {
    for (const name of partNames.filter((name) => folders.includes(`${name}/`))) {
      parts.push([name, await readPart(folder, `${name}/`, notes)]);
    }
  } else parts.push(["all", await readPart(folder, "", notes)]);
  return parts;
}

/**
 * Finds the pictures of a folder, without reading them. Layouts, the first that fits:
 *
 * - `train.csv`, `val.csv`, `test.csv`: tables with the columns `file` and `label`;
 * - `train/`, `val/`, `test/` (or `valid/`, `validation/`), each as follows;
 * - `labels.csv` or `metadata.csv`: one table;
 * - one folder per class, as in ImageNet;
 * - pictures that lie flat: their classes are the WordNet numbers that all names begin with, as in
 *   `n01440764_tench.JPEG`; otherwise they have none.
 *
 * Classes are numbered in the order of their names, as torchvision and Hugging Face do it, or in that of `classes.txt`
 * (one name a line) or `LOC_synset_mapping.txt`: a folder with some of a model's classes needs one of these.
 *
 * @param folder The folder; it has to be able to list its files.
 * @param labels Names of the classes in their order, instead of those files.
 * @returns The pictures, part by part.
 * @throws {DataError} when there are none, or one has a class that is not among the names.
 */
export async function loadImageFolder(folder: Folder, labels?: readonly string[]): Promise<ImageFolder> {
  const notes: string[] = [];
  const parts = await findParts(folder, notes);
  for (const [name, rows] of parts) {
    if (rows.length === 0) {
      throw new DataError(
        `${folder.name}${name === "all" ? "" : `/${name}`}: there are no pictures (JPEG, PNG, WebP, GIF, BMP); ` +
          "use one folder per class, or labels.csv",
      );
    }
  }
  const given = labels ?? await readNames(folder);
  const names = namesOf(parts[0][1], given, folder.name);
  const numbers = new Map(names.map((name, i) => [name, i]));
  const number = ({ file, label }: LabelledFile): number => {
    const found = numbers.get(label!) ?? (given && /^\d{1,6}$/.test(label!) ? Number(label) : undefined);
    if (found !== undefined && found < names.length) return found;
    throw new DataError(
      `${folder.name}/${file}: its class "${label}" is not among the ${names.length} ` +
        `${given ? "given" : `of ${parts[0][0]}`}; correct it, or list all classes in classes.txt`,
    );
  };
  const made = parts.map(([name, rows]): [string, ImageFiles] => {
    const unlabelled = rows.every(({ label }) => label === undefined);
    return [name, {
      name: name === "all" ? folder.name : `${folder.name}/${name}`,
      folder,
      files: rows.map(({ file }) => file),
      labels: unlabelled ? new Uint32Array(0) : Uint32Array.from(rows, number),
    }];
  });
  return { labels: names, parts: Object.fromEntries(made), notes };
}

/** Pictures in two parts. */
export interface SplitFiles {
  /** What models learn from. */
  readonly train: ImageFiles;
  /** What models are judged by. */
  readonly test: ImageFiles;
}

/**
 * Parts the pictures of a folder that has no parts. The same share of each class is set aside, rounded, but at least one
 * picture of a class stays to learn from; which ones follows from the seed alone.
 *
 * @param files The pictures.
 * @param share Share to judge by, between 0 and 1.
 * @param seed Seed of the choice.
 * @returns Both parts, each in the order of `files`.
 * @throws {DataError} when one part would be empty.
 */
export function splitFiles(files: ImageFiles, share: number, seed: number): SplitFiles {
  const { name, folder, files: paths, labels } = files;
  if (!(share > 0 && share < 1)) throw new DataError(`${name}: share ${share} to judge by; use a number of 0 to 1`);
  const classes = new Map<number, number[]>();
  for (const row of permutation(paths.length, rng(seed, purposes.validation))) {
    const label = labels[row] ?? 0;
    const rows = classes.get(label);
    if (rows) rows.push(row);
    else classes.set(label, [row]);
  }
  const test = new Set<number>();
  for (const rows of classes.values()) {
    const count = Math.min(Math.round(share * rows.length), rows.length - 1);
    for (const row of rows.slice(0, count)) test.add(row);
  }
  if (test.size === 0) {
    throw new DataError(
      `${name}: ${share} of each class is less than a picture; use a larger share, or train/ and val/`,
    );
  }
  const part = (suffix: string, keep: (row: number) => boolean): ImageFiles => {
    const rows = paths.flatMap((_, row) => keep(row) ? [row] : []);
    return {
      name: `${name} (${suffix})`,
      folder,
      files: rows.map((row) => paths[row]),
      labels: labels.length === 0 ? labels : Uint32Array.from(rows, (row) => labels[row]),
    };
  };
  return { train: part("training", (row) => !test.has(row)), test: part("test", (row) => test.has(row)) };
}
