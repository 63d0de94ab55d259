/** The npm package that `deno pack` makes: its libraries run in Node, as a user would install them. */

import assert from "node:assert/strict";

interface Outcome {
  readonly kept: number;
  readonly prunable: number;
  readonly weights: readonly number[];
}

const root = new URL("..", import.meta.url).pathname;
const script = `${root}tests/package/prune.mjs`;

async function output(command: string, args: readonly string[], cwd = root): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args: [...args], cwd }).output();
  assert.equal(code, 0, `${command} ${args.join(" ")}\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

async function hasNode(): Promise<boolean> {
  try {
    return (await new Deno.Command("node", { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}

Deno.test("the packed libraries prune in Node as they do in Deno", async () => {
  if (Deno.env.get("SEVEN_REQUIRE_NODE") !== "1" && !await hasNode()) {
    console.info("there is no node in PATH: the test of the npm package is left out");
    return;
  }
  const folder = await Deno.makeTempDir();
  try {
    await output(Deno.execPath(), ["pack", "--allow-dirty", "--output", `${folder}/seven.tgz`]);
    const installed = `${folder}/node_modules/@sentinel/seven`;
    await Deno.mkdir(installed, { recursive: true });
    await output("tar", ["-xzf", `${folder}/seven.tgz`, "--strip-components=1", "-C", installed]);
    await Deno.copyFile(script, `${folder}/prune.mjs`);

    const inNode: Outcome = JSON.parse(await output("node", ["prune.mjs"], folder));
    const here: Outcome = JSON.parse(await output(Deno.execPath(), ["run", "--no-prompt", "--allow-env=HOME", script]));
    assert.deepEqual([inNode.kept, inNode.prunable], [48, 192]);
    assert.deepEqual([here.kept, here.prunable], [48, 192]);
    assert.equal(inNode.weights.length, 128);
    assert.ok(inNode.weights.some((weight) => weight === 0) && inNode.weights.some((weight) => weight !== 0));
    for (const [i, weight] of inNode.weights.entries()) {
      // Multiply-adds are fused where the runtime's WebAssembly has relaxed SIMD: the last bits differ without.
      assert.ok(Math.abs(weight - here.weights[i]!) <= 1e-4, `weight ${i}: ${weight} in Node, ${here.weights[i]} here`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
