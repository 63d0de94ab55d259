/**
 * The cache of the Hugging Face Hub on disk, in the layout that all its libraries share:
 *
 *     models--owner--name/refs/main                   the commit of a branch
 *     models--owner--name/blobs/<etag>                content
 *     models--owner--name/snapshots/<commit>/<path>   links to it
 *
 * Content is checked before it gets its name, so what is in the cache is whole.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { dirname, join, relative } from "node:path";
import { makeFolder, removeQuietly, writeAll, WriteError, writeFile, writing } from "../write.ts";
import { HubError } from "./error.ts";
import type { HubId } from "./id.ts";

/** A file of a repository, as the hub lists it. */
export interface HubFile {
  /** Path in the repository. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Its git object: SHA-1 of the file, or of the pointer to a large one. */
  readonly oid: string;
  /** SHA-256 of a large file. */
  readonly sha256?: string;
}

/** The folder of a repository in the cache. */
export class RepositoryCache {
  readonly #root: string;

  /**
   * Names the folder; nothing is made yet.
   *
   * @param cache The cache's folder.
   * @param id The repository.
   */
  constructor(cache: string, { type, name }: HubId) {
    this.#root = join(cache, [`${type}s`, ...name.split("/")].join("--"));
  }

  /** The commit that a revision had when it was last asked for, or nothing. */
  commitOf(revision: string): string | undefined {
    if (/^[0-9a-f]{40}$/.test(revision)) return revision;
    try {
      return Deno.readTextFileSync(join(this.#root, "refs", revision)).trim();
    } catch {
      return undefined;
    }
  }

  /**
   * Remembers the commit of a revision. A cache that knows it is not written: it may be one that only can be read.
   *
   * @throws {WriteError} when it cannot be written.
   */
  remember(revision: string, commit: string): void {
    if (this.commitOf(revision) === commit) return;
    const path = join(this.#root, "refs", revision);
    makeFolder(dirname(path));
    writeFile(path, commit);
  }

  /** Where a file of a commit lies, if it is there. */
  pathOf(commit: string, path: string): string {
    return join(this.#root, "snapshots", commit, path);
  }

  /** Paths of the files of a commit that are there, in no order. */
  pathsOf(commit: string): string[] {
    const root = join(this.#root, "snapshots", commit);
    const paths: string[] = [];
    const walk = (under: string): void => {
      for (const { name, isDirectory } of Deno.readDirSync(join(root, under))) {
        if (isDirectory) walk(`${under}${name}/`);
        else paths.push(`${under}${name}`);
      }
    };
    try {
      walk("");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return paths;
  }

  /** True when a file of a commit is there. */
  has(commit: string, path: string): boolean {
    try {
      return Deno.statSync(this.pathOf(commit, path)).isFile;
    } catch {
      return false;
    }
  }

  /**
   * Takes a file in: written under another name, checked, renamed.
   *
   * @param commit The commit that it is of.
   * @param file What the hub says about it.
   * @param content Its bytes.
   * @param label Its name, for errors.
   * @throws {HubError} when the connection ends early, or size or checksum are not those that the hub lists;
   * {@linkcode WriteError} when the cache cannot be written.
   */
  async store(commit: string, file: HubFile, content: ReadableStream<Uint8Array>, label: string): Promise<void> {
    const blob = join(this.#root, "blobs", file.sha256 ?? file.oid);
    const incomplete = incompleteOf(blob);
    makeFolder(dirname(blob));
    try {
      using target = writing(blob, () => Deno.openSync(incomplete, { write: true, createNew: true }));
      await write((part) => writing(blob, () => writeAll(target, part)), file, content, label);
      writing(blob, () => {
        target.syncDataSync();
        Deno.renameSync(incomplete, blob);
      });
    } catch (error) {
      removeQuietly(incomplete);
      throw error;
    }
    this.#link(commit, file.path, blob);
  }

  #link(commit: string, path: string, blob: string): void {
    const pointer = this.pathOf(commit, path);
    makeFolder(dirname(pointer));
    try {
      Deno.symlinkSync(relative(dirname(pointer), blob), pointer);
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return;
      this.#copy(blob, pointer); // a file system without links
    }
  }

  #copy(blob: string, pointer: string): void {
    const incomplete = incompleteOf(blob);
    try {
      writing(pointer, () => {
        Deno.copyFileSync(blob, incomplete);
        Deno.renameSync(incomplete, pointer);
      });
    } catch (error) {
      removeQuietly(incomplete);
      throw error;
    }
  }
}

/** Another name for content that is not whole yet: two processes may load the same file. */
function incompleteOf(blob: string): string {
  return `${blob}.${crypto.randomUUID()}.incomplete`;
}

async function write(
  put: (part: Uint8Array) => void,
  file: HubFile,
  content: ReadableStream<Uint8Array>,
  label: string,
): Promise<void> {
  const hash = hashOf(file);
  let size = 0;
  try {
    for await (const chunk of content) {
      hash.update(chunk);
      size += chunk.length;
      put(chunk);
    }
  } catch (error) {
    if (error instanceof WriteError) throw error;
    throw new HubError(
      `${label}: the connection ended after ${size} of ${file.size} bytes (${(error as Error).message}); run again`,
      { cause: error },
    );
  }
  if (size !== file.size) {
    throw new HubError(`${label}: the connection ended after ${size} of ${file.size} bytes; run again`);
  }
  const expected = file.sha256 ?? file.oid;
  const actual = hash.digest("hex");
  if (actual !== expected) {
    throw new HubError(
      `${label}: the checksum is ${actual}, the hub lists ${expected}; run again, and if it happens again do not trust it`,
    );
  }
}

/** The hash that a file is named by: SHA-256 of large files, git's SHA-1 of others. */
function hashOf({ sha256, size }: HubFile): Hash {
  return sha256 === undefined ? createHash("sha1").update(`blob ${size}\0`) : createHash("sha256");
}
