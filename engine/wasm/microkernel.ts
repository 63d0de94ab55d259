/**
 * The matrix product of blocks.
 *
 * B is packed in panels of {@linkcode PANEL_COLUMNS} columns, k-major, so that the innermost loop reads it in order. A is
 * read where it lies: six rows at a time are written out k-major, every element four times ("spread"), and meet all
 * panels of B while they are in the first-level cache. So the innermost loop loads whole vectors only: a broadcast for
 * each element of A would cost a tenth of all time, as the loop itself would, were it not for {@linkcode UNROLL}.
 *
 * The tile of C (6 x 8: twelve vectors of four) stays in registers for the whole of k; with two vectors of B and one of
 * A that fills the sixteen vector registers of x86-64. Panels of B that stick out of the matrix may hold anything: what
 * they give is never used.
 *
 * @module
 */
import {
  branch,
  call,
  type Code,
  f32,
  f32x4,
  i32,
  type Local,
  loopWhile,
  pick,
  v128,
  type WasmFunction,
  wasmFunction,
} from "./assembler.ts";

/** Rows of a panel of A. */
export const PANEL_ROWS = 6;
/** Columns of a packed panel of B. */
export const PANEL_COLUMNS = 8;
/** Longest k of a block: 18 KiB of A and 6 KiB of B stay in a first-level cache of 32 KiB. */
export const BLOCK_K = 192;
/** Steps of k in a round of the innermost loop. */
const UNROLL = 4;
/** Bytes of the place that `multiply` uses: a tile of C, then a panel of A. */
export const SPARE_BYTES: number = 4 * PANEL_ROWS * PANEL_COLUMNS + 16 * PANEL_ROWS * BLOCK_K;

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** Runs `step(0)`, `step(1)`, ... for k rounds, `UNROLL` of them at a time; `advance(n)` moves the addresses by n. */
function unrolled(k: Local, step: (at: number) => Code, advance: (steps: number) => Code): Code {
  const enough = i32.geU(k.get, i32.const(UNROLL));
  return [
    ...branch(
      enough,
      loopWhile(enough, ...range(UNROLL).map(step), advance(UNROLL), k.set(i32.sub(k.get, i32.const(UNROLL)))),
    ),
    ...branch(k.get, loopWhile(k.tee(i32.sub(k.get, i32.const(1))), step(0), advance(1))),
  ];
}

/** `tile<rows>(a, b, c, rowBytes, k, accumulate)`: `rows` x 8 elements of C from a spread panel and one of B; k >= 1. */
function tile(rows: number, fused: boolean): WasmFunction {
  return wasmFunction(`tile${rows}`, 6, ([a, b, c, rowBytes, k, accumulate], local) => {
    const sums = range(rows).map(() => [local("v128"), local("v128")]);
    const columns = [local("v128"), local("v128")];
    const element = local("v128");
    const row = local("i32");
    const add = (sum: Local, column: Local): Code =>
      sum.set(
        fused
          ? f32x4.relaxedMadd(element.get, column.get, sum.get)
          : f32x4.add(f32x4.mul(element.get, column.get), sum.get),
      );
    const eachRow = (visit: (sums: readonly Local[]) => Code): Code => [
      ...row.set(c!.get),
      ...sums.flatMap((pair) => [...visit(pair), ...row.set(i32.add(row.get, rowBytes!.get))]),
    ];
    const step = (at: number): Code => [
      ...columns.flatMap((column, j) => column.set(v128.load(b!.get, 4 * PANEL_COLUMNS * at + 16 * j))),
      ...sums.flatMap((pair, i) => [
        ...element.set(v128.load(a!.get, 16 * (PANEL_ROWS * at + i))),
        ...pair.flatMap((sum, j) => add(sum, columns[j]!)),
      ]),
    ];
    return [
      ...branch(
        accumulate!.get,
        eachRow((pair) => pair.flatMap((sum, j) => sum.set(v128.load(row.get, 16 * j)))),
      ),
      ...unrolled(k!, step, (steps) => [
        ...a!.set(i32.add(a!.get, i32.const(16 * PANEL_ROWS * steps))),
        ...b!.set(i32.add(b!.get, i32.const(4 * PANEL_COLUMNS * steps))),
      ]),
      ...eachRow((pair) => pair.flatMap((sum, j) => v128.store(row.get, sum.get, 16 * j))),
    ];
  });
}

/**
 * `spread(to, from, rows, count, k, along)`: six rows at `from + rows[i]`, of k elements `along` bytes apart, as a
 * panel; of fewer than six, the last stands for those that are missing. `spreadTable` takes the address of a table of
 * offsets along k.
 */
function spread(table: boolean): WasmFunction {
  return wasmFunction(table ? "spreadTable" : "spread", 6, ([to, from, rows, count, k, along], local) => {
    const starts = range(PANEL_ROWS).map(() => local("i32"));
    const [offset, element] = [local("i32"), local("v128")];
    const index = (row: number): Code =>
      row === 0 ? i32.const(0) : pick(
        i32.ltU(i32.const(row), count!.get),
        i32.const(4 * row),
        i32.shl(i32.sub(count!.get, i32.const(1)), i32.const(2)),
      );
    const write = (address: Code, at: number, row: number): Code => [
      ...element.set(v128.load32Splat(address)),
      ...v128.store(to!.get, element.get, 16 * (PANEL_ROWS * at + row)),
    ];
    const step = (at: number): Code =>
      table
        ? [
          ...offset.set(i32.load(along!.get, 4 * at)),
          ...starts.flatMap((start, row) => write(i32.add(start.get, offset.get), at, row)),
        ]
        : starts.flatMap((start, row) => [
          ...write(start.get, at, row),
          ...start.set(i32.add(start.get, along!.get)),
        ]);
    return [
      ...starts.flatMap((start, row) => start.set(i32.add(from!.get, i32.load(i32.add(rows!.get, index(row)))))),
      ...unrolled(k!, step, (steps) => [
        ...(table ? along!.set(i32.add(along!.get, i32.const(4 * steps))) : []),
        ...to!.set(i32.add(to!.get, i32.const(16 * PANEL_ROWS * steps))),
      ]),
    ];
  });
}

const SPREAD = PANEL_ROWS, SPREAD_TABLE = PANEL_ROWS + 1;

/**
 * `multiply(from, rows, along, b, c, rowBytes, m, n, k, accumulate, spare)`: C (+)= A B, all m, n, k >= 1, k at most
 * {@linkcode BLOCK_K}. Row i of A is at `from + rows[i]`, its elements `along` bytes apart (`multiplyTable`: at the
 * offsets that the table at `along` has); B is packed. Tiles that stick out to the right go through `spare`,
 * {@linkcode SPARE_BYTES} long.
 */
function multiply(table: boolean): WasmFunction {
  return wasmFunction(table ? "multiplyTable" : "multiply", 11, (given, local) => {
    const [from, rowTable, along, b, c, rowBytes, m, n, k, accumulate, spare] = given;
    const [rows, columns, panel, target, left, i, j, a] = range(8).map(() => local("i32"));
    const tiles = (to: Code, bytes: Code, add: Code): Code =>
      range(PANEL_ROWS).reduce<Code>((otherwise, index) => {
        const run = call(index, a!.get, panel!.get, to, bytes, k!.get, add);
        return index === 0 ? run : branch(i32.eq(rows!.get, i32.const(index + 1)), run, otherwise);
      }, []);
    const least = (value: Code, limit: number): Code => pick(i32.ltU(value, i32.const(limit)), value, i32.const(limit));
    const source = i32.add(spare!.get, i32.add(i32.shl(i!.get, i32.const(5)), i32.shl(j!.get, i32.const(2))));
    const sink = i32.add(target!.get, i32.add(i32.mul(i!.get, rowBytes!.get), i32.shl(j!.get, i32.const(2))));
    const copySpare = [
      ...i!.set(i32.const(0)),
      ...loopWhile(
        i32.ltU(i!.tee(i32.add(i!.get, i32.const(1))), rows!.get),
        j!.set(i32.const(0)),
        loopWhile(
          i32.ltU(j!.tee(i32.add(j!.get, i32.const(1))), columns!.get),
          branch(
            accumulate!.get,
            f32.store(sink, f32.add(f32.load(sink), f32.load(source))),
            f32.store(sink, f32.load(source)),
          ),
        ),
      ),
    ];
    return [
      ...a!.set(i32.add(spare!.get, i32.const(4 * PANEL_ROWS * PANEL_COLUMNS))),
      ...loopWhile(
        m!.tee(i32.sub(m!.get, rows!.get)),
        rows!.set(least(m!.get, PANEL_ROWS)),
        call(table ? SPREAD_TABLE : SPREAD, a!.get, from!.get, rowTable!.get, rows!.get, k!.get, along!.get),
        panel!.set(b!.get),
        target!.set(c!.get),
        left!.set(n!.get),
        loopWhile(
          left!.tee(i32.sub(left!.get, columns!.get)),
          columns!.set(least(left!.get, PANEL_COLUMNS)),
          branch(
            i32.eq(columns!.get, i32.const(PANEL_COLUMNS)),
            tiles(target!.get, rowBytes!.get, accumulate!.get),
            [...tiles(spare!.get, i32.const(4 * PANEL_COLUMNS), i32.const(0)), ...copySpare],
          ),
          panel!.set(i32.add(panel!.get, i32.mul(k!.get, i32.const(4 * PANEL_COLUMNS)))),
          target!.set(i32.add(target!.get, i32.const(4 * PANEL_COLUMNS))),
        ),
        rowTable!.set(i32.add(rowTable!.get, i32.const(4 * PANEL_ROWS))),
        c!.set(i32.add(c!.get, i32.mul(rowBytes!.get, i32.const(PANEL_ROWS)))),
      ),
    ];
  });
}

/** The functions of a product, which must come first in their module (they call by number). */
export function microkernels(fused: boolean): readonly WasmFunction[] {
  const tiles = range(PANEL_ROWS).map((index) => tile(index + 1, fused));
  return [...tiles, spread(false), spread(true), multiply(false), multiply(true)];
}
