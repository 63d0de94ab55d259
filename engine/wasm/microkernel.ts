/**
 * The matrix product of packed panels.
 *
 * A is packed in panels of {@linkcode PANEL_ROWS} rows and B in panels of {@linkcode PANEL_COLUMNS} columns, each panel
 * k-major, so that the innermost loop reads both in order. The tile of C (6 x 8: twelve vectors of four) stays in
 * registers for the whole of k; with two vectors of B and one broadcast of A that fills the sixteen vector registers of
 * x86-64. Panels that stick out of the matrix may hold anything: what they give is never stored.
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

/** Rows of a packed panel of A. */
export const PANEL_ROWS = 6;
/** Columns of a packed panel of B. */
export const PANEL_COLUMNS = 8;

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** `tile<rows>(a, b, c, rowBytes, k, accumulate)`: `rows` x 8 elements of C from a panel of A and one of B; k >= 1. */
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
    return [
      ...branch(
        accumulate!.get,
        eachRow((pair) => pair.flatMap((sum, j) => sum.set(v128.load(row.get, 16 * j)))),
      ),
      ...loopWhile(
        k!.tee(i32.sub(k!.get, i32.const(1))),
        ...columns.map((column, j) => column.set(v128.load(b!.get, 16 * j))),
        ...sums.map((pair, i) => [
          ...element.set(v128.load32Splat(a!.get, 4 * i)),
          ...pair.flatMap((sum, j) => add(sum, columns[j]!)),
        ]),
        a!.set(i32.add(a!.get, i32.const(4 * PANEL_ROWS))),
        b!.set(i32.add(b!.get, i32.const(4 * PANEL_COLUMNS))),
      ),
      ...eachRow((pair) => pair.flatMap((sum, j) => v128.store(row.get, sum.get, 16 * j))),
    ];
  });
}

/**
 * `multiply(a, b, c, rowBytes, m, n, k, accumulate, spare)`: C (+)= A B for packed A and B, all m, n, k >= 1. Tiles
 * that stick out to the right go through the 192 bytes at `spare`.
 */
function multiply(): WasmFunction {
  return wasmFunction("multiply", 9, ([a, b, c, rowBytes, m, n, k, accumulate, spare], local) => {
    const [rows, columns, panel, target, rowsLeft, i, j] = range(7).map(() => local("i32"));
    const tiles = (to: Code, bytes: Code, add: Code): Code =>
      range(PANEL_ROWS).reduce<Code>((otherwise, index) => {
        const run = call(index, panel!.get, b!.get, to, bytes, k!.get, add);
        return index === 0 ? run : branch(i32.eq(rows!.get, i32.const(index + 1)), run, otherwise);
      }, []);
    const least = (value: Code, limit: number): Code => pick(i32.ltU(value, i32.const(limit)), value, i32.const(limit));
    const from = i32.add(spare!.get, i32.add(i32.shl(i!.get, i32.const(5)), i32.shl(j!.get, i32.const(2))));
    const to = i32.add(target!.get, i32.add(i32.mul(i!.get, rowBytes!.get), i32.shl(j!.get, i32.const(2))));
    const copySpare = [
      ...i!.set(i32.const(0)),
      ...loopWhile(
        i32.ltU(i!.tee(i32.add(i!.get, i32.const(1))), rows!.get),
        j!.set(i32.const(0)),
        loopWhile(
          i32.ltU(j!.tee(i32.add(j!.get, i32.const(1))), columns!.get),
          branch(
            accumulate!.get,
            f32.store(to, f32.add(f32.load(to), f32.load(from))),
            f32.store(to, f32.load(from)),
          ),
        ),
      ),
    ];
    return loopWhile(
      n!.tee(i32.sub(n!.get, columns!.get)),
      columns!.set(least(n!.get, PANEL_COLUMNS)),
      panel!.set(a!.get),
      target!.set(c!.get),
      rowsLeft!.set(m!.get),
      loopWhile(
        rowsLeft!.tee(i32.sub(rowsLeft!.get, rows!.get)),
        rows!.set(least(rowsLeft!.get, PANEL_ROWS)),
        branch(
          i32.eq(columns!.get, i32.const(PANEL_COLUMNS)),
          tiles(target!.get, rowBytes!.get, accumulate!.get),
          [...tiles(spare!.get, i32.const(4 * PANEL_COLUMNS), i32.const(0)), ...copySpare],
        ),
        panel!.set(i32.add(panel!.get, i32.mul(k!.get, i32.const(4 * PANEL_ROWS)))),
        target!.set(i32.add(target!.get, i32.mul(rowBytes!.get, i32.const(PANEL_ROWS)))),
      ),
      b!.set(i32.add(b!.get, i32.mul(k!.get, i32.const(4 * PANEL_COLUMNS)))),
      c!.set(i32.add(c!.get, i32.const(4 * PANEL_COLUMNS))),
    );
  });
}

/** The functions `tile1` to `tile6` and `multiply`, which must come first in their module (they call by number). */
export function microkernels(fused: boolean): readonly WasmFunction[] {
  return [...range(PANEL_ROWS).map((index) => tile(index + 1, fused)), multiply()];
}
