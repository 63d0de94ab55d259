/**
 * Canonical text of a kernel without its label and buffers: equal keys mean equal code, so that the layers of a model
 * are emitted and compiled once.
 *
 * @module
 */
import { indexKey } from "../compile/index.ts";
import { type Expr, expressionsOf, type Kernel, visitExpr } from "../compile/kernel.ts";

/** The key of a kernel. */
export function kernelKey(kernel: Kernel): string {
  const numbers = new Map<Expr, number>();
  const lines: string[] = [];
  visitExpr(expressionsOf(kernel), (expr) => {
    const of = (input: Expr): number => numbers.get(input)!;
    numbers.set(expr, lines.length);
    lines.push(`${expr.dtype} ${textOf(expr, of)}`);
  });
  const of = (expr: Expr): number => numbers.get(expr)!;
  const args = kernel.args.map((arg) => `${arg.access} ${arg.dtype} ${arg.length}`).join();
  return [kernel.kind, args, headOf(kernel, of), ...lines].join("\n");
}

function textOf(expr: Expr, of: (input: Expr) => number): string {
  switch (expr.kind) {
    case "load":
      return `load ${expr.arg} ${indexKey(expr.index)}`;
    case "constant":
      return `constant ${Object.is(expr.value, -0) ? "-0" : expr.value}`;
    case "index":
      return `index ${indexKey(expr.index)}`;
    case "scalar":
      return `${expr.op.name} ${expr.inputs.map(of)} ${JSON.stringify(expr.params)}`;
    case "guard": {
      const bounds = expr.bounds.map(({ index, low, high }) => `${low}<=${indexKey(index)}<${high}`);
      return `guard ${bounds} ${of(expr.inside)} ${of(expr.outside)}`;
    }
    case "stage":
      return `stage ${expr.stage}`;
    case "accumulator":
      return "accumulator";
  }
}

function headOf(kernel: Kernel, of: (expr: Expr) => number): string {
  if (kernel.kind === "opaque") {
    const { op, params, inputs, outputs, scratch } = kernel;
    return `${op} ${JSON.stringify([params, inputs, outputs, scratch])}`;
  }
  const stores = kernel.stores.map((store) =>
    `${store.arg} ${indexKey(store.index)} ${of(store.value)} ${store.level}`
  );
  switch (kernel.kind) {
    case "map":
      return `${kernel.dims};${stores}`;
    case "contract":
      return `${kernel.batch};${kernel.m};${kernel.n};${kernel.k};${of(kernel.a)};${of(kernel.b)};${stores}`;
    default: {
      const stages = kernel.stages.map((stage) => `${stage.fold} ${stage.dtype} ${of(stage.value)}`);
      return `${kernel.outer};${kernel.inner};${stages};${stores}`;
    }
  }
}
