/**
 * The machine and the runtime, as far as permissions allow to ask.
 *
 * @module
 */
import { statfsSync } from "node:fs";
import { cpus } from "node:os";

/** Bytes that are left of how many. */
export interface Space {
  /** Bytes in all. */
  readonly total: number;
  /** Bytes that can be had. */
  readonly available: number;
}

/** The machine and the runtime. */
export interface SystemFacts {
  /** Versions of Deno, V8 and TypeScript. */
  readonly versions: Readonly<Record<string, string>>;
  /** Operating system. */
  readonly os: string;
  /** Its release; absent without `--allow-sys=osRelease`. */
  readonly release?: string;
  /** Architecture of the processor. */
  readonly arch: string;
  /** Processors, as the runtime counts them. */
  readonly processors: number;
  /** Name of the processor; absent without `--allow-sys=cpus`. */
  readonly processor?: string;
  /** Main memory; absent without `--allow-sys=systemMemoryInfo`. */
  readonly memory?: Space;
  /** The disk of the working folder; absent without `--allow-sys=statfs`. */
  readonly disk?: Space;
}

/** What has to be allowed for each fact that may be absent. */
export const permissionOf: Readonly<Record<"release" | "processor" | "memory" | "disk", string>> = {
  release: "osRelease",
  processor: "cpus",
  memory: "systemMemoryInfo",
  disk: "statfs",
};

/**
 * Asks for what may be asked for. Nothing prompts: what is not allowed is left out.
 *
 * @param folder The folder whose disk is looked at.
 */
export function systemFacts(folder = "."): SystemFacts {
  const release = allowed("release", () => Deno.osRelease());
  const processor = allowed("processor", () => cpus()[0]?.model.trim());
  const memory = allowed("memory", () => {
    const { total, available } = Deno.systemMemoryInfo();
    return { total, available };
  });
  const disk = allowed("disk", () => {
    const { bsize, blocks, bavail } = statfsSync(folder);
    return { total: bsize * blocks, available: bsize * bavail };
  });
  return {
    versions: { ...Deno.version },
    os: Deno.build.os,
    arch: Deno.build.arch,
    processors: navigator.hardwareConcurrency,
    ...(release ? { release } : {}),
    ...(processor ? { processor } : {}),
    ...(memory ? { memory } : {}),
    ...(disk ? { disk } : {}),
  };
}

function allowed<T>(fact: keyof typeof permissionOf, ask: () => T): T | undefined {
  const permission = { name: "sys", kind: permissionOf[fact] } as Deno.PermissionDescriptor;
  try {
    return Deno.permissions.querySync(permission).state === "granted" ? ask() : undefined;
  } catch {
    return undefined; // an older runtime that knows no such permission, or a system that does not tell
  }
}
