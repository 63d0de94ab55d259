/** What `predict` answers to pictures. */

import assert from "node:assert/strict";
import { type HostTensor, literal, openDevice, writeSafetensors } from "../../../engine/mod.ts";
import { networkOf, smallClip, taskNamed } from "../../../models/mod.ts";
import { pngFile } from "../../models/image/png_file.ts";
import { inFolder, tinyConfig, writeTiny } from "../support.ts";
import { close, predict, softmax, words } from "./support.ts";

/** A 16 x 16 picture, as the tiny ViT takes them. */
async function writePicture(path: string, grey: number): Promise<void> {
  const sample = (y: number, x: number) => (grey * (16 * y + x + 1)) % 256;
  await Deno.writeFile(path, await pngFile({ width: 16, height: 16, colour: 0, depth: 8, sample }));
}

Deno.test("predict looks at pictures, of several folders, and names one that is broken", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/vit`);
    await Deno.writeTextFile(
      `${folder}/vit/config.json`,
      JSON.stringify({ ...JSON.parse(tinyConfig), architectures: ["ViTForImageClassification"] }),
    );
    await Deno.mkdir(`${folder}/more`);
    const paths = ["a.png", "more/b.png", "more/c.png"].map((name) => `${folder}/${name}`);
    for (const [i, path] of paths.entries()) await writePicture(path, 7 * i + 3);
    await Deno.writeTextFile(`${folder}/more/notes.txt`, "no picture");
    const args = ["--model", `${folder}/vit`, "--quiet", "--top", "10", "--json"];
    const all = JSON.parse((await predict(...args, "--image", paths[0]!, `${folder}/more/`)).out.join("\n"));
    assert.deepEqual(all.map(({ image }: { image: string }) => image), paths);
    assert.deepEqual(
      all[0].classes.map(({ label }: { label: string }) => label).sort(),
      all[1].classes.map((
        { label }: { label: string },
      ) => label).sort(),
    );
    assert.notDeepEqual(all[0].classes, all[1].classes);
    const alone = JSON.parse((await predict(...args, "--image", paths[1]!)).out.join("\n"));
    alone[0].classes.forEach(({ label, probability }: { label: string; probability: number }, i: number) => {
      assert.equal(label, all[1].classes[i].label);
      close(probability, all[1].classes[i].probability);
    });
    await Deno.writeFile(paths[1]!, (await Deno.readFile(paths[1]!)).slice(0, 50));
    const broken = await predict("--model", `${folder}/vit`, "--quiet", "--image", ...paths);
    assert.deepEqual([broken.code, broken.out], [2, []]);
    assert.ok(broken.err[0]!.startsWith(`error: ${paths[1]}: `), broken.err[0]);
    const rest = await predict("--model", `${folder}/vit`, "--skip-broken", "--image", ...paths);
    assert.deepEqual([rest.code, rest.out.length], [0, 2]);
    assert.ok(rest.err.at(-1)!.startsWith(`${paths[1]}: `));
    const told = JSON.parse((await predict(...args, "--skip-broken", "--image", ...paths)).out.join("\n"));
    assert.ok(told[1].error.startsWith(`${paths[1]}: `));
  });
});

Deno.test("predict has a CLIP tell classes by their names", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/clip`;
    const raw = await taskNamed("digit-captions").load();
    const { config, preprocessor } = smallClip(raw.images!, raw.labels.length);
    const request = { head: "contrastive", labels: raw.labels, seed: 5, prompts: raw.prompts! } as const;
    const network = await networkOf({ name: "clip", config, params: {} }, request);
    await writeTiny(path, {
      "config.json": JSON.stringify(config),
      "preprocessor_config.json": JSON.stringify(preprocessor),
      "model.safetensors": writeSafetensors(network.params, { format: "pt" }),
      "vocab.txt": words.join("\n"),
    });
    const picture = `${folder}/a.png`;
    await writePicture(picture, 5);
    const [mean, std] = ["image_mean", "image_std"].map((key) => Number([preprocessor[key]].flat()[0]));
    using device = await openDevice("cpu");
    const { data } = await device.read(() => {
      const tensor = ({ data, shape }: HostTensor) => literal(data as Float32Array, shape);
      const params = Object.fromEntries(Object.entries(network.params).map(([name, one]) => [name, tensor(one)]));
      const pixels = Float32Array.from({ length: 256 }, (_, i) => ((5 * (i + 1)) % 256 / 255 - mean!) / std!);
      return network.outputs(params, { images: literal(pixels, [1, 1, 16, 16]) }).logits!;
    }) as unknown as HostTensor;
    const expected = softmax([...data]);
    const args = ["--model", path, "--image", picture, "--top", "10", "--json", "--quiet"];
    const [{ classes }] = JSON.parse((await predict(...args, "--task", "digit-captions")).out.join("\n"));
    assert.equal(classes.length, 10);
    for (const { label, probability } of classes) close(probability, expected[raw.labels.indexOf(label)]!);
    const [own] = JSON.parse((await predict(...args, "--classes", "joy,end")).out.join("\n"));
    assert.deepEqual(own.classes.map(({ label }: { label: string }) => label).sort(), ["end", "joy"]);
    close(own.classes[0].probability + own.classes[1].probability, 1);
    const nameless = await predict(...args);
    assert.deepEqual([nameless.code, nameless.err], [2, [
      `error: --model ${path}: tells classes by their names; give them, such as --classes cat,dog`,
    ]]);
    const long = await predict(...args, "--classes", `joy,${"end ".repeat(30)}`);
    assert.equal(long.code, 2);
    assert.match(
      long.err[0]!,
      /^error: --classes: the longest name makes \d+ tokens, the model takes \d+; shorten it$/,
    );
  });
});
