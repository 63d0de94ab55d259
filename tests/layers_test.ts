/** Imports point one way, and only the command line knows the process. */

import assert from "node:assert/strict";

const root = new URL("..", import.meta.url).pathname;

/** Source files under a folder, relative to the repository. */
function sources(folder: string): string[] {
  return [...Deno.readDirSync(`${root}${folder}`)].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory ? sources(path) : path.endsWith(".ts") ? [path] : [];
  });
}

/** The parts of the project that a file imports from, tests and packages apart. */
function importsOf(file: string): { readonly path: string; readonly part: string }[] {
  const text = Deno.readTextFileSync(root + file);
  const specifiers = [...text.matchAll(/^(?:import|export)\b[^;]*?\bfrom "(\.[^"]+)"|^import "(\.[^"]+)"/gm)];
  return specifiers.map(([, from, bare]) => {
    const path = new URL((from ?? bare)!, `file:///${file}`).pathname.slice(1);
    return { path, part: partOf(path) };
  });
}

function partOf(path: string): string {
  return path.startsWith("seven/cli/") ? "cli" : path.split("/")[0]!;
}

const allowed: Readonly<Record<string, readonly string[]>> = {
  engine: ["engine"],
  models: ["models", "engine"],
  seven: ["seven", "engine"],
  cli: ["cli", "seven", "models", "engine", "deno.json"],
};

const files = ["engine", "models", "seven"].flatMap(sources);

Deno.test("imports point one way: engine <- models, seven <- seven/cli", () => {
  assert.ok(files.length > 100, "the sources were found");
  const wrong = files.flatMap((file) =>
    importsOf(file).filter(({ part }) => !allowed[partOf(file)]!.includes(part)).map(({ path }) => `${file} -> ${path}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("imports are seen by the test above", () => {
  const parts = (file: string) => [...new Set(importsOf(file).map(({ part }) => part))].sort();
  assert.deepEqual(parts("seven/cli/model_input.ts"), ["cli", "engine", "models"]);
  assert.deepEqual(parts("models/vit/vit.ts"), ["engine", "models"]);
});

Deno.test("Deno. and imports of node: are nowhere but in the command line", () => {
  const code = (file: string) => Deno.readTextFileSync(root + file).replace(/\/\*[^]*?\*\/|\/\/.*/g, "");
  const wrong = files.filter((file) =>
    partOf(file) !== "cli" && /\bDeno\s*\.|\bfrom "node:|^import "node:/m.test(code(file))
  );
  assert.deepEqual(wrong, []);
});
