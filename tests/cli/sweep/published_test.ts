/** The grids of the published results can be planned: they are grids, of options that there are. */

import assert from "node:assert/strict";
import { parseGrid } from "../../../seven/cli/sweep/grid.ts";
import { optionReaders } from "../../../seven/cli/sweep/readers.ts";

const results = new URL("../../../results", import.meta.url).pathname;

Deno.test("the grids of the results have options that prune takes", () => {
  const readers = optionReaders();
  const folders = [...Deno.readDirSync(results)].filter(({ name, isDirectory }) => isDirectory && name !== "models");
  const paths = folders.flatMap(({ name }) => {
    const grids = [...Deno.readDirSync(`${results}/${name}`)].filter((file) => /^grid.*\.json$/.test(file.name));
    assert.ok(grids.length > 0, `${name} has no grid`);
    return grids.map((file) => `${results}/${name}/${file.name}`);
  });
  assert.ok(paths.length >= 6);
  for (const path of paths) {
    const grid = parseGrid(JSON.parse(Deno.readTextFileSync(path)), path, (name) => readers.has(name));
    const objects = [grid.base, ...grid.axes.flatMap(({ values }) => values), ...grid.cells];
    for (const options of objects) {
      const read = readers.read(options);
      assert.ok("given" in read, `${path}: ${JSON.stringify(options)}: ${"fault" in read ? read.fault : ""}`);
    }
  }
});
