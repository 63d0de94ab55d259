import assert from "node:assert/strict";
import fc from "fast-check";
import { namePredicate, OptionError } from "../../seven/mod.ts";

const names = [0, 1, 11].flatMap((layer) =>
  ["query.weight", "query.bias", "output.weight"].map((part) => `bert.encoder.layer.${layer}.${part}`)
);
const weights = (name: string): boolean => name.endsWith(".weight");
const chosen = (filter: Parameters<typeof namePredicate>[0], base?: (name: string) => boolean): string[] =>
  names.filter(namePredicate(filter, names, base)).map((name) => name.slice("bert.encoder.layer.".length));

Deno.test("namePredicate() narrows a default predicate by globs and regular expressions", () => {
  assert.deepEqual(chosen({}, weights), [0, 1, 11].flatMap((i) => [`${i}.query.weight`, `${i}.output.weight`]));
  assert.deepEqual(chosen({ include: ["*.layer.1.*"] }, weights), ["1.query.weight", "1.output.weight"]);
  assert.deepEqual(chosen({ include: ["*.layer.??.*"] }, weights), ["11.query.weight", "11.output.weight"]);
  assert.deepEqual(chosen({ include: ["/layer\\.1+\\./"], exclude: ["*output*"] }, weights), [
    "1.query.weight",
    "11.query.weight",
  ]);
  assert.deepEqual(chosen({ include: ["*.0.query.bias", "*.1.query.*"] }), [
    "0.query.bias",
    "1.query.weight",
    "1.query.bias",
  ]);
  // A dot is a dot, and a glob covers the whole name.
  assert.throws(() => chosen({ include: ["bert.encoder.layer.1"] }), OptionError);
  assert.throws(() => chosen({ include: ["bert.encoder.layer.1.query?weights"] }), OptionError);
});

Deno.test("namePredicate() takes every name as itself, whatever characters it has", () => {
  fc.assert(fc.property(fc.string({ minLength: 1 }), fc.string(), (name, other) => {
    fc.pre(!/[*?]/.test(name) && !/^\/.+\/$/s.test(name));
    const predicate = namePredicate({ include: [name] }, [name, other]);
    assert.ok(predicate(name));
    assert.equal(predicate(other), other === name);
  }));
});

Deno.test("namePredicate() refuses what matches nothing, and tells names that come near", () => {
  assert.throws(
    () => chosen({ exclude: ["bert.encoder.layer.0.querry.weight"] }, weights),
    /^OptionError: exclude "bert.encoder.layer.0.querry.weight" matches none of 6 names; did you mean "bert.encoder.layer.0.query.weight", /,
  );
  assert.throws(
    () => chosen({ include: ["*.bias"] }, weights),
    /matches "bert.encoder.layer.0.query.bias", which cannot be/,
  );
  assert.throws(() => chosen({ include: ["/(/"] }), /"\/\(\/" is no regular expression: /);
  assert.throws(() => chosen({ include: [""] }), /a pattern of names is empty/);
  assert.throws(() => namePredicate({ include: ["a"] }, []), /matches none of 0 names; there are none/);
});
