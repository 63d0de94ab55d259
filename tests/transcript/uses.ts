/**
 * The main uses of the command line, one after the other, on a checkpoint and data of one's own.
 *
 * @module
 */
import type { Session } from "./session.ts";

/** On what. All paths lie in the session's folder. */
export interface Uses {
  /** Folder of the checkpoint. */
  readonly model: string;
  /** Name of the task, and options that say where its data are. */
  readonly task: string;
  /** Steps of fine-tuning, and those of them that prune. */
  readonly steps: number;
  readonly pruneSteps: number;
  /** Steps between saved states, and step at which a run is killed. */
  readonly saveEvery: number;
  readonly killAt: number;
  /** Other options of every run. */
  readonly more?: string;
}

/** Writes the whole down. */
export async function mainUses(session: Session, uses: Uses): Promise<void> {
  const { model, task, steps, pruneSteps, saveEvery, killAt, more = "" } = uses;
  const what = `--model ${model} --task ${task}`;
  const how = `--sparsity 0.95 --steps ${steps} --prune-steps ${pruneSteps} --log-every ${saveEvery}${more}`;
  const prune = `deno task prune ${what} ${how}`;

  session.section("What is there", "What the task holds, what the checkpoint is worth, and what a run would do:");
  await session.run(`deno task prune tasks ${task}`);
  await session.run(`deno task prune evaluate ${what} --quiet`);
  await session.run(`${prune} --out runs/seven --dry-run`);

  session.section(
    "Pruning",
    "SEVENpre and, from the same weights under the same budget, the method that most tools offer. Results go to " +
      "standard output, progress to standard error.",
  );
  await session.run(`${prune} --method seven-pre,magnitude --save-every ${saveEvery} --out runs/both`);
  await session.run("ls runs/both/seven-pre");

  session.section("A run that is killed", "Another run of SEVENpre, which ends without warning:");
  await session.kill(`${prune} --save-every ${saveEvery} --out runs/killed`, new RegExp(`\\bstep +${killAt}/`));
  session.say("It goes on from the last state that it saved, and ends with the same bits as the one without a break:");
  await session.run("deno task prune --resume runs/killed");
  await session.run("sha256sum runs/both/seven-pre/model.safetensors runs/killed/model.safetensors");

  session.section("What is in a run", "Zeros by layer, and whether they are where the masks say:");
  await session.run("deno task prune inspect runs/both/seven-pre");

  session.section("Runs side by side", "Folders of runs, in one table:");
  await session.run("deno task prune compare runs/both");

  session.section(
    "Files for others",
    "Packed: a bit for each prunable weight, and the values that are left. ONNX: for onnxruntime.",
  );
  await session.run("deno task prune export runs/both/seven-pre --format packed --out packed");
  await session.run("deno task prune export runs/both/seven-pre --format onnx --out onnx");
  await session.run("du -b runs/both/seven-pre/model.safetensors packed/model.safetensors onnx/model.onnx");
  session.say("A packed folder is read like any other:");
  await session.run(`deno task prune evaluate --model packed --task ${task} --quiet`);

  session.section(
    "A smaller model",
    "Heads and neurons that have come to be all zero are taken out; the model computes less and answers the same.",
  );
  await session.run("deno task prune export runs/both/seven-pre --shrink --out small");
  await session.run(`deno task prune evaluate --model small --task ${task} --quiet`);
}
