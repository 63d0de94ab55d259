/**
 * A shader module around the statements of one dispatch: bindings, helper functions, the entry point.
 *
 * @module
 */
import type { Argument } from "../compile/kernel.ts";
import { Emitter } from "./expr.ts";
import { typeText } from "./literal.ts";
import { Scope } from "./scope.ts";
import { Variables } from "./space.ts";
import { type Dispatch, spreadGroups, type Target } from "./target.ts";

/** What a dispatch is, apart from its statements. */
export interface Launch {
  /** For captures and errors. */
  readonly label: string;
  /** The kernel's arguments. */
  readonly args: readonly Argument[];
  /** Threads of one workgroup. */
  readonly workgroup: number;
  /** Workgroups. */
  readonly groups: number;
  /** Lanes of a thread's frame: with one lane nothing is ever wide. */
  readonly lanes: 1 | 4;
  /** Uses subgroup operations: `lane` is the number of the thread in its subgroup. */
  readonly subgroups?: boolean;
}

const BUILTINS = "@builtin(workgroup_id) groupId: vec3<u32>, @builtin(local_invocation_index) local: u32";

/** What a builder writes into. */
export interface Builder {
  readonly emitter: Emitter;
  readonly variables: Variables;
  /** Level 0: `group` is the number of the workgroup, `local` that of the thread in it. */
  readonly root: Scope;
  /** Declarations outside the entry point (workgroup memory). */
  readonly globals: string[];
}

/**
 * Builds a dispatch. `build` runs twice: first as if every argument were an array of vec4, to learn which are accessed
 * so, then for good. It must write the same statements both times.
 */
export function buildDispatch(launch: Launch, target: Target, build: (builder: Builder) => void): Dispatch {
  const { args, label, workgroup, lanes } = launch;
  const divisible = (arg: number): boolean => lanes === 4 && args[arg]!.length % 4 === 0;
  const rehearsal = run(args, divisible, build);
  const { aligned, scattered } = rehearsal.emitter;
  const wide = (arg: number): boolean => divisible(arg) && aligned.has(arg) && !scattered.has(arg);
  const { emitter, root, globals } = run(args, wide, build);

  const groups = spreadGroups(launch.groups, target.groups);
  const used = args.map((_, arg) => arg).filter((arg) => emitter.reads.has(arg) || emitter.writes.has(arg));
  const declarations = used.map((arg, binding) =>
    `@group(0) @binding(${binding}) var<storage, ${emitter.writes.has(arg) ? "read_write" : "read"}> a${arg}: ` +
    `array<${typeText(args[arg]!.dtype, wide(arg))}>;`
  );
  const wgsl = [
    ...(emitter.usesF16 ? ["enable f16;"] : []),
    ...(launch.subgroups && target.subgroups?.enable ? ["enable subgroups;"] : []),
    ...declarations,
    ...globals,
    ...emitter.helpers.values(),
    `@compute @workgroup_size(${workgroup})`,
    `fn main(${BUILTINS}${launch.subgroups ? ", @builtin(subgroup_invocation_id) lane: u32" : ""}) {`,
    `  let group = ${groups.index};`,
    ...(groups.exact ? [] : [`  if (group >= ${launch.groups}u) { return; }`]),
    ...root.lines.map((line) => `  ${line}`),
    "}",
    "",
  ].join("\n");
  return {
    label,
    wgsl,
    groups: groups.size,
    bindings: used.map((arg) => ({ arg, writes: emitter.writes.has(arg) })),
  };
}

function run(args: readonly Argument[], wide: (arg: number) => boolean, build: (builder: Builder) => void): Builder {
  const variables = new Variables();
  const builder = { emitter: new Emitter(args, variables, wide), variables, root: new Scope(0), globals: [] };
  build(builder);
  return builder;
}
