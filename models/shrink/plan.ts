/**
 * Which heads and neurons of a layer can go, and what stands in for them.
 *
 * A neuron can go when its column of the second matrix is 0 (nobody hears it), or when its row of the first matrix is 0:
 * it then always says `act(bias)`, which times its column is added to the second bias.
 *
 * A head can go when its columns of the output projection are 0, or when its rows of the value projection are 0: its
 * values are then its biases at every token, and so is their mean with attention's weights, which sum to 1 (in a row
 * of padding alone, too). That times its columns is added to the bias of the output projection. Queries and keys do not
 * matter then.
 *
 * These conditions are wider than "all its matrices are 0", so nothing that pruning left without effect stays. What has a
 * parameter that is NaN or infinite stays: it is for the user to see.
 *
 * @module
 */
import { activation, type HostTensor, literal, openDevice, scoped } from "../../engine/mod.ts";
import { CheckpointError } from "../config_file.ts";
import { groupsWith } from "../inspect/groups.ts";
import type { GroupPart, GroupSet } from "../network.ts";
import { biasOf } from "./cut.ts";

/** The matrices of a layer's groups that decide whether a group can go. */
export interface GroupMatrices {
  /** The one whose columns are the groups': the output projection, or the second of the feed-forward part. */
  readonly columns: GroupPart;
  /** The last of those whose rows are, whose outputs the columns read: the value projection, or the first. */
  readonly heard: GroupPart;
}

/** Groups that can go. */
export interface Removable {
  /** Number of groups. */
  readonly count: number;
  /** Numbers of those that can go, ascending. */
  readonly groups: readonly number[];
  /** What a column's input always is, by number of the column, for columns of these groups whose input is not 0. */
  readonly constants: ReadonlyMap<number, number>;
}

type Params = Readonly<Record<string, HostTensor>>;

/**
 * Finds the two matrices in a set.
 *
 * @throws {CheckpointError} when it is not one of matrices with rows and one with columns.
 */
export function matricesOf(set: GroupSet, layer: string): GroupMatrices {
  const rows = set.parts.filter(({ axis }) => axis === 0);
  const columns = set.parts.filter(({ axis }) => axis === 1);
  if (rows.length === 0 || columns.length !== 1) {
    throw new CheckpointError(
      `${layer}: its groups have rows in ${rows.length} matrices and columns in ${columns.length}, but shrinking takes ` +
        "rows of some and columns of one; give groups as families make them",
    );
  }
  return { columns: columns[0]!, heard: rows.at(-1)! };
}

/**
 * The groups of a layer that can go.
 *
 * @param params Parameters by name.
 * @param set The heads or neurons.
 * @param layer Name of the layer, for errors.
 * @param act What happens between the rows and the columns to an input that is always the same: the activation of
 * neurons, nothing to the values of heads.
 * @throws {CheckpointError} when a matrix is missing or too small.
 */
export async function removable(
  params: Params,
  set: GroupSet,
  layer: string,
  act?: (values: Float32Array) => Promise<Float32Array>,
): Promise<Removable> {
  const { columns, heard } = matricesOf(set, layer);
  const matrix = ({ tensor }: GroupPart): HostTensor => {
    const found = params[tensor];
    if (!found) throw new CheckpointError(`${layer}: there is no ${tensor}; give all parameters of the model`);
    return found;
  };
  const { count } = set;
  const spoiled = new Uint8Array(count);
  for (const part of set.parts) {
    const vector = part.axis === 0 ? params[biasOf(part.tensor)] : undefined;
    for (const tensor of vector ? [matrix(part), vector] : [matrix(part)]) {
      groupsWith(tensor, part, count, (value) => value - value !== 0).forEach((flag, i) => spoiled[i]! |= flag);
    }
  }
  const told = groupsWith(matrix(columns), columns, count, (value) => value !== 0);
  const fed = groupsWith(matrix(heard), heard, count, (value) => value !== 0);
  const second = params[biasOf(columns.tensor)];
  const groups: number[] = [];
  const constants = new Map<number, number>();
  const bias = params[biasOf(heard.tensor)];
  const constant = new Float32Array(count * heard.size);
  const from = heard.start ?? 0;
  if (bias) constant.set((bias.data as Float32Array).subarray(from, from + constant.length));
  const outputs = act && told.some((flag, i) => flag && !fed[i]) ? await act(constant) : constant;
  for (let group = 0; group < count; group++) {
    if (spoiled[group] || (told[group] && fed[group])) continue;
    const own = told[group]
      ? Array.from({ length: heard.size }, (_, i) => group * heard.size + i).filter((i) => outputs[i] !== 0)
      : [];
    if (own.length > 0 && !second) continue; // nothing to add the constant to
    groups.push(group);
    for (const i of own) constants.set((columns.start ?? 0) + i, outputs[i]!);
  }
  return { count, groups, constants };
}

/**
 * An activation of numbers on the host, by the engine's own function.
 *
 * @param name Its name in checkpoints.
 */
export function hostActivation(name: string): (values: Float32Array) => Promise<Float32Array> {
  const act = activation(name);
  return async (values) => {
    const read = await scoped(await openDevice("cpu"), (device) => device.read(() => act(literal(values))));
    const result = read as unknown as HostTensor | number;
    return typeof result === "number" ? Float32Array.of(result) : result.data as Float32Array;
  };
}
