/**
 * Contraction through workgroup memory, for hardware GPUs: the threads of a workgroup load a slice of both operands
 * together, every element once, and each multiplies its part out of there.
 *
 * Both slices lie as `[k][four]`, a four being neighbouring rows (of the left operand) or columns (of the right one),
 * so both sides are loaded by the same code. An operand that is contiguous along k is loaded as 4 x 4 blocks and
 * transposed in registers.
 *
 * @module
 */
import { constantIndex, type Index, offsetIndex, scaleIndex } from "../compile/index.ts";
import type { Contraction } from "./contract_tile.ts";
import { storeTile } from "./contract_store.ts";
import {
  accumulatorType,
  declareAccumulators,
  multiplyAdd,
  NOWHERE,
  placeGroup,
  placeThread,
} from "./contract_tile.ts";
import { type FoursAlong, tilesOf } from "./contract_variants.ts";
import { COMPONENTS, widen } from "./frame.ts";
import { buildDispatch, type Builder } from "./module.ts";
import type { Scope } from "./scope.ts";
import type { Dispatch, Target } from "./target.ts";

/** Values of k in one slice. */
const SLICE = 16;

/** One operand to be staged. */
interface Side {
  readonly name: "left" | "right";
  readonly operand: Contraction["kernel"]["a"];
  readonly along: FoursAlong;
  /** Size of the operand's own axis, and its first element for this workgroup. */
  readonly size: number;
  readonly first: string;
  /** Fours of the own axis in a slice. */
  readonly fours: number;
  /** Coordinates of the kernel at an element of the operand. */
  readonly at: (own: Index, k: Index) => readonly Index[];
}

/** Emits a contraction that stages its operands in workgroup memory. */
export function emitStagedContract(contraction: Contraction, target: Target): Dispatch {
  const { kernel, tile } = contraction;
  const workgroup = tile.across * tile.down;
  const launch = {
    label: kernel.label,
    args: kernel.args,
    workgroup,
    groups: tilesOf(kernel, tile).count,
    lanes: 4,
  } as const;
  return buildDispatch(launch, target, (builder) => {
    const body = builder.root.child(1);
    const batch = placeGroup(kernel, tile, builder, body);
    const place = placeThread(kernel, tile, builder, body, batch);
    const dtype = accumulatorType(kernel);
    declareAccumulators(tile, dtype, body);
    const sides: readonly Side[] = [
      {
        name: "left",
        operand: kernel.a,
        along: contraction.a,
        size: kernel.m,
        first: `tileM * ${tile.rows * tile.down}u`,
        fours: tile.rows * tile.down / 4,
        at: (own, k) => [...batch, own, NOWHERE, k],
      },
      {
        name: "right",
        operand: kernel.b,
        along: contraction.b,
        size: kernel.n,
        first: `tileN * ${tile.fours * 4 * tile.across}u`,
        fours: tile.fours * tile.across,
        at: (own, k) => [...batch, NOWHERE, own, k],
      },
    ];
    const loop = body.child(2);
    for (const side of sides) {
      builder.globals.push(`var<workgroup> ${side.name}: array<vec4<${dtype}>, ${SLICE * side.fours}>;`);
      stage(side, kernel.k, workgroup, builder, loop, dtype);
    }
    loop.lines.push("workgroupBarrier();", ...products(contraction), "workgroupBarrier();");
    loop.flush(`for (var slice = 0u; slice < ${Math.ceil(kernel.k / SLICE)}u; slice++) {`, "}");
    storeTile(kernel, tile, builder, place);
    body.flush();
  });
}

/** The multiply-adds of one slice. */
function products({ kernel, tile }: Contraction): readonly string[] {
  const dtype = accumulatorType(kernel), leftFours = tile.rows / 4;
  const lines = [`for (var inner = 0u; inner < ${SLICE}u; inner++) {`];
  for (let g = 0; g < leftFours; g++) {
    lines.push(`  let a${g}_ = left[inner * ${leftFours * tile.down}u + down * ${leftFours}u + ${g}u];`);
  }
  const fours = Array.from({ length: tile.fours }, (_, j) => `b${j}_`);
  fours.forEach((name, j) => {
    lines.push(`  let ${name} = right[inner * ${tile.fours * tile.across}u + across + ${j * tile.across}u];`);
  });
  for (let i = 0; i < tile.rows; i++) {
    const a = `a${i >> 2}_.${COMPONENTS[i & 3]}`;
    lines.push(`  ${fours.map((four, j) => multiplyAdd(i, j, a, four, dtype)).join(" ")}`);
  }
  return [...lines, "}"];
}

/** Loads a slice of one operand. Elements beyond the matrix repeat the last; beyond k they are 0. */
function stage(side: Side, k: number, workgroup: number, builder: Builder, loop: Scope, dtype: string): void {
  const { variables, emitter } = builder, { name, operand, along, fours, at } = side;
  const blocks = along === "k";
  const depth = blocks ? SLICE / 4 : SLICE;
  const total = depth * fours, steps = blocks ? k / 4 : k;
  const body = loop.child(3);
  // Neighbouring threads read neighbouring memory: along k for blocks, along the own axis otherwise.
  const own = `${name}Own`, at_k = `${name}K`, from = `${name}Unit`;
  body.lines.push(
    blocks ? `let ${own} = ${from} / ${depth}u;` : `let ${own} = ${from} % ${fours}u;`,
    blocks ? `let ${at_k} = ${from} % ${depth}u;` : `let ${at_k} = ${from} / ${fours}u;`,
    `let ${at_k}All = slice * ${depth}u + ${at_k};`,
  );
  const padded = steps % depth !== 0;
  if (padded) body.lines.push(`let ${at_k}At = min(${at_k}All, ${steps - 1}u);`);
  const kVariable = variables.add(padded ? `${at_k}At` : `${at_k}All`, 3, steps);
  const elements = ownElements(side, builder, body, own);
  const evaluate = (lanes: readonly (readonly Index[])[]): string => {
    const value = emitter.value(operand, { scope: body, lanes, memo: new Map() });
    const wide = widen(value, operand.dtype);
    const converted = operand.dtype === "f16" ? `vec4<f32>(${wide})` : wide;
    return body.name(padded ? `select(vec4<${dtype}>(), ${converted}, ${at_k}All < ${steps}u)` : converted);
  };
  const write = (position: string, text: string) => body.lines.push(`${name}[${position}] = ${text};`);
  if (blocks) {
    const kAt = (inner: number): Index => offsetIndex(scaleIndex(kVariable, 4), inner);
    const parts = elements.map((element) => evaluate([0, 1, 2, 3].map((inner) => at(element, kAt(inner)))));
    COMPONENTS.forEach((component, inner) =>
      write(
        `(${at_k} * 4u + ${inner}u) * ${fours}u + ${own}`,
        `vec4<${dtype}>(${parts.map((part) => `${part}.${component}`).join(", ")})`,
      )
    );
  } else write(`${at_k} * ${fours}u + ${own}`, evaluate(elements.map((element) => at(element, kVariable))));
  body.flush(`for (var ${from} = local; ${from} < ${total}u; ${from} += ${workgroup}u) {`, "}");
}

/** The four neighbouring rows or columns of a unit. */
function ownElements({ name, size, first }: Side, builder: Builder, body: Scope, own: string): readonly Index[] {
  const { variables } = builder;
  if (size === 1) return [0, 1, 2, 3].map(() => constantIndex(0));
  if (size % 4 === 0) {
    body.lines.push(`let ${name}Four = min((${first}) / 4u + ${own}, ${size / 4 - 1}u);`);
    const four = scaleIndex(variables.add(`${name}Four`, 3, size / 4), 4);
    return [0, 1, 2, 3].map((lane) => offsetIndex(four, lane));
  }
  return [0, 1, 2, 3].map((lane) => {
    body.lines.push(`let ${name}Own${lane} = min(${first} + ${own} * 4u + ${lane}u, ${size - 1}u);`);
    return variables.add(`${name}Own${lane}`, 3, size);
  });
}
