/**
 * Where the keys of a selection lie: tensors in pieces that one binding can span, pieces in parts that one dispatch can
 * bind, and chunks of keys, which are what a workgroup reads. Plus the words of the state.
 *
 * The sizes of pieces travel in a table on the device, so that parts of equally many pieces share their pipelines.
 *
 * @module
 */
import { SELECT_BINS, SELECT_CHUNK, SELECT_PIECE, SELECT_STATE, selectCandidates } from "../graph/scratch.ts";
import { type RawBinding, rawDispatch } from "./raw.ts";
import { type Dispatch, SLICE_ALIGNMENT, type Target } from "./target.ts";

/** Quads (four neighbouring keys) in a chunk. */
export const QUADS: number = SELECT_CHUNK / 4;
/**
 * Words of one piece in the table: its first chunk in the part, keys, position of its first key, its first chunk of
 * all. A last row has the chunks of the part.
 */
const ROW = 4;
/**
 * Most pieces of a part on a software device, which executes every branch of a choice between them: without any it
 * reads keys twice as fast, so there the one pass over all keys takes pieces one by one.
 */
const SOFTWARE_PIECES = 8;
/** Buffers that a dispatch over keys binds beside them: table, state, candidates or result. */
const OTHERS = 3;

/** A tensor, or a slice of one. */
export interface Piece {
  readonly arg: number;
  /** First element of the slice. */
  readonly first: number;
  /** Keys. */
  readonly size: number;
  /** Position of the first key in the order of all tensors. */
  readonly offset: number;
  /** Number of its first chunk in the order of all tensors. */
  readonly chunk: number;
}

/** Pieces of one dispatch, all of whole quads or none. */
export interface Part {
  readonly pieces: readonly Piece[];
  readonly quads: boolean;
  /** Chunks of all pieces. */
  readonly chunks: number;
  /** First word of its rows in the table. */
  readonly table: number;
}

/** How a selection is laid out. */
export interface Layout {
  readonly label: string;
  /** Arguments: k, result, state, candidates, table. */
  readonly k: number;
  readonly result: number;
  readonly state: number;
  readonly candidates: number;
  readonly table: number;
  /** Keys of all tensors. */
  readonly total: number;
  /** Chunks of all tensors. */
  readonly chunks: number;
  /** Pairs that there is room for while narrowing: what the scratch holds, and one binding spans. */
  readonly room: number;
  /** All keys, in as few dispatches as can be. */
  readonly parts: readonly Part[];
  /** All keys, in dispatches that read them fastest. */
  readonly fastParts: readonly Part[];
}

/** Words of the state buffer: counters of a digit, then the state, samples, last pairs, and ties of each chunk. */
export const AT: Readonly<
  Record<
    | "mode"
    | "low"
    | "shift"
    | "bins"
    | "remaining"
    | "bottom"
    | "top"
    | "above"
    | "found"
    | "last"
    | "chunk"
    | "rest"
    | "tops"
    | "bottoms"
    | "samples"
    | "pairs"
    | "ties",
    number
  >
> = {
  /** What goes on: one of {@linkcode MODE}. */
  mode: SELECT_BINS,
  /** Keys at hand are `low + (digit << shift)` with a digit below `bins`. */
  low: SELECT_BINS + 1,
  shift: SELECT_BINS + 2,
  bins: SELECT_BINS + 3,
  /** How many of the keys at hand are still to be kept. */
  remaining: SELECT_BINS + 4,
  /** Candidates lie between these two keys, and equal neither. */
  bottom: SELECT_BINS + 5,
  top: SELECT_BINS + 6,
  /** Keys above the top; candidates found; pairs left for the last step. */
  above: SELECT_BINS + 7,
  found: SELECT_BINS + 8,
  last: SELECT_BINS + 9,
  /** The chunk in which the last tie to keep lies, and how many ties to keep in it. */
  chunk: SELECT_BINS + 10,
  rest: SELECT_BINS + 11,
  /** Keys equal to the top and to the bottom. */
  tops: SELECT_BINS + 12,
  bottoms: SELECT_BINS + 13,
  samples: SELECT_BINS + SELECT_STATE,
  pairs: 2 * SELECT_BINS + SELECT_STATE,
  ties: 4 * SELECT_BINS + SELECT_STATE,
};

/** What a selection is doing. Every dispatch ends at once unless its mode is on. */
export const MODE = {
  /** Counting digits of the candidates. */
  narrow: 0,
  /** Counting digits of all keys. */
  whole: 1,
  /** Few enough candidates are left to be sorted. */
  tile: 2,
  /** The key is known; some, not all, of the keys equal to it are kept. */
  ties: 3,
  /** The result is written. */
  done: 4,
} as const;

/** Declares what {@linkcode onlyIn} needs. */
export const NOW = "var<workgroup> now: u32;";

/** Statements that end a dispatch unless a mode is on. All threads agree, so barriers may follow. */
export function onlyIn(mode: keyof typeof MODE, read: (word: number) => string): string {
  return `  if (local == 0u) { now = ${read(AT.mode)}; }
  if (workgroupUniformLoad(&now) != ${MODE[mode]}u) { return; }`;
}

/** Texts that read a word of the state, where it is bound as plain words and as atomic ones. */
export const plain = (word: number): string => `state[${word}]`;
/** See {@linkcode plain}. */
export const atomic = (word: number): string => `atomicLoad(&state[${word}])`;

/** Lays out the keys of tensors of `sizes` elements. */
export function layOut(label: string, sizes: readonly number[], target: Target): Layout {
  const most = Math.max(1, Math.min(target.bindings - OTHERS, target.software ? SOFTWARE_PIECES : Infinity));
  const pieceSize = Math.min(SELECT_PIECE, 2 ** Math.floor(Math.log2(target.bindingBytes / 4)));
  const pieces: Piece[] = [];
  let offset = 0, chunk = 0;
  sizes.forEach((length, arg) => {
    for (let first = 0; first < length; first += pieceSize) {
      const size = Math.min(pieceSize, length - first);
      pieces.push({ arg, first, size, offset, chunk });
      offset += size;
      chunk += Math.ceil(size / SELECT_CHUNK);
    }
  });
  const parts = inParts(pieces, most, 0);
  const end = parts.reduce((sum, part) => sum + tableWords(part.pieces.length), 0);
  const fastParts = target.software ? inParts(pieces, 1, end) : parts;
  const k = sizes.length;
  const scratch = { state: k + 2, candidates: k + 3, table: k + 4 };
  const room = Math.min(selectCandidates(offset), Math.floor(target.bindingBytes / 8));
  return { label, k, result: k + 1, ...scratch, total: offset, chunks: chunk, room, parts, fastParts };
}

/** Pieces in groups of at most `most`, those of whole quads first; their rows in the table from `table` on. */
function inParts(pieces: readonly Piece[], most: number, table: number): readonly Part[] {
  const parts: Part[] = [];
  for (const quads of [true, false]) {
    const list = pieces.filter(({ size }) => (size % 4 === 0) === quads);
    for (let from = 0; from < list.length; from += most) {
      const some = list.slice(from, from + most);
      const chunks = some.reduce((sum, { size }) => sum + Math.ceil(size / SELECT_CHUNK), 0);
      parts.push({ pieces: some, quads, chunks, table });
      table += tableWords(some.length);
    }
  }
  return parts;
}

const tableWords = (pieces: number): number => Math.ceil((pieces + 1) * ROW / SLICE_ALIGNMENT) * SLICE_ALIGNMENT;

/** Writes the table. */
export function writeTable({ label, table, parts, fastParts }: Layout, target: Target): Dispatch {
  const rows = [...new Set([...parts, ...fastParts])].flatMap((part) => {
    let first = 0;
    const set = (i: number, size: number, offset: number, chunk: number): string =>
      `rows[${part.table / ROW + i}] = vec4<u32>(${first}u, ${size}u, ${offset}u, ${chunk}u);`;
    const lines = part.pieces.map(({ size, offset, chunk }, i) => {
      const line = set(i, size, offset, chunk);
      first += Math.ceil(size / SELECT_CHUNK);
      return line;
    });
    return [...lines, set(lines.length, 0, 0, 0)];
  });
  return rawDispatch({
    label: `${label} table`,
    workgroup: 1,
    groups: 1,
    bindings: [{ arg: table, name: "rows", type: "vec4<u32>", writes: true }],
    body: `  if (local == 0u) {\n    ${rows.join("\n    ")}\n  }`,
  }, target);
}

/** The binding of the candidates. */
export function candidates({ candidates, room }: Layout, writes = false): RawBinding {
  return { arg: candidates, name: "candidates", type: "vec2<u32>", writes, first: 0, count: 2 * room };
}

/** Bindings of a part: its rows of the table, then its keys. */
export function partBindings(layout: Layout, { pieces, quads, table }: Part): readonly RawBinding[] {
  return [
    { arg: layout.table, name: "rows", type: "vec4<u32>", first: table, count: tableWords(pieces.length) },
    ...pieces.map(({ arg, first, size }, i) => ({
      arg,
      name: `keys${i}`,
      type: quads ? "vec4<u32>" : "u32",
      first,
      count: size,
    })),
  ];
}

/**
 * Shader functions of a part: `pieceOf(chunk)` is the row of the piece that a chunk of the part lies in, `quad(piece,
 * at)` four neighbouring keys, `quads(piece, at, step, ...)` four times that, and `inside(size, at)` how many of the
 * keys of a quad there are.
 */
export function partFunctions({ pieces, quads }: Part): string {
  const read = (i: number, at: string): string =>
    quads ? `keys${i}[${at}]` : `vec4<u32>(${[0, 1, 2, 3].map((j) => `keys${i}[4u * (${at}) + ${j}u]`).join(", ")})`;
  // A loop of one turn or none: llvmpipe computes both sides of a branch, but leaves a loop at once.
  const choose = (statements: (i: number) => string): string =>
    pieces.map((_, i) =>
      pieces.length === 1
        ? `  ${statements(i)}`
        : `  for (var turn = piece; turn == ${i}u; turn = 0xffffffffu) { ${statements(i)} }`
    ).join("\n");
  const four = ["a", "b", "c", "d"];
  return `fn pieceOf(chunk: u32) -> u32 {
  var piece = 0u;
  for (var i = 1u; i < ${pieces.length}u; i++) { piece = select(piece, i, chunk >= rows[i].x); }
  return piece;
}
fn quad(piece: u32, at: u32) -> vec4<u32> {
  var keys: vec4<u32>;
${choose((i) => `keys = ${read(i, "at")};`)}
  return keys;
}
fn quads(piece: u32, at: u32, step: u32, ${four.map((name) => `${name}: ptr<function, vec4<u32>>`).join(", ")}) {
${choose((i) => four.map((name, j) => `*${name} = ${read(i, `at + ${j}u * step`)};`).join(" "))}
}
fn inside(size: u32, at: u32) -> u32 {
  return min(size - min(size, 4u * at), 4u);
}`;
}
