import { adam, adamax, adamw, clipByGlobalNorm, type Optimizer, sgd } from "../../engine/optim.ts";
import { constantSchedule, cosineSchedule, linearSchedule, type Schedule } from "../../engine/optim.ts";
import type { Tensor } from "../../engine/graph/node.ts";
import { type HostValues, interpretFunction } from "../../engine/reference/interpret.ts";
import { mapTree } from "../../engine/tree.ts";
import { assertClose } from "../support/assert_close.ts";
import { values } from "../support/values.ts";
import numbers from "./optimizers.json" with { type: "json" };

interface TorchOptions {
  readonly weight_decay?: number;
  readonly momentum?: number;
  readonly dampening?: number;
  readonly nesterov?: boolean;
  readonly betas?: readonly number[];
  readonly eps?: number;
}

function optimizerOf(kind: string, torch: TorchOptions): Optimizer {
  const options = {
    weightDecayFor: () => true,
    weightDecay: torch.weight_decay ?? 0,
    ...(torch.momentum === undefined ? {} : { momentum: torch.momentum }),
    ...(torch.dampening === undefined ? {} : { dampening: torch.dampening }),
    ...(torch.nesterov === undefined ? {} : { nesterov: torch.nesterov }),
    ...(torch.betas ? { beta1: torch.betas[0]!, beta2: torch.betas[1]! } : {}),
    ...(torch.eps === undefined ? {} : { eps: torch.eps }),
  };
  return { sgd, adam, adamw, adamax }[kind]!(options);
}

type Arrays = Readonly<Record<string, ArrayLike<number>>>;
const shapes: Readonly<Record<string, readonly number[]>> = numbers.shapes;
const typed = (arrays: Arrays): Record<string, HostValues> =>
  Object.fromEntries(Object.entries(arrays).map(([name, data]) => [name, values(shapes[name]!, data)]));

for (const [name, variant] of Object.entries(numbers.variants)) {
  Deno.test(`${name}: 20 steps are PyTorch's`, () => {
    const optimizer = optimizerOf(variant.optimizer, variant.options as TorchOptions);
    let params = typed(numbers.start);
    let state: Record<string, Record<string, HostValues>> = optimizer.init(params) as never;
    numbers.rates.forEach((rate, i) => {
      const scalars = Object.entries(optimizer.scalars(i + 1, rate)).map(([key, value]) => [key, values([], [value])]);
      const step = (
        tensors: Record<"params" | "grads" | "scalars", Record<string, Tensor>>,
        before: Record<string, Record<string, Tensor>>,
      ) => {
        const { grads, norm } = variant.clip === null
          ? { grads: tensors.grads, norm: [] }
          : clipByGlobalNorm(tensors.grads, variant.clip);
        return { ...optimizer.update(grads, before, tensors.params, tensors.scalars), norm };
      };
      const batch = { params, grads: typed(numbers.grads[i]!), scalars: Object.fromEntries(scalars) };
      const result = interpretFunction(step as (...args: unknown[]) => ReturnType<typeof step>, batch, state);
      params = typed(result.params as Arrays);
      const old = state;
      state = mapTree(result.state, (data: Float64Array, path: string) => {
        const [slot, parameter] = path.split("/") as [string, string];
        return { ...old[slot]![parameter]!, data };
      }) as never;
      if (variant.clip !== null) assertClose(result.norm as Float64Array, [variant.norms[i]!], {}, "norm");
      const kept = (variant.trajectory as Readonly<Record<string, Arrays>>)[i + 1];
      for (const [key, expected] of Object.entries(kept ?? {})) {
        assertClose(params[key]!.data, expected, { rtol: 1e-10, atol: 1e-12 }, `${key} after step ${i + 1}`);
      }
    });
  });
}

for (const [name, rates] of Object.entries(numbers.schedules)) {
  Deno.test(`${name} warm-up schedule is that of transformers`, () => {
    const [kind, warmup] = name.split(" ") as ["constant" | "linear" | "cosine", string];
    const options = { learningRate: 0.25, warmup: Number(warmup), total: 11 };
    const schedule: Schedule = {
      constant: constantSchedule(options),
      linear: linearSchedule(options),
      cosine: cosineSchedule(options),
    }[kind];
    assertClose(rates.map((_, step) => schedule(step)), rates, { rtol: 1e-14 }, name);
  });
}
