/**
 * Contract kernels: B is packed into panels, blocks of A are multiplied with it by the WebAssembly microkernel.
 *
 * B is packed for a block of columns and all of k (once for all when neither batch nor further blocks change it), A is
 * read where it lies or computed for a block of rows and a block of k. Threads share the batch, or blocks of the longer
 * side of C. A store of the bare accumulator with unit stride is written by the microkernel where it belongs; other
 * stores run as a generated loop (of vectors where it can be) over a block of C while it is in the cache. What the
 * microkernel does not do (integers, empty sums) runs as a row kernel.
 *
 * @module
 */
import { axesOf, type Index, strideAlong } from "../compile/index.ts";
import { type ContractKernel, type Store, visitExpr } from "../compile/kernel.ts";
import { BLOCK_K, PANEL_COLUMNS, PANEL_ROWS, SPARE_BYTES } from "../wasm/microkernel.ts";
import { CELL_BYTES } from "../wasm/vector.ts";
import { type Emitted, finish, shareOf } from "./code.ts";
import { alongResults, asRow, dependsOn, mergeBatch } from "./contract_forms.ts";
import { argumentName, closeLoops, emitStores, newContext, openLoops, startLoop } from "./expr.ts";
import { closeFrame, type Frame, openFrame, rootFrame } from "./frame.ts";
import { loopsOf } from "./map.ts";
import { isDirect, type Operand, pack, readerOf, STAGE_ROWS } from "./operand.ts";
import { axisName, axisToken, position } from "./position.ts";
import { emitRow } from "./row.ts";
import { indicesOf, rewriter, simplifySpace } from "./space.ts";
import { addressOf, canVectorize, emitVectorLoop, type Placed, vectorConstants, type Vectors } from "./vector.ts";

/** Fewest rows or columns of a part: the other operand is packed by every part anew. */
const SHARE = 24;
/** Columns of a block of B at most, and elements of it at most. */
const N_BLOCK = 640, B_ELEMENTS = 2 ** 21;

const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;
/** Size of equal blocks, multiples of `unit`, none larger than `limit`. */
const blockOf = (size: number, limit: number, unit: number): number =>
  roundUp(Math.ceil(size / Math.ceil(size / limit)), unit);

/** Code of a contract kernel. */
export function emitContract(kernel: ContractKernel): Emitted {
  const floats = kernel.a.dtype === "f32" && kernel.b.dtype === "f32" && accumulatorsAreFloat(kernel.stores);
  if (!floats || Math.min(kernel.k, kernel.m, kernel.n) === 0) return emitRow(asRow(kernel));
  return emitBlocks(mergeBatch(alongResults(kernel)));
}

function emitBlocks(kernel: ContractKernel): Emitted {
  const roots = [kernel.a, kernel.b, ...kernel.stores.map((store) => store.value)];
  const indices = [...indicesOf(roots), ...kernel.stores.map((store) => store.index)];
  const space = simplifySpace([kernel.batch, [kernel.m], [kernel.n], [kernel.k]], indices, [1, 2, 3]);
  const rewrite = rewriter(space);
  const stores = kernel.stores.map(rewrite.store);
  const batch = loopsOf(space.axes, 0);
  const [[m], [n], [k]] = [1, 2, 3].map((group) => loopsOf(space.axes, group)) as [
    typeof batch,
    typeof batch,
    typeof batch,
  ];
  const a: Operand = { value: rewrite.expr(kernel.a), row: m!, k: k! };
  const b: Operand = { value: rewrite.expr(kernel.b), row: n!, k: k! };
  const target = directTarget(stores, m!.axis, n!.axis);

  const kBlock = blockOf(k!.size, BLOCK_K, 1);
  const mBlock = blockOf(m!.size, STAGE_ROWS, PANEL_ROWS);
  const nBlock = blockOf(
    n!.size,
    Math.min(N_BLOCK, Math.max(64, Math.floor(B_ELEMENTS / k!.size / 8) * 8)),
    PANEL_COLUMNS,
  );
  const staged = !isDirect(a) || !isDirect(b);
  // Ranges of the working space, each on its own cache lines.
  let scratchBytes = 0;
  const take = (elements: number): number => {
    scratchBytes += roundUp(4 * elements, 64);
    return scratchBytes - roundUp(4 * elements, 64);
  };
  const spare = take(SPARE_BYTES / 4);
  const bPanels = take(k!.size * nBlock);
  const cBlock = take(target ? 0 : mBlock * nBlock);
  const stage = take(staged ? STAGE_ROWS * kBlock : 0);
  const cells = take(CELL_BYTES / 4);

  const tables: Int32Array[] = [];
  const context = newContext(() => ({
    needs: new Set([axisToken(m!.axis), axisToken(n!.axis)]),
    text: () => `f32[(cRow + ${axisName(n!.axis)}) | 0]`,
  }));
  const vectors: Vectors = { functions: [] };
  const reading = {
    context,
    vectors,
    table: (entries: Int32Array) => `tables[${tables.push(entries) - 1}]`,
    stage: "stage",
    kBlock,
  };
  const [readA, readB] = [readerOf(a, reading), readerOf(b, reading)];

  const root = rootFrame();
  root.lines.push(
    "const scratch = heap.scratch | 0;",
    `const spare = (scratch + ${spare}) | 0, stage = (scratch + ${stage}) | 0;`,
    `const bPanels = (scratch + ${bPanels}) | 0;`,
    `const cBlock = (scratch + ${cBlock}) >>> 2, cells = (scratch + ${cells}) | 0;`,
  );
  // Parts share the batch, else the longer side of C.
  const shared = batch[0]!.size > 1 ? "batch" : n!.size > m!.size ? "n" : "m";
  const share = shared === "batch"
    ? shareOf(root, batch[0]!.size)
    : shared === "n"
    ? shareOf(root, n!.size, PANEL_COLUMNS)
    : shareOf(root, m!.size, PANEL_ROWS);
  root.lines.push("if (lo >= hi) return;");
  const [mFrom, mTo] = shared === "m" ? share : ["0", String(m!.size)];
  const [nFrom, nTo] = shared === "n" ? share : ["0", String(n!.size)];
  const batches = openLoops(root, batch);
  const body = batches.at(-1)!;
  const columns = openFrame(body);
  columns.lines.push(`const nn = Math.min(${nBlock}, ${nTo} - j0);`);
  const once = nBlock >= n!.size && !dependsOn(b.value, batch.map((loop) => loop.axis));
  const packColumns = (frame: Frame, from: string, count: string): void =>
    eachKBlock(
      frame,
      k!.size,
      kBlock,
      (block) => pack(block, `bPanels + k0 * ${4 * nBlock}`, b, readB, { from, count, k0: "k0", length: "kn" }),
    );
  if (once) packColumns(root, nFrom, `${nTo} - ${nFrom}`);
  else packColumns(columns, "j0", "nn");

  const rows = openFrame(columns);
  rows.lines.push(`const mm = Math.min(${mBlock}, ${mTo} - i0);`);
  const c = target
    ? {
      address: `(${position(body, target.base, argumentName(target.arg))} + i0 * ${target.rowStride} + j0) << 2`,
      rowBytes: 4 * target.rowStride,
    }
    : { address: "cBlock << 2", rowBytes: 4 * nBlock };
  eachKBlock(rows, k!.size, kBlock, (block) => {
    const { from, rows, along, table } = readA(block, { from: "i0", count: "mm", k0: "k0", length: "kn" });
    block.lines.push(
      `wasm.${table ? "multiplyTable" : "multiply"}(${from}, ${rows}, ${along}, bPanels + k0 * ${4 * nBlock}, ` +
        `${c.address}, ${c.rowBytes}, mm, ${target ? "nn" : `(nn + 7) & -8`}, kn, k0, spare);`,
    );
  });
  if (!target) {
    const values = stores.map((store) => store.value);
    startLoop(context, values);
    const row = openFrame(rows, [axisToken(m!.axis)]);
    const [i, j] = [axisName(m!.axis), axisName(n!.axis)];
    row.lines.push(`const cRow = (cBlock + (${i} - i0) * ${nBlock} - j0) | 0;`);
    const placed: Placed = (expr) => expr.kind === "accumulator" ? { address: "(cRow + j0) << 2" } : undefined;
    const contiguous = stores.every((store) => strideAlong(store.index, n!.axis) === 1);
    if (contiguous && canVectorize(context, n!, values, placed)) {
      const span = { axis: n!.axis, from: "j0", count: "nn" };
      const targets = stores.map(({ arg, index, value }) => ({ address: addressOf(row, index, arg, span), value }));
      emitVectorLoop(vectors, context, row, span, { folds: [], stores: targets, placed });
    } else {
      const element = openFrame(row, [axisToken(n!.axis)]);
      emitStores(context, element, stores);
      closeFrame(element, `for (let ${j} = j0; ${j} < j0 + nn; ${j}++)`);
    }
    closeFrame(row, `for (let ${i} = i0; ${i} < i0 + mm; ${i}++)`);
  }
  closeFrame(rows, `for (let i0 = ${mFrom}; i0 < ${mTo}; i0 += ${mBlock})`);
  closeFrame(columns, `for (let j0 = ${nFrom}; j0 < ${nTo}; j0 += ${nBlock})`);
  closeLoops(batches, batch, shared === "batch" ? share : undefined);
  const long = shared === "n" ? n!.size : m!.size;
  const parts = shared === "batch" ? batch[0]!.size : Math.floor(long / SHARE);
  const freeParts = shared === "batch" ? parts : Math.floor(long / (4 * SHARE));
  return finish(context, root, kernel.args.length, parts, {
    constants: vectorConstants(vectors),
    tables,
    scratchBytes,
    freeParts,
  });
}

/** A loop over blocks of k: `k0` is where the block begins, `kn` its length. */
function eachKBlock(frame: Frame, size: number, block: number, body: (frame: Frame) => void): void {
  const inside = openFrame(frame);
  inside.lines.push(`const kn = Math.min(${block}, ${size} - k0);`);
  body(inside);
  closeFrame(inside, `for (let k0 = 0; k0 < ${size}; k0 += ${block})`);
}

/** Where the microkernel may write by itself: the bare accumulator, unit stride along n, constant stride along m. */
function directTarget(
  stores: readonly Store[],
  m: number,
  n: number,
): { readonly arg: number; readonly base: Index; readonly rowStride: number } | undefined {
  const [store] = stores;
  if (stores.length !== 1 || store!.value.kind !== "accumulator") return undefined;
  const { index, arg } = store!;
  const rowStride = strideAlong(index, m), stride = strideAlong(index, n);
  if (rowStride === undefined || (stride !== 1 && !(stride === 0 && !axesOf(index).has(n)))) return undefined;
  const terms = index.terms.filter(({ atom }) => atom.kind !== "coord" || (atom.axis !== m && atom.axis !== n));
  return { arg, base: { terms, offset: index.offset }, rowStride };
}

function accumulatorsAreFloat(stores: readonly Store[]): boolean {
  let float = true;
  visitExpr(stores.map((store) => store.value), (expr) => {
    if (expr.kind === "accumulator" && expr.dtype !== "f32") float = false;
  });
  return float;
}
