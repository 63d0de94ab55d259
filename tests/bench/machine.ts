/**
 * What machine this is, and which versions were measured.
 *
 * @module
 */
import os from "node:os";
import { openDevice } from "../../engine/mod.ts";
import { reasonOf } from "./result.ts";

async function outputOf(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(command, { args: [...args], stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined;
  }
}

async function revision(): Promise<string> {
  const head = await outputOf("git", ["rev-parse", "--short", "HEAD"]);
  if (!head) return "unknown";
  return await outputOf("git", ["status", "--porcelain"]) ? `${head}, with changes` : head;
}

async function adapter(): Promise<string> {
  try {
    using device = await openDevice("webgpu");
    return device.description;
  } catch (error) {
    return `none (${reasonOf(error)})`;
  }
}

/** Lines about this machine and this revision, by label. */
export async function describeMachine(): Promise<Record<string, string>> {
  const gib = (os.totalmem() / 2 ** 30).toFixed(0);
  return {
    revision: await revision(),
    date: new Date().toISOString().slice(0, 16).replace("T", " ") + " UTC",
    processor: `${os.cpus()[0]?.model ?? "unknown"}, ${navigator.hardwareConcurrency} threads, ${gib} GiB`,
    "webgpu adapter": await adapter(),
    runtime: `Deno ${Deno.version.deno}, V8 ${Deno.version.v8}, ${Deno.build.target}`,
  };
}
