import assert from "node:assert/strict";

const script = new URL("./cpu_process.ts", import.meta.url).pathname;

function start(...args: readonly string[]): Deno.ChildProcess {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-lock", "--no-prompt", "--no-check", script, ...args],
    stdout: "piped",
    stderr: "piped",
  });
  return command.spawn();
}

async function outputOf(child: Deno.ChildProcess): Promise<{ code: number; lines: readonly string[] }> {
  const timer = setTimeout(() => child.kill("SIGKILL"), 30000);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  assert.equal(code, 0, decode(stderr) || `it was killed after 30 seconds; output: ${decode(stdout)}`);
  return { code, lines: decode(stdout).trim().split("\n") };
}

Deno.test("threads need no permission, sleep when idle, and do not keep a process that forgot them", async () => {
  const { lines } = await outputOf(start());
  const { description, threads, first, idleMs } = JSON.parse(lines.at(-1)!);
  assert.match(description, /2 threads$/);
  assert.equal(threads, 2);
  assert.equal(first, 1);
  assert.ok(idleMs < 100, `${idleMs} ms of processor time in 400 ms of doing nothing`);
});

Deno.test("signals get through between steps", async () => {
  const child = start("steps");
  const timer = setTimeout(() => child.kill("SIGTERM"), 1500);
  const { lines } = await outputOf(child);
  clearTimeout(timer);
  assert.equal(JSON.parse(lines[0]!).threads, 2);
  assert.ok(JSON.parse(lines[1]!).steps > 0);
});
