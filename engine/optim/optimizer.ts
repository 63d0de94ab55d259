/**
 * What an optimiser is: `{ init, scalars, update }`, as in optax, with what changes from step to step kept on the host.
 *
 * `update` is pure graph. Numbers that depend on the step or the learning rate (bias corrections, the step size) are
 * computed in f64 by `scalars` and enter the program as rank-0 f32 inputs, so nothing is compiled again.
 *
 * @module
 */
import { type HostTensor, zeros } from "../host.ts";
import { formatType, sameShape, ShapeError, type Tensor, type Type } from "../graph/node.ts";

/** Values by parameter name. */
export type Named<T> = Readonly<Record<string, T>>;

/** Running averages and the like: by their name, then by parameter name. */
export type OptimizerState<T> = Readonly<Record<string, Named<T>>>;

/** An optimiser over flat records of parameters. */
export interface Optimizer {
  /** Its name on command lines and in records. */
  readonly name: string;
  /** The state before the first step, for parameters of these types. */
  init(types: Named<Type>): OptimizerState<HostTensor>;
  /**
   * Scalar inputs of one step.
   *
   * @param step number of the step, from 1.
   * @param learningRate that of this step.
   */
  scalars(step: number, learningRate: number): Record<string, number>;
  /**
   * One step, as graph.
   *
   * @param grads gradients; their names are the parameters to update.
   * @param state as `init` made it or `update` returned it.
   * @param params parameters.
   * @param scalars rank-0 f32 tensors with the values of {@linkcode Optimizer.scalars}.
   * @throws {ShapeError} when names or shapes do not agree.
   */
  update(
    grads: Named<Tensor>,
    state: OptimizerState<Tensor>,
    params: Named<Tensor>,
    scalars: Named<Tensor>,
  ): { readonly params: Record<string, Tensor>; readonly state: OptimizerState<Tensor> };
}

/** Weight decay and who is spared from it. */
export interface WeightDecayOptions {
  /** Factor of the decay; 0. */
  readonly weightDecay?: number;
  /** Which parameters decay, by name; {@linkcode decaysByDefault}. */
  readonly weightDecayFor?: (name: string) => boolean;
}

/**
 * True for what usually decays: everything but biases and the weights of normalisations, recognised by their names in
 * checkpoints (`...bias`, `LayerNorm.weight`, `layernorm_before.weight`, `ln_1.weight`, `LayerNorm.gamma` ...).
 */
export function decaysByDefault(name: string): boolean {
  return !/(^|[./])bias$|(norm|(^|[._/])ln)[^./]*[./](weight|gamma|beta)$/i.test(name);
}

/** The decay of each parameter as a function of its name. */
export function decayOf(
  { weightDecay = 0, weightDecayFor = decaysByDefault }: WeightDecayOptions,
): (name: string) => number {
  return (name) => weightDecayFor(name) ? weightDecay : 0;
}

/** How one parameter is updated: what was kept for it (by name of the average) goes in and comes out. */
export type Rule<K extends string> = (
  parameter: { readonly name: string; readonly grad: Tensor; readonly param: Tensor },
  kept: Readonly<Record<K, Tensor>>,
  scalars: Named<Tensor>,
) => { readonly param: Tensor; readonly kept: Readonly<Record<K, Tensor>> };

/**
 * An optimiser that treats each parameter alone.
 *
 * @param name its name.
 * @param averages names of what is kept for each parameter, all starting from zeros of its type.
 * @param scalars numbers of a step.
 * @param rule the update of one parameter.
 */
export function perParameter<K extends string>(
  name: string,
  averages: readonly K[],
  scalars: Optimizer["scalars"],
  rule: Rule<K>,
): Optimizer {
  return {
    name,
    scalars,
    init: (types) =>
      Object.fromEntries(averages.map((key) => [
        key,
        Object.fromEntries(Object.entries(types).map(([parameter, type]) => [parameter, zeros(type)])),
      ])),
    update(grads, state, params, tensors) {
      const next: Record<string, Tensor> = { ...params };
      const kept: Record<string, Record<string, Tensor>> = {};
      for (const key of averages) kept[key] = { ...state[key] };
      for (const [parameter, grad] of Object.entries(grads)) {
        const param = params[parameter];
        if (!param || !sameShape(param.shape, grad.shape)) {
          throw new ShapeError(
            `${name}: gradient ${formatType(grad)} of "${parameter}", which is ` +
              `${param ? formatType(param) : "no parameter"}; give gradients with respect to these parameters`,
          );
        }
        const before = {} as Record<K, Tensor>;
        for (const key of averages) {
          const value = state[key]?.[parameter];
          if (!value) {
            throw new ShapeError(
              `${name}: the state has no "${key}/${parameter}"; make it with init for these parameters`,
            );
          }
          before[key] = value;
        }
        const result = rule({ name: parameter, grad, param }, before, tensors);
        next[parameter] = result.param;
        for (const key of averages) kept[key]![parameter] = result.kept[key];
      }
      return { params: next, state: kept };
    },
  };
}

/** The named scalar input. @throws {ShapeError} when it is missing or of another rank. */
export function scalarInput(optimizer: string, scalars: Named<Tensor>, name: string): Tensor {
  const value = scalars[name];
  if (!value || value.shape.length !== 0) {
    throw new ShapeError(
      `${optimizer}: scalar "${name}" is ${
        value ? formatType(value) : "missing"
      }; give a rank-0 f32 for each of scalars()`,
    );
  }
  return value;
}
