/**
 * Scripts of the bench that need a process of their own.
 *
 * @module
 */

const root = new URL("../../../", import.meta.url).pathname;

/** Runs a script of this folder with the package's configuration. @returns the JSON that it prints last. */
export async function childOutput(script: string, args: readonly string[]): Promise<Record<string, number>> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      "--quiet",
      "--no-lock",
      "--v8-flags=--expose-gc",
      new URL(script, import.meta.url).pathname,
      ...args,
    ],
    cwd: root,
    env: { XDG_RUNTIME_DIR: Deno.env.get("XDG_RUNTIME_DIR") ?? "/tmp" },
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).trim();
  if (!success) {
    throw new Error(`${script}: ${text(stderr).split("\n").find((line) => /error/i.test(line)) ?? "failed"}`);
  }
  return JSON.parse(text(stdout).split("\n").at(-1)!) as Record<string, number>;
}
