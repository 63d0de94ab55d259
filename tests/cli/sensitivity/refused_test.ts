/** What `sensitivity` refuses. */

import assert from "node:assert/strict";
import { writeSafetensors } from "../../../engine/mod.ts";
import { loadCheckpoint } from "../../../models/mod.ts";
import { diskFolder } from "../../models/real_data.ts";
import { inFolder, writeMnist, writeTiny } from "../support.ts";
import { sensitivity } from "./support.ts";

/** What is refused, with its line. In both `@` stands for the folder. */
const refused: readonly (readonly [args: string, line: string])[] = [
  ["--model @/tiny", "error: required option '--task <name>' not specified"],
  ["--model @/none --task digits", "error: --model @/none: there is no such folder; give the path of an existing one"],
  ["--model @/tiny --task mnist", "error: --task mnist: the data of this task lie in a folder; name it with --data"],
  [
    "--model @/tiny --task digits --sparsities 0.5,0",
    "error: option '--sparsities <shares>' argument '0.5,0' is invalid. Give shares above 0, up to 1, divided by commas, such as 0.5,0.9.",
  ],
  [
    "--model @/tiny --task digits --sparsities 0.5,",
    "error: option '--sparsities <shares>' argument '0.5,' is invalid. Give shares above 0, up to 1, divided by commas, such as 0.5,0.9.",
  ],
  [
    "--model @/tiny --task digits --by head",
    "error: option '--by <kind>' argument 'head' is invalid. Give one of layer, tensor, kind.",
  ],
  [
    "--model @/tiny --task digits --criterion wanda",
    "error: option '--criterion <name>' argument 'wanda' is invalid. Give one of magnitude, snip, seven, grasp, random.",
  ],
  [
    "--model @/tiny --task digits --metric f1",
    "error: --metric f1: is none of task digits; give one of accuracy, loss",
  ],
  [
    "--model @/tiny --task squad --data @/tiny --rows 10",
    "error: --rows 10: answers of task squad are found over all windows of a question; leave out --rows",
  ],
  ["--model @/tiny --task digits --exclude *", "error: --exclude: nothing is left to prune of @/tiny; exclude less"],
  [
    "--model @/tiny --task digits --include *.q.weight",
    'error: include "*.q.weight" matches none of 6 names; did you mean',
  ],
  [
    "--model @/classes --task mnist --data @/mnist",
    "error: --model @/classes: has no trained classifier.weight, classifier.bias for task mnist; use a model fine-tuned on the task",
  ],
];

Deno.test("sensitivity refuses what it cannot use in one line, with exit code 2", async (t) => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    await writeTiny(`${folder}/classes`);
    const { params } = await loadCheckpoint(diskFolder(`${folder}/classes`));
    const { "classifier.weight": _w, "classifier.bias": _b, ...rest } = params;
    await Deno.writeFile(`${folder}/classes/model.safetensors`, writeSafetensors(rest, { format: "pt" }));
    await writeMnist(`${folder}/mnist`);
    for (const [args, line] of refused) {
      await t.step(args, async () => {
        const { code, out, err } = await sensitivity(...args.replaceAll("@", folder).split(" "));
        const expected = line.replaceAll("@", folder);
        assert.equal(err[0]?.slice(0, expected.length), expected);
        assert.deepEqual([code, out.length, err.length], [2, 0, 1]);
      });
    }
  });
});
