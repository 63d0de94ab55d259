/**
 * Programs of several steps, compared with the oracle after every one of them.
 *
 * @module
 */
import { trace } from "../../../engine/compile/trace.ts";
import type { Device } from "../../../engine/device/device.ts";
import type { Tensor, Type } from "../../../engine/graph/node.ts";
import type { HostTensor } from "../../../engine/host.ts";
import { interpret } from "../../../engine/reference/interpret.ts";
import { leavesOf, type Tree } from "../../../engine/tree.ts";
import { assertClose, type Tolerance } from "../../support/assert_close.ts";
import { exact } from "./tolerance.ts";

/** Flat records of tensors. */
export type Tensors = Record<string, Tensor>;

/** A step with the state it starts from and the batches of its runs. */
export interface StepCase {
  readonly name: string;
  readonly state: Readonly<Record<string, HostTensor>>;
  readonly batches: readonly Readonly<Record<string, HostTensor>>[];
  readonly step: (state: Tensors, batch: Tensors) => { readonly state: unknown; readonly metrics: unknown };
  readonly tolerance: Tolerance;
}

/** Values by path. */
export type ByPath = ReadonlyMap<string, ArrayLike<number>>;

type Types = Readonly<Record<string, Type>>;

/** Types of a step's arguments. */
export function typesOf({ state, batches }: StepCase): { readonly state: Types; readonly batch: Types } {
  const types = (record: Readonly<Record<string, HostTensor>>) =>
    Object.fromEntries(Object.entries(record).map(([name, { shape, dtype }]) => [name, { shape, dtype }]));
  return { state: types(state), batch: types(batches[0]!) };
}

/** What the oracle makes of each run: state and metrics by path, in f64 throughout. */
export function expectedRuns(one: StepCase): readonly { readonly state: ByPath; readonly metrics: ByPath }[] {
  const traced = trace(one.step as never, typesOf(one) as never);
  let state: ByPath = new Map(
    leavesOf<HostTensor>(one.state as Tree<HostTensor>).map(([path, { data }]) => [path, data]),
  );
  return one.batches.map((batch) => {
    const given = new Map<Tensor, ArrayLike<number>>();
    traced.state.forEach(({ path, tensor }) => given.set(tensor, state.get(path)!));
    traced.batch.forEach(({ path, tensor }) => given.set(tensor, batch[path]!.data));
    const read = (leaves: typeof traced.metrics): ByPath => {
      const values = interpret(leaves.map(({ tensor }) => tensor), given);
      return new Map(leaves.map(({ path }, i) => [path, values[i]!]));
    };
    const metrics = read(traced.metrics);
    state = read(traced.nextState);
    return { state, metrics };
  });
}

/** Runs the step on a device and compares metrics and state after every run. */
export async function checkSteps(device: Device, one: StepCase): Promise<void> {
  const expected = expectedRuns(one);
  using state = device.place(one.state);
  // deno-lint-ignore no-explicit-any -- cases have steps of any structure
  using program = await device.compile<any, any, any>(one.step, { ...typesOf(one), state: state.types } as any);
  for (const [run, batch] of one.batches.entries()) {
    program.run(state, batch);
    const values = expected[run]!.metrics.size ? (await program.lastMetrics()).values : {};
    const given = new Map(leavesOf<number | HostTensor>(values as Tree<number | HostTensor>));
    const compare = (path: string, value: number | HostTensor | undefined, wanted: ArrayLike<number>, what: string) => {
      const data = typeof value === "number" ? [value] : value!.data;
      const isFloat = typeof value === "number" || value!.dtype === "f32";
      const label = `${device.kind}, ${one.name}, run ${run}, ${what} ${path}`;
      assertClose(data, wanted, isFloat ? one.tolerance : exact, label);
    };
    for (const [path, wanted] of expected[run]!.metrics) compare(path, given.get(path), wanted, "metric");
    for (const [path, wanted] of expected[run]!.state) compare(path, await state.read(path), wanted, "state");
  }
}
