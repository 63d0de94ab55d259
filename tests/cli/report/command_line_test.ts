/** Options as a command line, and back. */

import assert from "node:assert/strict";
import { Command } from "commander";
import fc from "fast-check";
import { addPruneOptions, givenOptions } from "../../../seven/cli/option_lines.ts";
import { type GivenOptions, type PruneOptions, resolveOptions } from "../../../seven/cli/options.ts";
import { argumentsOf, commandLine } from "../../../seven/cli/report/mod.ts";

/** What the command line makes of arguments. */
function read(args: readonly string[]): PruneOptions {
  const command = new Command().exitOverride();
  addPruneOptions(command);
  command.parse([...args], { from: "user" });
  return resolveOptions(givenOptions<GivenOptions>(command));
}

function assertRepeats(given: GivenOptions): void {
  const options = resolveOptions(given);
  const { out: _, quiet, ...asked } = options;
  assert.deepEqual(read(argumentsOf(options)), { ...asked, quiet: false }, `${quiet}: ${commandLine(options)}`);
}

Deno.test("commandLine() of defaults tells what the run is about", () => {
  assert.equal(
    commandLine(resolveOptions({ method: ["seven-pre"], out: "runs/1", quiet: true })),
    "deno task prune --task digits --sparsity 0.8 --method seven-pre --steps 150 --prune-steps 100 --seed 1",
  );
});

Deno.test("commandLine() quotes for a shell", () => {
  const line = commandLine(resolveOptions({ model: "my model's", task: "digits", exclude: ["*.query.*", "$x"] }));
  assert.match(line, /--model 'my model'\\''s' /);
  assert.match(line, / --exclude '\*\.query\.\*,\$x'/);
});

Deno.test("argumentsOf() repeats options of every kind", () => {
  assertRepeats({});
  assertRepeats({ dropout: false, checkFinite: true, permanent: false, steadiness: false, moment: "signed" });
  assertRepeats({ method: ["magnitude", "snip"], pruneStart: 3, pruneEvery: 2, schedule: "linear", scope: "tensor" });
  assertRepeats({
    include: ["*.query.weight"],
    exclude: ["/layer\\.[01]/"],
    freeze: ["-odd", "b"],
    augment: ["flip", "erase"],
  });
  assertRepeats({ leastSparsity: [{ pattern: "*=a", share: 0.25 }, { pattern: "b", share: 1 }], mostSparsity: [] });
  assertRepeats({ model: "hf:a/b", task: "sst2", data: "d", learningRate: 3e-5, trainSteps: 10 });
  assertRepeats({
    model: "m",
    task: "sst2",
    learningRate: 3e-5,
    trainSteps: 10,
    trainLearningRate: 1e-3,
    maxLength: 64,
  });
});

Deno.test("argumentsOf() repeats any options", () => {
  const word = fc.stringMatching(/^[\w./*?=:-]{1,8}$/);
  const optional = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(item, { nil: undefined });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const limit = fc.record({ pattern: word, share }, { noNullPrototype: true });
  const given = fc.record({
    model: optional(word),
    sparsity: optional(fc.double({ min: 0, max: 0.999, noNaN: true })),
    method: optional(fc.uniqueArray(fc.constantFrom("snip", "magnitude", "wanda"), { minLength: 1 })),
    steps: optional(fc.integer({ min: 1, max: 1e6 })),
    seed: optional(fc.nat()),
    alpha1: optional(fc.double({ min: 0, max: 0.99, noNaN: true })),
    exclude: optional(fc.array(word, { minLength: 1, maxLength: 3 })),
    leastSparsity: optional(fc.array(limit)),
    learningRate: optional(fc.double({ min: 1e-9, max: 10, noNaN: true })),
    trainSteps: optional(fc.integer({ min: 1, max: 100 })),
    dropout: optional(fc.boolean()),
    pattern: optional(fc.constantFrom("2:4", "head", "4x4")),
  });
  fc.assert(fc.property(given, (some) => assertRepeats({ ...some, task: "digits" } as GivenOptions)), { numRuns: 60 });
});
