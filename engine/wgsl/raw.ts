/**
 * Dispatches of hand-written statements, with the same frame around them as generated ones.
 *
 * @module
 */
import { type Dispatch, spreadGroups, type Target } from "./target.ts";

/** One buffer of a hand-written dispatch. */
export interface RawBinding {
  /** Position in the kernel's arguments. */
  readonly arg: number;
  /** Name in the text. */
  readonly name: string;
  /** Type of its elements in the text. */
  readonly type: string;
  /** Bound `read_write`, else `read`. */
  readonly writes?: boolean;
  /** First element bound, where only a slice is. */
  readonly first?: number;
  /** Elements of the slice. */
  readonly count?: number;
}

/** A hand-written dispatch. */
export interface Raw {
  readonly label: string;
  /** Threads of one workgroup. */
  readonly workgroup: number;
  /** Workgroups. */
  readonly groups: number;
  readonly bindings: readonly RawBinding[];
  /** Declarations outside the entry point. */
  readonly globals?: string;
  /** Statements; `group` is the number of the workgroup, `local` that of the thread in it. */
  readonly body: string;
}

/** Puts a hand-written dispatch together. */
export function rawDispatch(raw: Raw, target: Target): Dispatch {
  const groups = spreadGroups(raw.groups, target.groups);
  const wgsl = [
    ...raw.bindings.map(({ name, type, writes }, binding) =>
      `@group(0) @binding(${binding}) var<storage, ${writes ? "read_write" : "read"}> ${name}: array<${type}>;`
    ),
    ...(raw.globals ? [raw.globals] : []),
    `@compute @workgroup_size(${raw.workgroup})`,
    "fn main(@builtin(workgroup_id) groupId: vec3<u32>, @builtin(local_invocation_index) local: u32) {",
    `  let group = ${groups.index};`,
    ...(groups.exact ? [] : [`  if (group >= ${raw.groups}u) { return; }`]),
    raw.body,
    "}",
    "",
  ].join("\n");
  return {
    label: raw.label,
    wgsl,
    groups: groups.size,
    bindings: raw.bindings.map(({ arg, writes, first, count }) => ({
      arg,
      writes: writes === true,
      ...(count === undefined ? {} : { first: first ?? 0, count }),
    })),
  };
}

/** A dispatch of one thread per unit: `unit` is its number, below `units`. */
export function rawPerUnit(raw: Omit<Raw, "workgroup" | "groups">, units: number, target: Target): Dispatch {
  const workgroup = 64;
  const body = `  let unit = group * ${workgroup}u + local;\n  if (unit >= ${units}u) { return; }\n${raw.body}`;
  return rawDispatch({ ...raw, workgroup, groups: Math.ceil(units / workgroup), body }, target);
}
