import assert from "node:assert/strict";
import fc from "fast-check";
import { constant, literal, notEqual } from "../../engine/mod.ts";
import { withTable } from "../../engine/graph/node.ts";
import { interpret } from "../../engine/reference/interpret.ts";
import { keptCount, type Limit, methodNamed, runPruning } from "../../seven/mod.ts";
import { boundsAt, boundsOf, checkBounds, keepWithin } from "../../seven/limits.ts";
import { runOptions } from "./support/run_options.ts";
import { cpuDevice } from "./support/toy.ts";

interface Element {
  readonly name: string;
  readonly i: number;
  readonly score: number;
  readonly eligible: boolean;
}

const tensor = fc.array(fc.record({ score: fc.integer({ min: -3, max: 3 }), eligible: fc.boolean() }), {
  minLength: 1,
  maxLength: 12,
});
const range = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));

Deno.test("keepWithin() keeps exactly k: what limits protect, then the greatest within the caps, then the rest", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(tensor, fc.option(range)), { minLength: 1, maxLength: 4 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.boolean(),
      (tensors, density, anyEligible) => {
        const elements: Element[] = tensors.flatMap(([values], t) =>
          values.map(({ score, eligible }, i) => ({ name: `t${t}`, i, score, eligible: eligible || anyEligible }))
        );
        const sizes = Object.fromEntries(tensors.map(([values], t) => [`t${t}`, values.length]));
        const limits = tensors.flatMap(([, limit], t): Limit[] =>
          limit ? [{ match: (name) => name === `t${t}`, least: Math.min(...limit), most: Math.max(...limit) }] : []
        );
        let bounds: ReturnType<typeof boundsOf>;
        try {
          bounds = boundsOf(limits, sizes);
        } catch {
          return; // Between the two shares there may be no whole number of weights.
        }
        fc.pre(Object.keys(bounds).length > 0);
        const k = Math.round(density * elements.length);
        const counts = { all: k, ...boundsAt(bounds, { sparsity: 1, target: 1 }) } as Record<string, number>;

        const kept = withTable(() => {
          const of = <T>(f: (values: Element[]) => T): Record<string, T> =>
            Object.fromEntries(
              Object.keys(sizes).map((name) => [name, f(elements.filter((one) => one.name === name))]),
            );
          const scores = of((own) => literal(Float32Array.from(own, ({ score }) => score)));
          const eligible = of((own) => notEqual(literal(Uint32Array.from(own, ({ eligible }) => Number(eligible))), 0));
          const keep = Object.fromEntries(Object.entries(counts).map(([name, n]) => [name, constant(n, [], "u32")]));
          return interpret(keepWithin(bounds, scores, keep, anyEligible ? undefined : eligible), new Map());
        }) as unknown as Record<string, Float64Array>;

        // The definition: sort, and take.
        const order = elements.filter(({ eligible }) => eligible)
          .map((element, at) => ({ ...element, at })).sort((a, b) => b.score - a.score || a.at - b.at);
        const own = (name: string) => order.filter((element) => element.name === name);
        const rank = (element: Element) => own(element.name).findIndex(({ i }) => i === element.i);
        const first = order.filter((element) => bounds[element.name] && rank(element) < bounds[element.name]!.least);
        const within = order.filter((element) =>
          !first.includes(element) && (!bounds[element.name] || rank(element) < bounds[element.name]!.most)
        );
        const beyond = order.filter((element) => !first.includes(element) && !within.includes(element));
        const chosen = [...first, ...[...within, ...beyond].slice(0, Math.max(0, k - first.length))];
        for (const { name, i } of elements) {
          const expected = chosen.some((element) => element.name === name && element.i === i);
          assert.equal(kept[name]![i], Number(expected), `${name}[${i}]`);
        }
        if (first.length <= k) assert.equal(chosen.length, Math.min(k, order.length));
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("limits can be met at every step on the way when they can at its end", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.option(range)), { minLength: 1, maxLength: 6 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (tensors, target, share) => {
        const sizes = Object.fromEntries(tensors.map(([size], t) => [`t${t}`, size]));
        const limits = tensors.flatMap(([, limit], t): Limit[] =>
          limit ? [{ match: (name) => name === `t${t}`, least: Math.min(...limit), most: Math.max(...limit) }] : []
        );
        let bounds: ReturnType<typeof boundsOf>;
        try {
          bounds = boundsOf(limits, sizes);
          checkBounds(bounds, sizes, target);
        } catch {
          return;
        }
        const sparsity = target * share;
        const now = boundsAt(bounds, { sparsity, target });
        const total = Object.values(sizes).reduce((a, b) => a + b);
        const sum = (side: "least" | "most") =>
          Object.keys(sizes).reduce(
            (sum, name) => sum + (now[`${side} ${name}`] ?? (side === "least" ? 0 : sizes[name]!)),
            0,
          );
        assert.ok(sum("least") <= keptCount(total, sparsity) && keptCount(total, sparsity) <= sum("most"));
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("a run keeps exactly k weights in all at every step, and each tensor within its limits at the end", async () => {
  using device = cpuDevice();
  for (
    const [name, limit, low, high] of [
      ["seven-pre", { match: (name: string) => name === "w1", least: 0.9 }, 0, 24],
      ["platon", { match: (name: string) => name === "w1", least: 0.3, most: 0.5 }, 120, 168],
      ["iterative-snip", { match: (name: string) => name === "w2", most: 0.1 }, 0, 36],
      ["force", { match: (name: string) => name === "w2", least: 0.9 }, 132, 240],
    ] as const
  ) {
    const method = methodNamed(name, { sparsity: 0.6, pruneSteps: 6, every: 1, limits: [limit] });
    const counts: [number, number][] = [];
    const result = await runPruning({
      ...runOptions(device),
      method,
      evaluateEvery: 1,
      onEvaluate: async ({ state }) => {
        const masks = await state.readAll("masks");
        const bits = (name: string) =>
          [...masks[`masks/${name}`]!.data].reduce((sum, word) => sum + word.toString(2).replaceAll("0", "").length, 0);
        counts.push([bits("w1"), bits("w2")]);
      },
    });
    using _state = result.state;
    let sparsity = 0;
    counts.forEach(([a, b], i) => {
      sparsity = method.schedule.at(i + 1) ?? sparsity;
      assert.equal(a + b, keptCount(360, sparsity), `${name}, step ${i + 1}`);
    });
    const [w1] = counts.at(-1)!;
    assert.ok(w1 >= low && w1 <= high, `${name}: ${w1} of w1`);
  }
});

Deno.test("limits that cannot be met are refused at the start, and say which sparsity they allow", async () => {
  using device = cpuDevice();
  const run = (sparsity: number, limits: readonly Limit[], extra = {}) =>
    runPruning({
      ...runOptions(device),
      method: methodNamed("magnitude", { sparsity, pruneSteps: 1, limits, ...extra }),
    });
  const w1 = (name: string) => name === "w1";
  await assert.rejects(
    run(0.9, [{ match: w1, most: 0.5 }]),
    /0.9 cannot be met under the limits \(most\) of 1 tensors, such as "w1": they allow 0.0000 to 0.6667 in all/,
  );
  await assert.rejects(
    run(0.1, [{ match: w1, least: 0.5 }]),
    /limits \(least\) of 1 tensors, such as "w1": they allow 0.3333 to 1.0000/,
  );
  await assert.rejects(run(0.5, [{ match: () => false }]), /limits from 0 to 1 match none of 2 tensors, such as w1/);
  await assert.rejects(run(0.5, [{ match: w1, least: 0.7, most: 0.3 }]), /from 0.7 to 0.3 are no range/);
  await assert.rejects(
    run(0.5, [{ match: w1, least: 0.7 }, { match: w1, most: 0.3 }]),
    /limits on "w1" leave no sparsity/,
  );
  await assert.rejects(run(0.5, [{ match: w1 }], { scope: "tensor" }), /limits need the scope "global"/);
});
