/** The command `sensitivity`: what it zeroes, what it measures, what it advises. */

import assert from "node:assert/strict";
import { Command, CommanderError } from "commander";
import fc from "fast-check";
import {
  cast,
  constant,
  grad,
  type HostTensor,
  hostTensor,
  keepTopK,
  literal,
  openDevice,
  parseSafetensors,
  writeSafetensors,
} from "../../engine/mod.ts";
import { type Batch, networkOf, taskNamed } from "../../models/mod.ts";
import { headLoss, loadCheckpoint, parsePreprocessor, type Split, trainingBatches } from "../../models/mod.ts";
import { addSensitivityCommand } from "../../seven/cli/sensitivity.ts";
import { rankWeights } from "../../seven/cli/sensitivity/cut.ts";
import { weightGroups } from "../../seven/cli/sensitivity/groups.ts";
import { criterionNames, weightScores } from "../../seven/cli/sensitivity/scores.ts";
import { limitsAdvised, type Measured, sensitivityLines } from "../../seven/cli/sensitivity/table.ts";
import { exitCodeOf, lineOf } from "../../seven/cli/errors.ts";
import { diskFolder } from "../models/real_data.ts";
import { inFolder, type Outcome, run, tinyConfig, tinyPrunable, writeMnist, writeTiny } from "./support.ts";

async function sensitivity(...args: string[]): Promise<Outcome> {
  const out: string[] = [], err: string[] = [];
  const root = new Command("seven").exitOverride().configureOutput({
    writeErr: (text) => err.push(text.trim()),
    outputError: (text, write) => write(text.trim().replace(/\s+/g, " ")),
  });
  addSensitivityCommand(root, { out: (line) => out.push(line), err: (line) => err.push(line) });
  let code = 0;
  try {
    await root.parseAsync(["sensitivity", "--device", "cpu", ...args], { from: "user" });
  } catch (error) {
    code = error instanceof CommanderError ? 2 : exitCodeOf(error);
    if (!(error instanceof CommanderError)) err.push(`error: ${lineOf(error)}`);
  }
  return { code, out, err };
}

/** Scores as they may come: many equal ones, both zeros, NaN, infinities. */
const score = fc.constantFrom(0, -0, 1, 2, 0.5, -1, 1e-40, NaN, Infinity, -Infinity);
const weight = fc.constantFrom(0, -0, 1, -2, 1e-40);

Deno.test("rankWeights() keeps what the engine's selection keeps, ties and all", async () => {
  using device = await openDevice("cpu");
  const shapes = { a: [2, 3], b: [5], c: [1, 7] } as const;
  const size = 18;
  const arrays = (values: readonly number[]) => ({
    a: Float32Array.from(values.slice(0, 6)),
    b: Float32Array.from(values.slice(6, 11)),
    c: Float32Array.from(values.slice(11)),
  });
  const rows = { minLength: size, maxLength: size };
  await fc.assert(
    fc.asyncProperty(fc.array(weight, rows), fc.array(score, rows), fc.nat(size), async (weights, scores, removed) => {
      const own = arrays(weights), ranks = arrays(scores);
      const ranked = rankWeights(own, ranks);
      assert.equal(ranked.size, size);
      const cut = ranked.cut(removed);
      const named = <T>(of: (name: keyof typeof shapes) => T) => ({ a: of("a"), b: of("b"), c: of("c") });
      const kept = await device.read(() => {
        const tensors = named((name) => literal(ranks[name], shapes[name]));
        const eligible = named((name) =>
          cast(literal(Uint32Array.from(own[name], (w) => Number(w !== 0)), shapes[name]), "bool")
        );
        const masks = keepTopK(tensors, constant(size - removed, [], "u32"), eligible);
        return named((name) => cast(masks[name]!, "u32"));
      }) as unknown as Record<keyof typeof shapes, HostTensor>;
      for (const name of ["a", "b", "c"] as const) {
        const expected = own[name].map((value, i) => kept[name].data[i] ? value : 0);
        // What is 0 stays 0, of either sign.
        assert.deepEqual(cut[name]!.map((x) => x + 0), expected.map((x) => x + 0));
      }
      assert.deepEqual(own, arrays(weights), "the weights themselves do not change");
    }),
    { numRuns: 40 },
  );
});

Deno.test("rankWeights() removes exactly the number, and those of equal scores at the end", () => {
  const weights = { a: Float32Array.of(1, 1, 1), b: Float32Array.of(1, 1) };
  const cut = rankWeights(weights, weights).cut(2);
  assert.deepEqual([...cut.a!, ...cut.b!], [1, 1, 1, 0, 0]);
  const all = rankWeights(weights, weights);
  for (let removed = 0; removed <= 5; removed++) {
    const zeros = Object.values(all.cut(removed)).flatMap((values) => [...values]).filter((x) => x === 0).length;
    assert.equal(zeros, removed);
  }
});

async function tinyNetwork() {
  const config = { ...JSON.parse(tinyConfig), num_hidden_layers: 2 };
  const labels = Array.from({ length: 10 }, (_, i) => `${i}`);
  return await networkOf({ name: "tiny", config, params: {} }, { head: "classification", labels, seed: 1 });
}

Deno.test("weightGroups() puts weights together by layer, tensor and kind, under patterns of prune", async () => {
  const network = await tinyNetwork();
  const names = Object.keys(network.params).filter(network.isPrunable);
  const by = (how: "layer" | "tensor" | "kind") => weightGroups(how, network, names);
  assert.deepEqual(by("layer").map(({ pattern }) => pattern), ["vit.encoder.layer.0.*", "vit.encoder.layer.1.*"]);
  assert.deepEqual(by("tensor").map(({ pattern }) => pattern), names);
  const kinds = by("kind");
  assert.equal(kinds.length, 6);
  assert.deepEqual(kinds[0], {
    pattern: "vit.encoder.layer.*.attention.attention.query.weight",
    tensors: [0, 1].map((layer) => `vit.encoder.layer.${layer}.attention.attention.query.weight`),
  });
  for (const how of ["layer", "tensor", "kind"] as const) {
    assert.deepEqual(by(how).flatMap(({ tensors }) => tensors).sort(), names.toSorted());
  }
  assert.deepEqual(weightGroups("layer", network, ["pooler.dense.weight"]), [
    { pattern: "pooler.dense.weight", tensors: ["pooler.dense.weight"] },
  ]);
});

/** The generated digits as the tiny ViT takes them. */
async function digitsSplit(): Promise<Split> {
  const data = await taskNamed("digits").load();
  const preprocessor = parsePreprocessor({ size: 16, image_mean: [0.25], image_std: [0.25] }, "tiny");
  return data.prepare({ name: "tiny", preprocessor, channels: 1 }).train;
}

async function* some(split: Split, number: number): AsyncGenerator<Batch, void, void> {
  for await (const batch of trainingBatches(split, 8, 1)) {
    if (number-- === 0) return;
    yield batch;
  }
}

Deno.test("weightScores() has magnitudes, and SNIP's |theta g| of all batches together", async () => {
  const network = await tinyNetwork();
  const names = Object.keys(network.params).filter(network.isPrunable);
  const split = await digitsSplit();
  using device = await openDevice("cpu");
  const options = { network, names, device, seed: 1 };
  const magnitudes = await weightScores("magnitude", { ...options, batches: some(split, 0) });
  assert.deepEqual(Object.keys(magnitudes), names);
  assert.deepEqual(magnitudes[names[3]!], Float32Array.from(network.params[names[3]!]!.data, Math.abs));
  const snip = await weightScores("snip", { ...options, batches: some(split, 2) });
  const gradients: Record<string, HostTensor>[] = [];
  for await (const batch of some(split, 2)) {
    const read = await device.read(() => {
      const tensor = ({ data, shape }: HostTensor) => literal(data as Float32Array, shape);
      const params = Object.fromEntries(Object.entries(network.params).map(([name, one]) => [name, tensor(one)]));
      const inputs = Object.fromEntries(Object.entries(batch).map(([name, one]) => [name, tensor(one)]));
      return grad(headLoss("classification", network.outputs(params, inputs), inputs), params);
    });
    gradients.push(read as unknown as Record<string, HostTensor>);
  }
  for (const name of names) {
    const theta = network.params[name]!.data;
    const [first, second] = gradients.map((one) => one[name]!.data) as [Float32Array, Float32Array];
    snip[name]!.forEach((value, i) => {
      const expected = Math.abs(theta[i]! * (first[i]! + second[i]!));
      assert.ok(Math.abs(value - expected) <= 1e-6 + 1e-4 * expected, `${name} ${i}: ${value}, ${expected}`);
    });
  }
});

Deno.test("weightScores() has finite scores that differ by every criterion, and leaves the model alone", async () => {
  const network = await tinyNetwork();
  const names = Object.keys(network.params).filter(network.isPrunable);
  const before = structuredClone(network.params);
  const split = await digitsSplit();
  using device = await openDevice("cpu");
  const seen = new Set<string>();
  for (const name of criterionNames) {
    const scores = await weightScores(name, { network, names, device, batches: some(split, 2), seed: 1 });
    const values = names.flatMap((name) => [...scores[name]!]);
    assert.equal(values.length, 2 * tinyPrunable);
    assert.ok(values.every(Number.isFinite) && new Set(values).size > values.length / 2, name);
    const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!).join();
    assert.ok(!seen.has(order), `${name} ranks as another does`);
    seen.add(order);
  }
  assert.deepEqual(network.params, before);
});

Deno.test("sensitivity measures what evaluate does on the pruned checkpoint", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const args = [
      "--model",
      `${folder}/tiny`,
      "--task",
      "digits",
      "--rows",
      "5000",
      "--metric",
      "loss",
      "--json",
      "--quiet",
    ];
    const { code, out, err } = await sensitivity(...args, "--sparsities", "1,0.3");
    assert.deepEqual([code, err], [0, []]);
    const result = JSON.parse(out.join("\n"));
    assert.deepEqual([result.rows.count, result.rows.of, result.metric], [2000, 2000, "loss"]);
    assert.equal(result.groups.length, 1);
    const [{ pattern, weights, points }] = result.groups;
    assert.deepEqual([pattern, weights], ["vit.encoder.layer.0.*", tinyPrunable]);
    assert.deepEqual(points.map(({ sparsity }: { sparsity: number }) => sparsity), [0.3, 1]);
    const { tensors } = parseSafetensors(await Deno.readFile(`${folder}/tiny/model.safetensors`), "tiny");
    const { isPrunable } = await tinyNetwork();
    for (const { sparsity, removed, metrics } of [{ sparsity: 0, removed: 0, metrics: result.dense }, ...points]) {
      assert.equal(removed, Math.round(sparsity * tinyPrunable));
      const magnitudes = Object.entries(tensors).filter(([name]) => isPrunable(name))
        .flatMap(([, { data }]) => [...data].map(Math.abs)).sort((a, b) => a - b);
      const limit = removed === 0 ? -1 : magnitudes[removed - 1]!;
      const pruned = Object.fromEntries(
        Object.entries(tensors).map(([name, { data, shape }]) => [
          name,
          hostTensor(Float32Array.from(data, (x) => isPrunable(name) && Math.abs(x) <= limit ? 0 : x), shape),
        ]),
      );
      const zeros = Object.entries(pruned).filter(([name]) => isPrunable(name))
        .flatMap(([, { data }]) => [...data]).filter((x) => x === 0).length;
      assert.equal(zeros, removed, "magnitudes differ");
      await Deno.writeFile(`${folder}/tiny/model.safetensors`, writeSafetensors(pruned, { format: "pt" }));
      const evaluated = await run([
        "evaluate",
        "--model",
        `${folder}/tiny`,
        "--task",
        "digits",
        "--device",
        "cpu",
        "--json",
        "--quiet",
      ]);
      assert.deepEqual(JSON.parse(evaluated.out.join("\n")).metrics.test, metrics);
    }
  });
});

Deno.test("sensitivity restores a group before the next, and evaluates on the rows asked for", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const measure = async (...more: string[]) => {
      const args = [
        "--model",
        `${folder}/tiny`,
        "--task",
        "digits",
        "--by",
        "tensor",
        "--sparsities",
        "0.5",
        "--rows",
        "60",
      ];
      const { out, err } = await sensitivity(...args, "--json", "--quiet", ...more);
      assert.deepEqual(err, []);
      return JSON.parse(out.join("\n"));
    };
    const all = await measure();
    assert.deepEqual([all.rows.count, all.groups.length], [60, 6]);
    for (const { pattern, points } of all.groups) {
      const alone = await measure("--include", pattern);
      assert.deepEqual(alone.groups.map((group: { pattern: string }) => group.pattern), [pattern]);
      assert.deepEqual(alone.groups[0].points, points, pattern);
    }
    assert.notDeepEqual((await measure("--seed", "2")).dense, all.dense);
  });
});

Deno.test("sensitivity prints a table, the most sensitive group first, and limits that prune takes", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const args = ["--model", `${folder}/tiny`, "--task", "digits", "--rows", "50", "--by", "kind", "--metric", "loss"];
    const { code, out, err } = await sensitivity(
      ...args,
      "--sparsities",
      "0.5,0.75",
      "--tolerance",
      "0",
      "--criterion",
      "snip",
    );
    assert.equal(code, 0);
    assert.match(out[0]!, /^\S+ on digits: \d\.\d{4} loss on 50 of 2,000 rows, as it is$/);
    assert.match(out[2]!, /^group +weights +50 % +75 %$/);
    const rows = out.slice(3).filter((line) => line.startsWith("vit.")).map((line) => line.split(/ {3,}/));
    assert.equal(rows.length, 6);
    const last = rows.map((row) => Number(row[3]));
    assert.deepEqual(last, last.toSorted((a, b) => b - a));
    assert.equal(err.filter((line) => /^\d\/6 vit\./.test(line)).length, 6);
    const advised = out.filter((line) => line.includes("--most-sparsity"));
    assert.ok(advised.length > 0);
    const limits = advised.flatMap((line) => line.trim().replaceAll("'", "").split(" "));
    const pruned = await run([
      ..."prune --task digits --device cpu --sparsity 0.1 --steps 2 --prune-steps 1 --method magnitude".split(" "),
      ...["--model", `${folder}/tiny`, "--train-steps", "1", ...limits],
    ]);
    assert.deepEqual(pruned.code, 0, pruned.err.join("\n"));
  });
});

const measured: Measured = {
  metric: "accuracy",
  greaterIsBetter: true,
  dense: { accuracy: 0.9 },
  groups:
    ([["a", [0.9, 0.895, 0.88]], ["b", [0.91, 0.9, 0.895]], ["c", [0.5, 0.9, 0.1]], ["d", [0.9, 0.9, NaN]]] as const)
      .map(([pattern, values]) => ({
        pattern,
        weights: 1000,
        points: values.map((accuracy, i) => ({ sparsity: [0.25, 0.5, 1][i]!, removed: 0, metrics: { accuracy } })),
      })),
};

Deno.test("limitsAdvised() stays below the first sparsity that loses too much", () => {
  const advice = limitsAdvised(measured, 0.01).map(({ pattern, sparsity }) => [pattern, sparsity]);
  assert.deepEqual(advice, [["d", 0.5], ["c", 0], ["a", 0.5]]);
  assert.ok(0.9 - 0.88 > 0.02, "as much as is tolerated, but for rounding");
  assert.deepEqual(limitsAdvised(measured, 0.02).map(({ pattern }) => pattern), ["d", "c"]);
  const loss: Measured = { ...measured, greaterIsBetter: false };
  assert.deepEqual(limitsAdvised(loss, 0.005).map(({ pattern }) => pattern), ["d", "b"]);
});

Deno.test("sensitivityLines() puts the most sensitive first", () => {
  assert.deepEqual(sensitivityLines(measured, [0.25, 0.5, 1]), [
    "group   weights      25 %      50 %     100 %",
    "d         1,000   90.00 %   90.00 %     NaN %",
    "c         1,000   50.00 %   90.00 %   10.00 %",
    "a         1,000   90.00 %   89.50 %   88.00 %",
    "b         1,000   91.00 %   90.00 %   89.50 %",
  ]);
});

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
