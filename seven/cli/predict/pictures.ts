/**
 * Pictures that a user wants answers for, as rows of a split.
 *
 * @module
 */
import { type Batch, type FileSplit, fileSplit, type FileSplitOptions, type Split } from "../../../models/mod.ts";
import type { Preprocessor } from "../../../models/mod.ts";
import { UsageError } from "../errors.ts";
import { stat } from "../folder.ts";

/** Ends of names of pictures in a folder. Files that are named are read whatever they are called. */
const pictureNames = /\.(png|jpe?g|webp|gif|bmp)$/i;

/**
 * Paths of the pictures: files as they are, of folders the pictures that lie directly in them, by name.
 *
 * @param paths What the command line has.
 * @throws {UsageError} when there is no such file, or a folder has no pictures.
 */
export async function picturePaths(paths: readonly string[]): Promise<string[]> {
  const all: string[] = [];
  for (const path of paths) {
    const info = await stat("--image", path);
    if (info?.isFile) {
      all.push(path);
      continue;
    }
    if (!info?.isDirectory) {
      throw new UsageError(`--image ${path}: there is no such file; give the path of an existing one`);
    }
    const folder = path.replace(/(?<=.)\/+$/, "");
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => pictureNames.test(name));
    if (names.length === 0) throw new UsageError(`--image ${path}: there are no pictures in this folder; name files`);
    all.push(...names.sort().map((name) => `${folder}/${name}`));
  }
  return all;
}

/** Pictures as a split. */
export interface Pictures extends Split {
  /** What is wrong with those that could not be read, by row. */
  broken(): ReadonlyMap<number, string>;
}

/**
 * Makes a split of files from anywhere.
 *
 * @param paths The files.
 * @param config How pictures are prepared.
 * @param options Who decodes, and what becomes of broken files.
 * @throws {DataError} when the configuration gives no fixed size; `gather` rejects with one that names a broken file.
 */
export function pictureSplit(paths: readonly string[], config: Preprocessor, options: FileSplitOptions): Pictures {
  // A split has one folder: files of one folder share one, so that errors name files as the command line does.
  const places = paths.map((path) => {
    const cut = path.lastIndexOf("/");
    return cut < 0 ? [".", path] as const : [path.slice(0, cut) || "/", path.slice(cut + 1)] as const;
  });
  const byFolder = Map.groupBy(places.keys(), (row) => places[row]![0]);
  const splits = new Map<string, FileSplit>();
  const inSplit = new Uint32Array(paths.length);
  for (const [name, rows] of byFolder) {
    const files = rows.map((row) => places[row]![1]);
    rows.forEach((row, i) => inSplit[row] = i);
    const folder = {
      name,
      exists: (file: string) => Promise.resolve(files.includes(file)),
      read: (file: string) => Deno.readFile(`${name}/${file}`),
    };
    splits.set(name, fileSplit({ name, folder, files, labels: new Uint32Array(0) }, config, options));
  }
  const of = (row: number): FileSplit => splits.get(places[row]![0])!;
  return {
    name: "pictures",
    count: paths.length,
    labels: [],
    broken: () =>
      new Map(places.flatMap(([folder, file], row) => {
        const fault = splits.get(folder)!.broken.get(file);
        return fault === undefined ? [] : [[row, fault] as const];
      })),
    async gather(rows, size) {
      const single = await Promise.all(Array.from(rows, (row) => of(row).gather([inSplit[row]!], 1)));
      return stacked(single, size);
    },
  };
}

/** Batches of one row each as one batch, filled up with zeros. */
function stacked(rows: readonly Batch[], size: number): Batch {
  const [first] = rows as [Batch];
  return Object.fromEntries(
    Object.entries(first).map(([name, { shape, dtype, data }]) => {
      const all = new Float32Array(size * data.length);
      rows.forEach((row, i) => all.set(row[name]!.data, i * data.length));
      return [name, { shape: [size, ...shape.slice(1)], dtype, data: all }];
    }),
  );
}
