/**
 * One step of every method on every device: scores are those of the f64 oracle, and what is kept is what the definition
 * says of the device's own scores, exactly.
 */
import assert from "node:assert/strict";
import {
  type Device,
  type HostTensor,
  hostTensor,
  type Placed,
  sgd,
  tap,
  type Tensor,
  type Type,
  zeros,
} from "../../engine/mod.ts";
import { interpretFunction } from "../../engine/reference/interpret.ts";
import {
  type GroupSpec,
  keptCount,
  type Method,
  methodNamed,
  type MethodOptions,
  methods,
  type PruningState,
  pruningSteps,
  type Scope,
} from "../../seven/mod.ts";
import { mapNamed } from "../../seven/criteria/criterion.ts";
import { onDevices } from "../engine/suite/support.ts";
import { assertClose } from "../support/assert_close.ts";
import { toy, type ToyData } from "./support/toy.ts";

/** Hidden neurons of the toy: a row of w1 with a column of w2. */
const neurons: GroupSpec = {
  hidden: { count: 24, parts: [{ tensor: "w1", axis: 0, size: 1 }, { tensor: "w2", axis: 1, size: 1 }] },
};

/** Every method of the registry, and patterns and limits over some. */
const table: readonly (readonly [name: string, options: Partial<MethodOptions>])[] = [
  ...Object.keys(methods).map((name) => [name, {}] as const),
  ["seven-pre", { pattern: { kind: "groups", groups: neurons } }],
  ["grasp", { pattern: { kind: "blocks", rows: 5, cols: 4, score: "sum" } }],
  ["force", { pattern: { kind: "n:m", n: 2, m: 4 } }],
  ["snip", { scope: "row" }],
  ["snip", { limits: [{ match: (name) => name === "w1", most: 0.4 }] }],
];

const SPARSITY = 0.5;
const flat = ["w1", "w2"] as const;
const widths = { w1: 10, w2: 24 } as const;

/** Params of which every seventh prunable weight is 0 to begin with. */
function initialParams(): Record<string, HostTensor> {
  const params = toy.params();
  for (const name of flat) params[name]!.data.forEach((_, i) => i % 7 === 3 && (params[name]!.data[i] = 0));
  return params;
}

/** The step of a method that chooses masks, its criterion's scores tapped. */
function scored(method: Method, onScores: (scores: Record<string, Tensor>) => void = () => {}) {
  const { score } = method.criterion;
  const criterion = {
    ...method.criterion,
    score(...given: Parameters<typeof score>) {
      const scores = mapNamed(score(...given), (one, name) => tap(one, name));
      onScores(scores);
      return scores;
    },
    ...(method.criterion.masks
      ? {
        masks(...given: Parameters<typeof score>) {
          criterion.score(...given);
          return method.criterion.masks!(...given);
        },
      }
      : {}),
  };
  const steps = pruningSteps<ToyData<Tensor>>({
    ...toy,
    ...method,
    criterion,
    optimizer: sgd(),
    rewinds: method.lottery !== undefined,
  });
  return { steps, step: method.lottery ? steps.rewind : steps.prune };
}

/** Whether each weight is kept, by the definition. */
function definition(scores: Record<string, ArrayLike<number>>, method: Method, zeroed: Record<string, boolean[]>) {
  const { pattern, scope = "global", limits } = method;
  const all = flat.flatMap((name) =>
    Array.from(scores[name]!, (score, i) => {
      const alive = method.criterion.returns || !zeroed[name]![i];
      const row = Math.floor(i / widths[name]), column = i % widths[name];
      return { name, i, score, alive, row, column };
    })
  );
  type Weight = (typeof all)[number];
  const best = <T extends { score: number; alive: boolean }>(of: readonly T[], k: number): T[] =>
    [...of].sort((a, b) => Number(b.alive) - Number(a.alive) || b.score - a.score).slice(0, k).filter(({ alive }) =>
      alive
    );
  const groupBy = (keyOf: (weight: Weight) => string): Weight[][] => [
    ...Map.groupBy(all, keyOf).values(),
  ];
  const whole = (groups: Weight[][], mean: boolean): Weight[] => {
    const scored = groups.map((weights) => {
      const sum = weights.reduce((sum, { score, alive }) => sum + (alive ? score : 0), 0);
      return { weights, score: mean ? sum / weights.length : sum, alive: weights.some(({ alive }) => alive) };
    });
    return best(scored, keptCount(groups.length, SPARSITY)).flatMap(({ weights }) => weights).filter(({ alive }) =>
      alive
    );
  };
  if (pattern?.kind === "groups") {
    return whole(groupBy(({ name, row, column }) => `${name === "w1" ? row : column}`), true);
  }
  if (pattern?.kind === "blocks") {
    const { rows, cols } = pattern;
    return whole(
      groupBy(({ name, row, column }) => `${name} ${Math.floor(row / rows)} ${Math.floor(column / cols)}`),
      false,
    );
  }
  if (pattern?.kind === "n:m") {
    const { n, m } = pattern;
    return groupBy(({ name, row, column }) => `${name} ${row} ${Math.floor(column / m)}`).flatMap((group) =>
      best(group, n)
    );
  }
  if (limits) {
    // 60 % of w1 at the least.
    const first = best(all.filter(({ name }) => name === "w1"), 144);
    return [...first, ...best(all.filter((weight) => !first.includes(weight)), keptCount(360, SPARSITY) - 144)];
  }
  const keys: Record<Scope, (weight: Weight) => string> = {
    global: () => "",
    tensor: ({ name }) => name,
    row: ({ name, row }) => `${name} ${row}`,
  };
  return groupBy(keys[scope]).flatMap((group) => best(group, keptCount(group.length, SPARSITY)));
}

async function check(device: Device, method: Method, label: string): Promise<void> {
  const params = initialParams();
  const zeroed = Object.fromEntries(flat.map((name) => [name, [...params[name]!.data].map((x) => x === 0)]));
  const { steps, step } = scored(method);
  const initial = steps.init(params);
  const numbers = {
    t: 1,
    learningRate: 1e-2,
    key: Uint32Array.of(3, 4),
    progress: { update: 1, sparsity: SPARSITY, target: SPARSITY },
  };
  const inputs = steps.inputs(params, numbers), inputTypes = steps.inputTypes(params);
  const batch = toy.hostBatches().next().value!;
  using state = device.place(initial as never) as unknown as Placed<PruningState<Tensor>>;
  const types = { state: state.types, batch: { data: toy.dataTypes, inputs: inputTypes } } as never;
  using program = await device.compile(step, types);
  program.run(state, { data: batch, inputs } as never);
  const { taps } = await program.lastMetrics();
  const own = Object.fromEntries(flat.map((name) => [name, (taps[name] as HostTensor).data]));

  let scores: Record<string, Tensor> = {};
  const oracle = scored(method, (found) => scores = found);
  const host = (type: Type, value: unknown): HostTensor =>
    typeof value === "number"
      ? { ...zeros(type), data: zeros(type).data.fill(value) as never }
      : hostTensor(value as Uint32Array);
  const hostInputs = {
    ...mapNamed(
      { optimizer: inputTypes.optimizer, criterion: inputTypes.criterion, keep: inputTypes.keep },
      (named, part) =>
        mapNamed(named, (type, name) => host(type, (inputs[part as "keep"] as Record<string, number>)[name])),
    ),
    key: host(inputTypes.key, inputs.key),
  };
  const exact = interpretFunction(
    (state: PruningState<Tensor>, batch: { data: ToyData<Tensor>; inputs: never }) => {
      (method.lottery ? oracle.steps.rewind : oracle.steps.prune)(state, batch);
      return scores;
    },
    initial as never,
    { data: batch, inputs: hostInputs } as never,
  ) as unknown as Record<string, Float64Array>;
  for (const name of flat) {
    const largest = exact[name]!.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    assert.ok(largest > 0, `${label}: no scores`);
    assertClose(own[name]!, exact[name]!, { rtol: 1e-4, atol: 2e-6 * largest }, `${label}: scores of ${name}`);
  }

  const masks = await state.readAll("masks");
  const flagOf = (name: string, i: number): boolean => ((masks[`masks/${name}`]!.data[i >> 5]! >>> (i & 31)) & 1) === 1;
  if (method.criterion.masks) {
    for (const name of flat) {
      const least = [...own[name]!].sort((a, b) => b - a)[Math.ceil(0.005 * own[name]!.length) - 1]!;
      own[name]!.forEach((score, i) => {
        const threshold = 1 / (1 + Math.exp(-score)) - 0.1;
        if (Math.abs(threshold) > 1e-6) {
          assert.equal(flagOf(name, i), threshold > 0 || score > least, `${label}: ${name}[${i}]`);
        }
      });
    }
    return;
  }
  const kept = definition(own, method, zeroed);
  for (const name of flat) {
    const expected = new Set(kept.filter((weight) => weight.name === name).map(({ i }) => i));
    own[name]!.forEach((_, i) => assert.equal(flagOf(name, i), expected.has(i), `${label}: ${name}[${i}]`));
  }
}

// One device for all of them, since they share most of their kernels.
onDevices("one step of every method: scores of the oracle, masks of the definition", async (device) => {
  for (const [name, options] of table) {
    const rule = options.pattern?.kind ?? options.scope ?? (options.limits ? "limits" : "");
    const method = methodNamed(name, { sparsity: SPARSITY, pruneSteps: 1, every: 1, ...options });
    await check(device, method, `${device.kind}: ${name} ${rule}`.trim());
  }
});
