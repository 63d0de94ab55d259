/**
 * The hub's cache and settings, without what is nobody's business: values of variables, tokens, paths of a home folder.
 *
 * @module
 */
import { normalize } from "node:path";
import { hubSettings } from "../hub/folder.ts";

/** What is known about the hub. */
export interface HubFacts {
  /** The cache's folder, its home folder as `~`; absent where it lies outside of that. */
  readonly cache?: string;
  /** Repositories in it, and the bytes of their files; absent where there is no such folder, or it cannot be read. */
  readonly content?: { readonly repositories: number; readonly bytes: number };
  /** Whether the network is left alone. */
  readonly offline: boolean;
  /** Whether variables that matter are set. */
  readonly variables: Readonly<Record<string, boolean>>;
}

/** Variables that the hub's libraries read. */
const names = [
  "HF_ENDPOINT",
  "HF_TOKEN",
  "HF_HOME",
  "HF_HUB_CACHE",
  "HUGGINGFACE_HUB_CACHE",
  "HF_HUB_OFFLINE",
] as const;

/**
 * Looks at the cache.
 *
 * @param env Reads a variable of the environment.
 */
export function hubFacts(env: (name: string) => string | undefined): HubFacts {
  const { cache, offline } = hubSettings(env);
  const given = env("HOME");
  const home = given && normalize(`${given}/`); // ends in a slash
  const place = normalize(cache);
  const content = contentOf(cache);
  return {
    ...(home && place.startsWith(home) ? { cache: `~/${place.slice(home.length)}` } : {}),
    ...(content ? { content } : {}),
    offline,
    variables: Object.fromEntries(names.map((name) => [name, Boolean(env(name))])),
  };
}

/** Content is stored under `blobs`; what lies elsewhere only links to it. */
function contentOf(cache: string): HubFacts["content"] {
  try {
    let repositories = 0, bytes = 0;
    for (const { name } of Deno.readDirSync(cache)) {
      if (!/^(models|datasets|spaces)--/.test(name)) continue;
      repositories++;
      bytes += sizeOf(`${cache}/${name}/blobs`);
    }
    return { repositories, bytes };
  } catch {
    return undefined;
  }
}

function sizeOf(folder: string): number {
  try {
    let bytes = 0;
    for (const { name, isFile } of Deno.readDirSync(folder)) {
      if (isFile) bytes += Deno.statSync(`${folder}/${name}`).size;
    }
    return bytes;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0; // a repository of which nothing was loaded
    throw error;
  }
}
