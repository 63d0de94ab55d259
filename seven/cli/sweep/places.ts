/**
 * Where a sweep keeps what, below its folder.
 *
 * @module
 */

/** Places below the folder of a sweep. */
export interface Places {
  /** Run folder of a cell. */
  run(id: string): string;
  /** Lock of a cell that is being run. */
  lock(id: string): string;
  /** Why a cell failed. */
  failure(id: string): string;
  /** Folder of what processes print. */
  readonly logs: string;
}

/** The places of a sweep's folder. */
export function placesOf(folder: string): Places {
  return {
    run: (id) => `${folder}/runs/${id}`,
    lock: (id) => `${folder}/locks/${id}.json`,
    failure: (id) => `${folder}/failed/${id}.json`,
    logs: `${folder}/logs`,
  };
}

/** Without slashes at the end. */
export function folderOf(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
}
