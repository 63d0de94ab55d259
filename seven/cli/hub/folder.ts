/**
 * Repositories of the Hugging Face Hub as folders. Files are loaded when they are read, and kept in the cache that all
 * of the hub's libraries share.
 *
 * @module
 */
import type { Folder } from "../../../models/mod.ts";
import { openOnDisk } from "../disk.ts";
import { type HubFile, RepositoryCache } from "./cache.ts";
import { HubError } from "./error.ts";
import type { HubId } from "./id.ts";

/** How to reach the hub, and where its cache is. */
export interface HubSettings {
  /** Address of the hub. */
  readonly url: string;
  /** Folder of the cache. */
  readonly cache: string;
  /** Access token, for repositories that need one. */
  readonly token?: string;
  /** Whether the network is left alone: the cache must have what is asked for. */
  readonly offline: boolean;
  /** Told what is loaded, a line for each file. */
  readonly say?: (line: string) => void;
}

/**
 * The settings that the environment gives, under the names that all of the hub's libraries read: HF_ENDPOINT, HF_TOKEN,
 * HF_HUB_OFFLINE, HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME.
 *
 * @param env Reads a variable.
 */
export function hubSettings(env: (name: string) => string | undefined): HubSettings {
  const home = env("HF_HOME") ?? `${env("XDG_CACHE_HOME") ?? `${env("HOME") ?? "."}/.cache`}/huggingface`;
  const token = env("HF_TOKEN");
  return {
    url: (env("HF_ENDPOINT") ?? "https://huggingface.co").replace(/\/+$/, ""),
    cache: env("HF_HUB_CACHE") ?? env("HUGGINGFACE_HUB_CACHE") ?? `${home}/hub`,
    offline: /^(1|on|true|yes)$/i.test(env("HF_HUB_OFFLINE") ?? ""),
    ...(token ? { token } : {}),
  };
}

/**
 * Opens a repository.
 *
 * @param id Which one, at which revision.
 * @param settings How to reach it.
 * @returns Its files.
 * @throws {HubError} when it is not there or may not be seen, or the hub cannot be reached and the cache has nothing;
 * {@linkcode WriteError} when the cache cannot be written.
 */
export async function hubFolder(id: HubId, settings: HubSettings): Promise<Folder> {
  const cache = new RepositoryCache(settings.cache, id);
  const label = `hf:${id.name}@${id.revision}`;
  const known = cache.commitOf(id.revision);
  if (settings.offline) {
    if (known === undefined) throw offline(label, settings.cache);
    return cachedFolder(id, cache, known, label);
  }
  if (settings.token !== undefined && !settings.token.startsWith("hf_")) {
    throw new HubError(`${label}: HF_TOKEN is no access token of the hub, which begin with hf_; correct or unset it`);
  }
  const hub = new Hub(id, settings, label);
  let commit: string, files: ReadonlyMap<string, HubFile>;
  try {
    commit = await hub.commit();
    files = await hub.files(commit);
  } catch (error) {
    // Refused is refused; but a hub that is out of reach is no reason not to use what is here.
    if (error instanceof HubError || known === undefined) throw hub.explain(error);
    settings.say?.(`${label}: the hub cannot be reached (${(error as Error).message}); using the cache`);
    return cachedFolder(id, cache, known, label);
  }
  cache.remember(id.revision, commit);
  const load = async (path: string): Promise<string> => {
    const file = files.get(path);
    if (!file) throw new HubError(`${label}: there is no file ${path}`);
    if (!cache.has(commit, path)) {
      settings.say?.(`loading ${label}/${path}, ${(file.size / 2 ** 20).toFixed(1)} MiB`);
      await cache.store(commit, file, await hub.content(commit, path), `${label}/${path}`);
    }
    return cache.pathOf(commit, path);
  };
  return folderOf(id, label, [...files.keys()], load);
}

function cachedFolder(id: HubId, cache: RepositoryCache, commit: string, label: string): Folder {
  return folderOf(id, label, cache.pathsOf(commit), (path) => {
    if (cache.has(commit, path)) return Promise.resolve(cache.pathOf(commit, path));
    return Promise.reject(new HubError(`${label}: ${path} is not in the cache; run once with access to the network`));
  });
}

function folderOf(id: HubId, label: string, paths: readonly string[], load: (path: string) => Promise<string>): Folder {
  const under = id.path === "" ? "" : `${id.path}/`;
  const inside = new Set(paths.filter((path) => path.startsWith(under)).map((path) => path.slice(under.length)));
  if (under !== "" && inside.size === 0) throw new HubError(`${label}: there is no folder ${id.path}`);
  return {
    name: under === "" ? label : `${label}:${id.path}`,
    exists: (path) => Promise.resolve(inside.has(path)),
    list: (path) => Promise.resolve(entriesOf(inside, path)),
    read: async (path) => await Deno.readFile(await load(under + path)),
    open: async (path) => openOnDisk(await Deno.open(await load(under + path))),
  };
}

/** Names of what lies directly in a folder, with a slash behind those of folders. */
function entriesOf(paths: Iterable<string>, folder: string): string[] {
  const under = folder === "" || folder.endsWith("/") ? folder : `${folder}/`;
  const names = [...paths].filter((path) => path.startsWith(under)).map((path) => path.slice(under.length));
  return [...new Set(names.map((name) => name.includes("/") ? `${name.split("/")[0]}/` : name))];
}

function offline(label: string, cache: string): HubError {
  return new HubError(
    `${label}: is not in the cache ${cache}, and HF_HUB_OFFLINE is set; unset it, or load the repository first`,
  );
}

/** What the hub says about one repository. */
class Hub {
  readonly #request: {
    readonly repo: { readonly type: HubId["type"]; readonly name: string };
    readonly hubUrl: string;
    readonly accessToken?: string;
  };

  constructor(readonly id: HubId, readonly settings: HubSettings, readonly label: string) {
    const { url, token } = settings;
    const { type, name } = id;
    this.#request = { repo: { type, name }, hubUrl: url, ...(token ? { accessToken: token } : {}) };
  }

  async commit(): Promise<string> {
    const { type, name, revision } = this.id;
    const { modelInfo, datasetInfo } = await import("@huggingface/hub");
    const { hubUrl, accessToken } = this.#request;
    const request = {
      name,
      revision,
      hubUrl,
      additionalFields: ["sha" as const],
      ...(accessToken ? { accessToken } : {}),
    };
    const { sha } = await this.#refusals(type === "model" ? modelInfo(request) : datasetInfo(request));
    if (typeof sha !== "string" || !/^[0-9a-f]{40}$/.test(sha)) {
      throw new HubError(`${this.label}: the hub names no commit; check HF_ENDPOINT`);
    }
    return sha;
  }

  async files(commit: string): Promise<Map<string, HubFile>> {
    const { listFiles } = await import("@huggingface/hub");
    const files = new Map<string, HubFile>();
    const list = async (): Promise<void> => {
      for await (const entry of listFiles({ ...this.#request, revision: commit, recursive: true })) {
        const { type, path, size, oid, lfs } = entry;
        if (type !== "file" || oid === undefined) continue;
        // Paths become paths of the cache: none may lead out of it.
        if (path.startsWith("/") || path.split(/[/\\]/).includes("..")) {
          throw new HubError(`${this.label}: lists ${path}, which is no path in a repository; do not trust it`);
        }
        files.set(path, { path, size, oid, ...(lfs ? { sha256: lfs.oid } : {}) });
      }
    };
    await this.#refusals(list());
    return files;
  }

  async content(commit: string, path: string): Promise<ReadableStream<Uint8Array>> {
    const { downloadFile } = await import("@huggingface/hub");
    try {
      const blob = await this.#refusals(downloadFile({ ...this.#request, path, revision: commit }));
      if (blob) return blob.stream();
    } catch (error) {
      throw this.explain(error);
    }
    throw new HubError(`${this.label}: the hub lists ${path} but does not have it`);
  }

  /** Turns a refusal of the hub into an error that says what to do; a hub out of reach stays what it is. */
  async #refusals<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      const status = (error as { statusCode?: unknown }).statusCode;
      if (typeof status === "number" && status < 500) throw this.#refusal(status, error);
      throw error;
    }
  }

  #refusal(status: number, cause: unknown): HubError {
    const remedy = status === 401 || status === 403
      ? `access is refused (${status}); it is private, gated, or does not exist: accept its terms on the hub and set HF_TOKEN`
      : status === 404
      ? "there is no such repository or revision; check its name"
      : `the hub answers ${status} (${(cause as Error).message})`;
    return new HubError(`${this.label}: ${remedy}`, { cause });
  }

  explain(error: unknown): HubError {
    if (error instanceof HubError) return error;
    return new HubError(
      `${this.label}: ${this.settings.url} cannot be reached (${(error as Error).message}); check the network, or ` +
        "give a folder",
      { cause: error },
    );
  }
}
