/**
 * A program in words: its graph, kernels, slots and costs.
 *
 * @module
 */
import { barrierOp } from "../graph/barrier.ts";
import { formatType, type Tensor } from "../graph/node.ts";
import { costOf, totalCost } from "./cost.ts";
import { type Index, indexKey } from "./index.ts";
import type { Expr, Kernel } from "./kernel.ts";
import { reachable } from "./lower.ts";
import type { Plan } from "./plan.ts";
import type { Traced } from "./trace.ts";

/** What {@linkcode explain} leaves out or adds. */
export interface ExplainOptions {
  /** Also list every node of the graph. */
  readonly graph?: boolean;
  /** Also print what each kernel stores. */
  readonly expressions?: boolean;
}

const bytes = (n: number): string =>
  n < 1024 ? `${n} B` : n < 2 ** 20 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / 2 ** 20).toFixed(2)} MiB`;
const flops = (n: number): string =>
  n < 1e6
    ? `${(n / 1e3).toFixed(1)} kflop`
    : n < 1e9
    ? `${(n / 1e6).toFixed(2)} Mflop`
    : `${(n / 1e9).toFixed(2)} Gflop`;

/** Prints a plan. */
export function explain(traced: Traced, plan: Plan, options: ExplainOptions = {}): string {
  const lines: string[] = [];
  const outputs = [...traced.nextState, ...traced.metrics].map((leaf) => leaf.tensor);
  const nodes = reachable(outputs);
  lines.push(
    `graph: ${nodes.length} nodes, ${traced.state.length} state leaves, ${traced.batch.length} batch leaves, ` +
      `${traced.metrics.length} metrics`,
  );
  const again = new Set(nodes.filter((node) => node.op === barrierOp).map((node) => node.params.of)).size;
  if (again) lines.push(`checkpoints: ${again}, whose inner values are computed again in the backward pass`);
  if (options.graph) lines.push(...nodes.map(describeNode));
  const cost = totalCost(plan.kernels);
  const kinds = new Map<string, number>();
  plan.kernels.forEach(({ kind }) => kinds.set(kind, (kinds.get(kind) ?? 0) + 1));
  const counted = [...kinds].sort().map(([kind, count]) => `${count} ${kind}`).join(", ");
  lines.push(`kernels: ${plan.kernels.length} (${counted}), ${flops(cost.flops)}, ${bytes(cost.bytes)} moved`);
  plan.kernels.forEach((kernel, position) => {
    const { flops: work, bytes: moved } = costOf(kernel);
    const args = kernel.args.map((arg) => `${{ read: "", write: ">", update: "*" }[arg.access]}${arg.buffer}`).join(
      " ",
    );
    lines.push(`  ${position} ${kernel.label} ${spaceOf(kernel)} [${args}] ${flops(work)} ${bytes(moved)}`);
    if (options.expressions) lines.push(...describeExpressions(kernel).map((line) => `      ${line}`));
  });
  lines.push(
    `slots: ${bytes(plan.slotBytes)} in ${
      plan.buffers.filter(({ role }) => role === "slot").length
    } buffers; largest live set ${bytes(plan.liveBytes)}`,
  );
  plan.buffers.forEach((buffer, i) => {
    if (buffer.role !== "slot") return;
    const lives = plan.lifetimes.filter((life) => life.buffer === i).map((life) =>
      `${life.label} ${life.first}-${life.last}`
    );
    lines.push(`  ${i} ${bytes(buffer.bytes)}: ${lives.join(", ")}`);
  });
  if (plan.stateCopies.length) {
    lines.push(
      `copies at the end: ${
        plan.stateCopies.map(({ from, to, bytes: size }) => `${from} -> ${to} (${bytes(size)})`).join(", ")
      }`,
    );
  }
  return lines.join("\n");
}

/** One node of the graph, in words. */
export function describeNode(node: Tensor): string {
  const params = Object.entries(node.params).filter(([key]) => key !== "shape" && key !== "dtype");
  const text = params.length ? ` ${JSON.stringify(Object.fromEntries(params))}` : "";
  return `  #${node.id} ${node.op.name}(${node.inputs.map((input) => `#${input.id}`).join(", ")})${text}: ${
    formatType(node)
  }`;
}

function spaceOf(kernel: Kernel): string {
  switch (kernel.kind) {
    case "map":
      return `(${kernel.dims.join("x")})`;
    case "row":
    case "column":
      return `(${kernel.outer.join("x") || 1} | ${kernel.inner.join("x")})`;
    case "contract":
      return `(${[...kernel.batch, ""].join("x")}${kernel.m}x${kernel.n}x${kernel.k})`;
    case "opaque":
      return kernel.outputs.map(formatType).join(" ");
  }
}

/** What a kernel computes, one line for each stage, operand and store. */
export function describeExpressions(kernel: Kernel): string[] {
  switch (kernel.kind) {
    case "opaque":
      return [];
    case "map":
      return kernel.stores.map(describeStore);
    case "contract":
      return [`a = ${describeExpr(kernel.a)}`, `b = ${describeExpr(kernel.b)}`, ...kernel.stores.map(describeStore)];
    default:
      return [
        ...kernel.stages.map((stage, i) => `s${i} = ${stage.fold} ${describeExpr(stage.value)}`),
        ...kernel.stores.map(describeStore),
      ];
  }
}

const at = (index: Index): string =>
  indexKey(index).replaceAll("+0", "").replaceAll("1*", "").replace(/^\+/, "") || "0";

const describeStore = ({ arg, index, value }: { arg: number; index: Index; value: Expr }): string =>
  `arg${arg}[${at(index)}] = ${describeExpr(value)}`;

function describeExpr(expr: Expr): string {
  switch (expr.kind) {
    case "load":
      return `arg${expr.arg}[${at(expr.index)}]`;
    case "constant":
      return String(expr.value);
    case "index":
      return `(${at(expr.index)})`;
    case "scalar":
      return `${expr.op.name}(${expr.inputs.map(describeExpr).join(", ")})`;
    case "guard": {
      const tests = expr.bounds.map(({ index, low, high }) => `${low} <= ${at(index)} < ${high}`).join(" and ");
      return `(${tests} ? ${describeExpr(expr.inside)} : ${describeExpr(expr.outside)})`;
    }
    case "stage":
      return `s${expr.stage}`;
    case "accumulator":
      return "acc";
  }
}
