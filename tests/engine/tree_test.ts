import assert from "node:assert/strict";
import fc from "fast-check";
import { combine, leavesOf, mapTree, partition, type Tree, TreeError, zipTrees } from "../../engine/tree.ts";

const { tree: trees } = fc.letrec<{ tree: Tree<number> }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.integer(),
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 4 }).filter((key) => !key.includes("/") && key !== "__proto__"), tie("tree"), {
      maxKeys: 3,
    }),
  ),
}));

Deno.test("leavesOf() walks depth first and joins keys with a slash", () => {
  const leaves = leavesOf<number>({ "a.weight": 1, list: [2, { x: 3 }], empty: {} });
  assert.deepEqual(leaves, [["a.weight", 1], ["list/0", 2], ["list/1/x", 3]]);
  assert.deepEqual(leavesOf(5), [["", 5]]);
});

Deno.test("leavesOf() takes tensors, types, typed arrays and class instances for leaves", () => {
  const type = { shape: [2], dtype: "f32" };
  const data = new Float32Array(2);
  const map = new Map();
  assert.deepEqual(leavesOf<unknown>({ type, data, map } as never).map(([path]) => path), ["type", "data", "map"]);
});

Deno.test("mapTree() keeps the structure and visits leaves in order with their paths", () => {
  fc.assert(fc.property(trees, (tree) => {
    const seen: [string, number][] = [];
    const same = mapTree(tree as unknown, (leaf: number, path) => {
      seen.push([path, leaf]);
      return leaf;
    });
    assert.deepEqual(same, JSON.parse(JSON.stringify(tree)));
    assert.deepEqual(seen, leavesOf(tree));
  }));
});

Deno.test("zipTrees() pairs leaves by path, whatever the order of keys", () => {
  const result = zipTrees({ a: 1, b: [2, 3] }, [{ b: [20, 30], a: 10 }], (x: number, [y]) => x + (y as number));
  assert.deepEqual(result, { a: 11, b: [22, 33] });
});

Deno.test("zipTrees() names the path that differs", () => {
  const zip = (a: unknown, b: unknown) => () => zipTrees(a, [b], (x: number) => x);
  assert.throws(
    zip({ a: { b: 1 } }, { a: {} }),
    (error) => error instanceof TreeError && /"a\/b" is missing/.test(error.message),
  );
  assert.throws(zip({ a: 1 }, { a: 1, c: 2 }), /"c" is surplus/);
  assert.throws(zip([1], [1, 2]), /"1" is surplus/);
});

Deno.test("partition() and combine() are inverse", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.integer()), (record) => {
    const [even, odd] = partition(record, (_, value) => value % 2 === 0);
    assert.ok(Object.values(even).every((value) => value % 2 === 0));
    assert.ok(Object.values(odd).every((value) => value % 2 !== 0));
    assert.deepEqual({ ...combine(even, odd) }, { ...record });
  }));
  assert.deepEqual(combine({ a: 1 }, { a: 2, b: 3 }), { a: 2, b: 3 });
});
