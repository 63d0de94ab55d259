import assert from "node:assert/strict";
import fc from "fast-check";
import {
  adamw,
  constant,
  constantSchedule,
  keepBlocks,
  keepNOfM,
  literal,
  notEqual,
  type Tensor,
} from "../../engine/mod.ts";
import { withTable } from "../../engine/graph/node.ts";
import { interpret } from "../../engine/reference/interpret.ts";
import {
  keptCount,
  methodNamed,
  methods,
  OptionError,
  parsePattern,
  type Pattern,
  patternSparsity,
  type RunOptions,
  runPruning,
  type SelectionSpec,
  type StepEvent,
} from "../../seven/mod.ts";
import { selectionOf } from "../../seven/selection.ts";
import { uniformArray } from "../support/values.ts";
import {
  blockBatches,
  type BlockData,
  blockGroups,
  blockLoss,
  blockParams,
  blockShapes,
  membersOf,
} from "./support/block.ts";
import { cpuDevice } from "./support/toy.ts";

type Flags = Record<string, boolean[]>;
type Run = Pick<RunOptions<unknown>, "method"> & Partial<RunOptions<BlockData<Tensor>>>;

/** Runs 7 steps on the block and gives the masks after each, and the parameters at the end. */
async function follow(run: Run) {
  using device = cpuDevice();
  const masks: Flags[] = [], events: StepEvent[] = [];
  const result = await runPruning<BlockData<Tensor>>({
    device,
    params: blockParams(),
    loss: blockLoss,
    prunable: () => true,
    optimizer: adamw(),
    steps: 7,
    learningRate: constantSchedule({ learningRate: 1e-2 }),
    batches: blockBatches(),
    seed: 1,
    evaluateEvery: 1,
    onEvaluate: async ({ state }) => {
      const packed = await state.readAll("masks");
      masks.push(Object.fromEntries(
        Object.entries(blockShapes).map(([name, [rows, cols]]) => {
          const { data } = packed[`masks/${name}`]!;
          return [name, Array.from({ length: rows * cols }, (_, i) => ((data[i >> 5]! >>> (i & 31)) & 1) === 1)];
        }),
      ));
    },
    onReport: (event) => events.push(event),
    ...run,
  });
  using state = result.state;
  return { masks, events, kept: result.kept, params: await state.readAll("params") };
}

/** Which groups are kept; fails where a group is kept in part. */
function groupsKept(masks: Flags): Record<string, boolean[]> {
  return Object.fromEntries(
    Object.entries(membersOf).map(([set, groups]) => [
      set,
      groups.map((members, i) => {
        const flags = members.map(([name, at]) => masks[name]![at]!);
        assert.ok(flags.every((flag) => flag === flags[0]), `group ${i} of ${set} is kept in part`);
        return flags[0]!;
      }),
    ]),
  );
}

const count = (flags: readonly boolean[]): number => flags.filter(Boolean).length;

Deno.test("heads and neurons are kept as a whole, exactly G - round(s G) of them, under every method and scope", async () => {
  for (const name of Object.keys(methods).filter((name) => name !== "soft-movement" && name !== "lottery")) {
    for (const scope of ["global", "tensor"] as const) {
      const pattern: Pattern = { kind: "groups", groups: blockGroups };
      const method = methodNamed(name, { sparsity: 0.5, pruneSteps: 4, every: 1, scope, pattern });
      const { masks, events, kept, params } = await follow({ method });
      let before: Record<string, boolean[]> | undefined;
      let sparsity = 0;
      masks.forEach((now, i) => {
        sparsity = method.schedule.at(i + 1) ?? sparsity;
        const groups = groupsKept(now), label = `${name}, ${scope}, step ${i + 1}`;
        if (scope === "global") assert.equal(count(Object.values(groups).flat()), keptCount(14, sparsity), label);
        else {
          assert.equal(count(groups.heads!), keptCount(4, sparsity), label);
          assert.equal(count(groups.neurons!), keptCount(10, sparsity), label);
        }
        assert.ok(now.lone!.every(Boolean), "weights in no group stay");
        const weights = count(Object.values(now).flat());
        assert.deepEqual([events[i]!.kept, events[i]!.sparsity], [weights, 1 - weights / 348], label);
        if (before && !method.criterion.returns) {
          for (const [set, flags] of Object.entries(groups)) {
            flags.forEach((flag, g) => assert.ok(!flag || before![set]![g], `${label}: ${set} ${g} came back`));
          }
        }
        before = groups;
      });
      assert.equal(kept, events.at(-1)!.kept);
      if (method.criterion.weights === "zeroed") {
        for (const [weight, flags] of Object.entries(masks.at(-1)!)) {
          flags.forEach((flag, i) => assert.ok(flag || params[`params/${weight}`]!.data[i] === 0));
        }
      }
    }
  }
});

Deno.test("groups are ranked by the sum or the mean of their weights' scores", async () => {
  const params = blockParams();
  const scores = Object.entries(membersOf).flatMap(([set, groups]) =>
    groups.map((members, i) => {
      const sum = members.reduce((total, [name, at]) => total + Math.abs(params[name]!.data[at]!), 0);
      return { set, i, sum, mean: sum / members.length };
    })
  );
  for (const score of ["sum", "mean"] as const) {
    const pattern: Pattern = { kind: "groups", groups: blockGroups, score };
    const { masks } = await follow({ method: methodNamed("magnitude", { sparsity: 0.5, pruneSteps: 1, pattern }) });
    const groups = groupsKept(masks[0]!);
    const best = [...scores].sort((a, b) => b[score] - a[score]).slice(0, 7);
    assert.deepEqual(
      scores.filter(({ set, i }) => groups[set]![i]),
      scores.filter((one) => best.includes(one)),
      score,
    );
  }
});

Deno.test("zeros that were there stay 0 inside groups, and groups of nothing else are not kept for lack of others", async () => {
  const params = blockParams();
  membersOf.heads![2]!.forEach(([name, at]) => params[name]!.data[at] = 0);
  const [lone] = membersOf.heads![0]!;
  params[lone![0]]!.data[lone![1]] = 0;
  const pattern: Pattern = { kind: "groups", groups: { heads: blockGroups.heads! } };
  const { masks, kept } = await follow({
    params,
    method: methodNamed("magnitude", { sparsity: 0, pruneSteps: 1, pattern }),
  });
  const last = masks.at(-1)!;
  membersOf.heads!.forEach((members, head) =>
    members.forEach(([name, at]) =>
      assert.equal(last[name]![at], head !== 2 && !(name === lone![0] && at === lone![1]))
    )
  );
  assert.equal(kept, 348 - 48 - 1);
});

Deno.test("lottery tickets of groups rewind whole groups", async () => {
  const pattern: Pattern = { kind: "groups", groups: blockGroups };
  const method = methodNamed("lottery", { sparsity: 0.5, pruneSteps: 1, pattern, lottery: { rounds: 2 } });
  const { masks, events, kept } = await follow({ method, steps: 2 });
  assert.deepEqual(masks.map((now) => count(Object.values(groupsKept(now)).flat())), [14, 14, 10, 10, 7, 7]);
  assert.deepEqual(events.map((event) => event.kept), masks.map((now) => count(Object.values(now).flat())));
  assert.equal(kept, events.at(-1)!.kept);
});

Deno.test("n:m comes down to n of every m, at the sparsity 1 - n/m and no other", async () => {
  const pattern: Pattern = { kind: "n:m", n: 1, m: 4 };
  const method = methodNamed("seven-pre", { sparsity: 0.75, pruneSteps: 5, pattern });
  const { masks, events } = await follow({ method });
  masks.forEach((now, step) => {
    const each = Math.max(1, keptCount(4, method.schedule.at(step + 1) ?? 0.75));
    for (const [name, [rows, cols]] of Object.entries(blockShapes)) {
      for (let row = 0; row < rows; row++) {
        for (let start = 0; start < cols; start += 4) {
          const flags = now[name]!.slice(row * cols + start, row * cols + Math.min(cols, start + 4));
          assert.equal(count(flags), Math.min(each, flags.length), `step ${step + 1}: ${name}[${row}, ${start}]`);
        }
      }
    }
    assert.equal(events[step]!.kept, count(Object.values(now).flat()));
  });
  await assert.rejects(
    follow({ method: methodNamed("magnitude", { sparsity: 0.5, pruneSteps: 1, pattern }) }),
    /pattern 1:4 has the sparsity 0.75, not 0.5/,
  );
});

/** What a rule chooses of given scores, all weights eligible unless masks are given. */
function choose(
  spec: SelectionSpec,
  scores: Record<string, { shape: readonly number[]; data: ArrayLike<number> }>,
  sparsity: number,
  masks?: Record<string, ArrayLike<number>>,
): Record<string, number[]> {
  return withTable(() => {
    const tensors = Object.fromEntries(
      Object.entries(scores).map(([name, { shape, data }]) => [name, literal(Float32Array.from(data), shape)]),
    );
    const rule = selectionOf(spec, tensors);
    const left = Object.fromEntries(
      Object.entries(scores).map(([name, { data }]) => [name, { size: data.length, left: [data.length] }]),
    );
    const keep = Object.fromEntries(
      Object.entries(rule.keepAt(left, { sparsity, target: sparsity })).map((
        [name, k],
      ) => [name, constant(k, [], "u32")]),
    );
    const before = Object.fromEntries(
      Object.entries(scores).map(([name, { shape, data }]) => [
        name,
        notEqual(literal(Uint32Array.from(masks?.[name] ?? new Array(data.length).fill(1)), shape), 0),
      ]),
    );
    const chosen = interpret(rule.choose(tensors, keep, before, masks !== undefined), new Map());
    return Object.fromEntries(Object.entries(chosen).map(([name, flags]) => [name, [...flags as Float64Array]]));
  });
}

Deno.test("blocks and n:m keep what the engine's own selections keep", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 7 }),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
    fc.double({ min: 0, max: 0.99, noNaN: true }),
    fc.boolean(),
    fc.integer({ min: 0, max: 999 }),
    (height, width, rows, cols, sparsity, sums, seed) => {
      const scores = {
        a: { shape: [height, width], data: uniformArray(height * width, seed) },
        b: { shape: [5, 6], data: uniformArray(30, seed + 1) },
      };
      const score = sums ? "sum" : "mean";
      const total = Math.ceil(height / rows) * Math.ceil(width / cols) + Math.ceil(5 / rows) * Math.ceil(6 / cols);
      const engine = (build: (tensors: Record<string, Tensor>) => Record<string, Tensor>) =>
        withTable(() => {
          const tensors = Object.fromEntries(
            Object.entries(scores).map(([name, { shape, data }]) => [name, literal(Float32Array.from(data), shape)]),
          );
          const masks = interpret(build(tensors), new Map()) as unknown as Record<string, Float64Array>;
          return Object.fromEntries(Object.entries(masks).map(([name, flags]) => [name, [...flags]]));
        });
      assert.deepEqual(
        choose({ pattern: { kind: "blocks", rows, cols, score } }, scores, sparsity),
        engine((tensors) =>
          keepBlocks(tensors, constant(keptCount(total, sparsity), [], "u32"), { rows, cols, score })
        ),
      );
      const [n, m] = [Math.min(rows, cols), Math.max(rows, cols)];
      assert.deepEqual(
        choose({ pattern: { kind: "n:m", n, m } }, scores, 1 - n / m),
        engine((tensors) =>
          Object.fromEntries(Object.entries(tensors).map(([name, score]) => [name, keepNOfM(score, n, m)]))
        ),
      );
    },
  ));
});

Deno.test("blocks under scope row keep as many in each row of blocks, and none of what was pruned", () => {
  const scores = { a: { shape: [4, 6], data: uniformArray(24, 3) } };
  const spec: SelectionSpec = { scope: "row", pattern: { kind: "blocks", rows: 2, cols: 2 } };
  const rowsOf = (flags: number[]) => [0, 12].map((start) => flags.slice(start, start + 12).reduce((a, b) => a + b));
  assert.deepEqual(rowsOf(choose(spec, scores, 1 / 3).a!), [8, 8]);
  // Of the first row of blocks only the last is left: there is none to take its place.
  const masks = { a: scores.a.data.map((_, i) => Number(i >= 12 || i % 6 >= 4)) };
  assert.deepEqual(rowsOf(choose(spec, scores, 1 / 3, masks).a!), [4, 8]);
});

Deno.test("parsePattern() reads patterns, and refuses what is none", () => {
  assert.deepEqual(parsePattern("2:4"), { kind: "n:m", n: 2, m: 4 });
  assert.deepEqual(parsePattern("4x1"), { kind: "blocks", rows: 4, cols: 1 });
  assert.equal(patternSparsity(parsePattern("1:4")), 0.75);
  assert.equal(patternSparsity(parsePattern("unstructured")), undefined);
  for (const text of ["", "4:2", "0:4", "0x3", "heads", "2:4:8"]) assert.throws(() => parsePattern(text), OptionError);
});

Deno.test("groups that do not fit are refused, with their name", async () => {
  const run = (groups: typeof blockGroups, prunable = (_: string): boolean => true) =>
    follow({
      prunable,
      method: methodNamed("snip", { sparsity: 0.5, pruneSteps: 1, pattern: { kind: "groups", groups } }),
    });
  const part = { tensor: "up", axis: 0, size: 1 };
  await assert.rejects(run({}), /pattern of groups has none/);
  await assert.rejects(run(blockGroups, (name) => name !== "down"), /groups "neurons": "down" is no prunable weight/);
  await assert.rejects(
    run({ a: { count: 11, parts: [part] } }),
    /11 slices of 1 from 0 on do not fit axis 0 of "up" \[10,6\]/,
  );
  await assert.rejects(
    run({ a: { count: 2, parts: [part] }, b: { count: 2, parts: [{ ...part, start: 1 }] } }),
    /"b" and "a" overlap in "up"/,
  );
  await assert.rejects(
    follow({
      method: methodNamed("soft-movement", { sparsity: 0.5, pruneSteps: 1, pattern: { kind: "n:m", n: 1, m: 2 } }),
    }),
    /soft-movement keeps weights by a rule of its own/,
  );
});
