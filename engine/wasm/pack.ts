/**
 * Packing: copies rows of an operand into panels of eight rows, k-major.
 *
 * A row is anywhere: a table gives its byte offset, so strides, split heads and any other layout of rows cost the same.
 * Along k the elements have a constant stride (`pack`) or a table of their own (`packTable`). Per panel the fastest way
 * that fits is taken: rows that are neighbours in memory are copied as vectors, rows contiguous along k are transposed
 * four by four in registers, anything else moves element by element. A last panel that is not full repeats its last
 * row.
 *
 * @module
 */
import {
  branch,
  type Code,
  f32,
  i32,
  type Local,
  loopWhile,
  pick,
  v128,
  type ValueType,
  type WasmFunction,
  wasmFunction,
} from "./assembler.ts";
import { PANEL_COLUMNS as WIDTH } from "./microkernel.ts";

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** Four rows of four elements at `rows` become four stores, one per k, `stepBytes` apart, `offset` bytes into each. */
function transpose4(to: Code, rows: readonly Code[], stepBytes: number, offset: number, v: readonly Local[]): Code {
  const [a, b, c, d, low, high] = v.map((local) => local!);
  const pairs = (first: Local, second: Local): Code => [
    ...low!.set(v128.shuffle32([0, 4, 1, 5], first.get, second.get)),
    ...high!.set(v128.shuffle32([2, 6, 3, 7], first.get, second.get)),
  ];
  const store = (k: number, value: Code): Code => v128.store(to, value, k * stepBytes + offset);
  return [
    ...a!.set(v128.load(rows[0]!)),
    ...b!.set(v128.load(rows[1]!)),
    ...c!.set(v128.load(rows[2]!)),
    ...d!.set(v128.load(rows[3]!)),
    ...pairs(a!, b!),
    ...a!.set(low!.get),
    ...b!.set(high!.get),
    ...pairs(c!, d!),
    ...store(0, v128.shuffle32([0, 1, 4, 5], a!.get, low!.get)),
    ...store(1, v128.shuffle32([2, 3, 6, 7], a!.get, low!.get)),
    ...store(2, v128.shuffle32([0, 1, 4, 5], b!.get, high!.get)),
    ...store(3, v128.shuffle32([2, 3, 6, 7], b!.get, high!.get)),
  ];
}

/**
 * `pack(to, from, rows, count, k, stride)`, or `packTable(to, from, rows, count, k, offsets)`: `count`
 * rows at `from + rows[i]`, of k elements `stride` bytes apart or at `offsets[k]`. Addresses, offsets and strides in
 * bytes; count, k >= 1.
 */
function pack(table: boolean): WasmFunction {
  return wasmFunction(table ? "packTable" : "pack", 6, ([to, from, rows, count, k, along], local) => {
    const locals = (type: ValueType, many: number): readonly Local[] => range(many).map(() => local(type));
    const starts = locals("i32", WIDTH);
    const [offset, left, position] = locals("i32", 3);
    const vectors = locals("v128", 6);
    const step = 4 * WIDTH;
    const at = (row: number): Code => i32.add(starts[row]!.get, offset!.get);
    const rowStart = (row: number): Code => {
      const index = row === 0 ? i32.const(0) : pick(
        i32.ltU(i32.const(row), count!.get),
        i32.const(4 * row),
        i32.shl(i32.sub(count!.get, i32.const(1)), i32.const(2)),
      );
      return starts[row]!.set(i32.add(from!.get, i32.load(i32.add(rows!.get, index))));
    };
    const neighbours = range(WIDTH - 1).map((row) =>
      i32.eq(i32.sub(starts[row + 1]!.get, starts[0]!.get), i32.const(4 * (row + 1)))
    ).reduce((all, next) => i32.and(all, next));
    // Runs `body` for the `left` elements along k that remain; `offset` is where each lies in its row.
    const eachElement = (body: Code): Code =>
      table
        ? loopWhile(
          left!.tee(i32.sub(left!.get, i32.const(1))),
          offset!.set(i32.load(position!.get)),
          body,
          position!.set(i32.add(position!.get, i32.const(4))),
          to!.set(i32.add(to!.get, i32.const(step))),
        )
        : loopWhile(
          left!.tee(i32.sub(left!.get, i32.const(1))),
          body,
          offset!.set(i32.add(offset!.get, along!.get)),
          to!.set(i32.add(to!.get, i32.const(step))),
        );
    const copyVectors = eachElement([
      ...v128.store(to!.get, v128.load(at(0))),
      ...v128.store(to!.get, v128.load(at(0), 16), 16),
    ]);
    const copyElements = branch(
      left!.get,
      eachElement(starts.flatMap((_, row) => f32.store(to!.get, f32.load(at(row)), 4 * row))),
    );
    const quad = (first: number): readonly Code[] => range(4).map((row) => at(first + row));
    const transposeFours = branch(
      i32.and(i32.eq(along!.get, i32.const(4)), i32.geU(left!.get, i32.const(4))),
      loopWhile(
        i32.geU(left!.tee(i32.sub(left!.get, i32.const(4))), i32.const(4)),
        transpose4(to!.get, quad(0), step, 0, vectors),
        transpose4(to!.get, quad(4), step, 16, vectors),
        offset!.set(i32.add(offset!.get, i32.const(16))),
        to!.set(i32.add(to!.get, i32.const(4 * step))),
      ),
    );
    const full = i32.geU(count!.get, i32.const(WIDTH));
    return loopWhile(
      count!.tee(i32.sub(count!.get, pick(full, i32.const(WIDTH), count!.get))),
      starts.flatMap((_, row) => rowStart(row)),
      left!.set(k!.get),
      table ? position!.set(along!.get) : offset!.set(i32.const(0)),
      branch(neighbours, copyVectors, [...(table ? [] : transposeFours), ...copyElements]),
      rows!.set(i32.add(rows!.get, i32.const(step))),
    );
  });
}

/** The functions `pack` and `packTable`. */
export function packers(): readonly WasmFunction[] {
  return [pack(false), pack(true)];
}
