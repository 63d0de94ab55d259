/**
 * Chained reductions, for row and column kernels alike.
 *
 * A workgroup is a rectangle of threads: `across` of them on neighbouring outer elements, `along` of them sharing the
 * inner elements of each. Stages that do not use one another fold in the same pass over the inner elements. After a
 * pass, threads that share an outer element combine what they have in workgroup memory, always in the same order, so
 * results do not change from run to run. Where a thread has few inner elements the passes are written out instead of
 * looped, and what one pass has loaded the next one finds in registers.
 *
 * A maximum starts from -infinity (made at run time from its bits), so a row of -infinity folds to -infinity. WGSL lets
 * an implementation assume that there are no infinities and NaNs; those measured do not.
 *
 * @module
 */
import type { Index } from "../compile/index.ts";
import type { Expr, ReduceKernel } from "../compile/kernel.ts";
import type { Dtype } from "../graph/node.ts";
import { COMPONENTS, type Frame, widen } from "./frame.ts";
import { foldIdentity, foldText, typeText } from "./literal.ts";
import { weightOf } from "./map.ts";
import { buildDispatch, type Builder } from "./module.ts";
import { type Layout, passesOf, type Reduction } from "./reduction.ts";
import type { Scope, Value } from "./scope.ts";
import { lanesOf } from "./space.ts";
import type { Dispatch, Target } from "./target.ts";

/** The most iterations of a pass that are written out, and the most expression nodes that they may make. */
const UNROLL = 8, UNROLL_WEIGHT = 240;

/** Emits a reduction in the given layout. */
export function emitReduce(reduction: Reduction, layout: Layout, target: Target): readonly Dispatch[] {
  const { kernel, rows } = reduction;
  if (rows === 0) return [];
  const columns = layout.wide === "outer" ? rows / 4 : rows;
  return [buildDispatch(
    {
      label: kernel.label,
      args: kernel.args,
      workgroup: layout.across * layout.along,
      groups: Math.ceil(columns / layout.across),
      lanes: layout.wide === "none" ? 1 : 4,
    },
    target,
    (builder) => new ReduceWriter(reduction, layout, builder).write(),
  )];
}

/** An inner position that is written out, and the condition under which it is there. */
interface Unrolled {
  readonly frame: Frame;
  readonly there?: string;
}

/** Writes one reduction. */
class ReduceWriter {
  readonly #reduction: Reduction;
  readonly #layout: Layout;
  readonly #builder: Builder;
  readonly #body: Scope;
  /** Outer coordinates, per lane of the outer side. */
  #outer: readonly (readonly Index[])[] = [];
  readonly #results: Value[] = [];
  readonly #units: number;
  readonly #unrolled: readonly Unrolled[] | undefined;
  readonly #memory = new Map<string, number>();
  #inside = "";

  constructor(reduction: Reduction, layout: Layout, builder: Builder) {
    this.#reduction = reduction;
    this.#layout = layout;
    this.#builder = builder;
    this.#body = builder.root.child(1);
    this.#units = layout.wide === "inner" ? reduction.length / 4 : reduction.length;
    this.#place();
    this.#unrolled = this.#unroll();
  }

  write(): void {
    const { kernel } = this.#reduction;
    const passes = passesOf(kernel);
    passes.forEach((stages, pass) => this.#pass(stages, pass > 0));
    const full = kernel.stores.filter((store) => store.level === "full");
    if (full.length > 0) {
      this.#each((frame) => this.#builder.emitter.store(full, frame), true);
    }
    const outer = kernel.stores.filter((store) => store.level === "outer");
    if (outer.length > 0) this.#storeOuter(outer);
    this.#body.flush();
  }

  /** Declares the thread's place: `row` on the outer side, `step` on the inner one. */
  #place(): void {
    const { outer, rows } = this.#reduction, { across, along, wide } = this.#layout;
    const lines = this.#body.lines, columns = wide === "outer" ? rows / 4 : rows;
    if (along > 1) lines.push(`let step = ${across === 1 ? "local" : `local / ${across}u`};`);
    const place = across === 1 ? "group" : `group * ${across}u + ${along === 1 ? "local" : `local % ${across}u`}`;
    if (columns % across === 0) lines.push(`let row = ${place};`);
    else {
      lines.push(`let place = ${place};`, `let row = min(place, ${columns - 1}u);`);
      this.#inside = `place < ${columns}u`;
    }
    const flat = this.#builder.variables.add("row", 1, columns);
    this.#outer = lanesOf(flat, outer.dims, wide === "outer" ? 4 : 1).map(outer.split);
  }

  #leaf = (expr: Expr): Value => this.#results[(expr as Extract<Expr, { kind: "stage" }>).stage]!;

  /** A frame at inner position `flat`, which counts in fours on a wide inner side. */
  #frame(scope: Scope, flat: Index): Frame {
    const { inner } = this.#reduction;
    const innerLanes = lanesOf(flat, inner.dims, this.#layout.wide === "inner" ? 4 : 1).map(inner.split);
    const lanes = this.#outer.length > 1
      ? this.#outer.map((outer) => [...outer, ...innerLanes[0]!])
      : innerLanes.map((one) => [...this.#outer[0]!, ...one]);
    return { scope, lanes, leaf: this.#leaf, memo: new Map() };
  }

  /** One lasting frame per inner position of a thread, where they are few; not all threads may have the last. */
  #unroll(): readonly Unrolled[] | undefined {
    const { along } = this.#layout, { kernel } = this.#reduction;
    const count = Math.ceil(this.#units / along);
    const weight = weightOf([...kernel.stages.map((stage) => stage.value), ...kernel.stores.map((one) => one.value)]);
    if (count > UNROLL || count * weight > UNROLL_WEIGHT) return undefined;
    const scope = this.#body.child(2);
    return Array.from({ length: count }, (_, i) => {
      const name = `inner${i}`, position = `${along > 1 ? "step" : "0u"}${i === 0 ? "" : ` + ${i * along}u`}`;
      const whole = (i + 1) * along <= this.#units;
      this.#body.lines.push(`let ${name} = ${whole ? position : `min(${position}, ${this.#units - 1}u)`};`);
      const frame = this.#frame(scope, this.#builder.variables.add(name, 2, this.#units));
      return whole ? { frame } : { frame, there: `${position} < ${this.#units}u` };
    });
  }

  /**
   * Does `write` at every inner position of the thread. One that is not there for all threads repeats the last, and is
   * told when it is there; with `guarded` it is left out where not.
   */
  #each(write: (frame: Frame, there?: string) => void, guarded: boolean): void {
    const guard = guarded && this.#inside !== "" ? this.#inside : undefined;
    if (this.#unrolled) {
      // Under a guard the statements go to a block of their own; what is known already stays in sight.
      for (const { frame, there } of this.#unrolled) {
        const conditions = guarded ? [guard, there].filter((one) => one !== undefined) : [];
        if (conditions.length === 0) write(frame, there);
        else {
          const scope = frame.scope.child();
          write({ ...frame, scope, memo: new Map(), outer: frame });
          scope.flush(`if (${conditions.join(" && ")}) {`, "}");
        }
      }
      this.#unrolled[0]?.frame.scope.flush();
      return;
    }
    const { along } = this.#layout, scope = this.#body.child(2);
    const flat = this.#builder.variables.add("inner", 2, this.#units);
    write(this.#frame(scope, flat));
    const loop = `for (var inner = ${along > 1 ? "step" : "0u"}; inner < ${this.#units}u; inner += ${along}u) {`;
    if (guard) this.#body.lines.push(`if (${guard}) {`);
    scope.flush(loop, "}");
    if (guard) this.#body.lines.push("}");
  }

  #pass(stages: readonly number[], again: boolean): void {
    const { kernel } = this.#reduction, { emitter } = this.#builder, { wide, along } = this.#layout;
    const fours = wide !== "none";
    const sums = stages.map((stage) => ({ stage, name: `fold${stage}`, ...kernel.stages[stage]! }));
    for (const { name, fold, dtype } of sums) {
      const identity = emitter.text(foldIdentity(fold, dtype));
      this.#body.lines.push(`var ${name} = ${fours ? `vec4<${dtype}>(${identity})` : identity};`);
    }
    this.#each((frame, there) => {
      const values = sums.map(({ value }) => emitter.value(value, frame));
      sums.forEach(({ name, fold, dtype }, i) => {
        const text = fours ? widen(values[i]!, dtype) : values[i]!.text;
        // A maximum may count an element twice, a sum may not.
        const once = there && fold === "sum" ? `select(${typeText(dtype, fours)}(), ${text}, ${there})` : text;
        frame.scope.lines.push(`${name} = ${foldText(fold, name, once)};`);
      });
    }, false);
    for (const { name, fold, stage } of sums) {
      let text = name;
      if (wide === "inner") {
        text = COMPONENTS.map((component) => `${name}.${component}`)
          .reduce((sum, part) => `${foldText(fold, sum, part)}`);
      }
      const result = this.#body.declare(text);
      this.#results[stage] = { text: result, level: 1, wide: wide === "outer" };
    }
    if (along > 1) this.#combine(sums, again);
  }

  /** Combines the partial results of the threads that share an outer element. */
  #combine(
    sums: readonly { readonly stage: number; readonly fold: "sum" | "max" | "min"; readonly dtype: Dtype }[],
    again: boolean,
  ): void {
    const { across, along } = this.#layout, lines = this.#body.lines, wide = this.#layout.wide === "outer";
    const used = new Map<string, number>();
    const shared = sums.map(({ dtype }) => {
      const slot = used.get(dtype) ?? 0;
      used.set(dtype, slot + 1);
      const name = `shared_${dtype}_${slot}`;
      if ((this.#memory.get(dtype) ?? 0) <= slot) {
        this.#memory.set(dtype, slot + 1);
        this.#builder.globals.push(`var<workgroup> ${name}: array<${typeText(dtype, wide)}, ${across * along}>;`);
      }
      return name;
    });
    if (again) lines.push("workgroupBarrier();");
    sums.forEach(({ stage }, i) => lines.push(`${shared[i]}[local] = ${this.#results[stage]!.text};`));
    lines.push("workgroupBarrier();");
    // Few partial results: every thread folds them all, which costs one barrier. Many: a tree.
    let remaining = along;
    while (remaining > 8) {
      remaining /= 2;
      const steps = sums.map(({ fold }, i) =>
        `${shared[i]}[local] = ${
          foldText(fold, `${shared[i]}[local]`, `${shared[i]}[local + ${remaining * across}u]`)
        };`
      );
      lines.push(`if (local < ${remaining * across}u) { ${steps.join(" ")} }`, "workgroupBarrier();");
    }
    const column = across === 1 ? "" : this.#body.name(`local % ${across}u`);
    sums.forEach(({ fold, stage }, i) => {
      const parts = Array.from(
        { length: remaining },
        (_, part) => across === 1 ? `${shared[i]}[${part}]` : `${shared[i]}[${column} + ${part * across}u]`,
      );
      const text = this.#body.declare(parts.reduce((sum, part) => foldText(fold, sum, part)));
      this.#results[stage] = { text, level: 1, wide };
    });
  }

  #storeOuter(stores: ReduceKernel["stores"]): void {
    const { along } = this.#layout, { kernel } = this.#reduction;
    const scope = this.#body.child(1);
    const inner = kernel.inner.map(() => ({ terms: [], offset: 0 }));
    const lanes = this.#outer.map((outer) => [...outer, ...inner]);
    this.#builder.emitter.store(stores, { scope, lanes, leaf: this.#leaf, memo: new Map() });
    // Other threads of the workgroup may not have read yet what is updated here in place.
    const updates = stores.some((store) => kernel.args[store.arg]!.access === "update");
    if (along > 1 && updates) this.#body.lines.push("workgroupBarrier();");
    const conditions = [...(along > 1 ? ["step == 0u"] : []), ...(this.#inside === "" ? [] : [this.#inside])];
    scope.flush(conditions.length > 0 ? `if (${conditions.join(" && ")}) {` : "{", "}");
  }
}
