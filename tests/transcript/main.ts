/**
 * Writes `docs/transcript.md`: the main uses on the MNIST checkpoint, as they ran.
 *
 * @module
 */
import { dataFolder } from "../models/real_data.ts";
import { Session } from "./session.ts";
import { mainUses } from "./uses.ts";

const folder = await Deno.makeTempDir();
for (const [name, path] of [["vit-mnist", "weights/vit-mnist"], ["mnist", "mnist"]] as const) {
  const there = dataFolder(path);
  if (!there) throw new Error(`there is no ${path} in the folder of real data; name that folder by SEVEN_DATA`);
  await Deno.symlink(there, `${folder}/${name}`);
}

const session = new Session(folder);
await mainUses(session, {
  model: "vit-mnist",
  task: "mnist --data mnist",
  steps: 300,
  pruneSteps: 200,
  saveEvery: 50,
  killAt: 150,
});
const title = `# The main uses

Written by \`deno task transcript\`, which runs what follows: a ViT of 6 layers that was trained on MNIST, 95 % of its
weights pruned in 300 steps, on a processor without a GPU.`;
const path = new URL("../../docs/transcript.md", import.meta.url).pathname;
await Deno.writeTextFile(path, `${title}\n\n${session.markdown}`);
await Deno.remove(folder, { recursive: true });
console.log(`written to ${path}`);
