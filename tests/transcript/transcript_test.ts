/** The commands of the transcript, on a model and data small enough for the suite. */

import assert from "node:assert/strict";
import { inFolder, writeTiny } from "../cli/support.ts";
import { Session } from "./session.ts";
import { mainUses } from "./uses.ts";

Deno.test("what the transcript shows can be done: every command ends well, and a killed run ends with the same bits", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const session = new Session(folder);
    await mainUses(session, {
      model: "tiny",
      task: "digits",
      steps: 40,
      pruneSteps: 20,
      saveEvery: 5,
      killAt: 15,
      more: " --batch 16 --device cpu",
    });
    const { markdown } = session;
    const sums = [...markdown.matchAll(/^([0-9a-f]{64}) {2}runs\//gm)].map(([, sum]) => sum);
    assert.equal(sums.length, 2);
    assert.equal(sums[0], sums[1]);
    assert.equal(markdown.match(/^## /gm)?.length, 7);
    assert.equal(markdown.match(/^\$ /gm)?.length, 17);
    assert.doesNotMatch(markdown, /^error:/m);
  });
});
