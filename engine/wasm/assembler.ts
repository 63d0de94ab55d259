/**
 * A small WebAssembly assembler: instructions are byte strings composed like expressions, such as
 * `i32.add(p.get, i32.const(4))`.
 *
 * It knows what the microkernels need and no more: i32 arithmetic, f32 scalars, 128-bit SIMD with relaxed multiply-add,
 * structured loops, functions over i32 parameters and one imported memory. Encodings are those of the WebAssembly core
 * specification, sections 5.4 and 5.5.
 *
 * @module
 */

/** Encoded instructions. */
export type Code = readonly number[];

/** A local variable or parameter of a function. */
export interface Local {
  /** Pushes the value. */
  readonly get: Code;
  /** Stores `value`. */
  set(value: Code): Code;
  /** Stores `value` and leaves it on the stack. */
  tee(value: Code): Code;
}

/** A function: parameters are all i32, no results. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: number;
  /** Types of the locals after the parameters. */
  readonly locals: readonly ValueType[];
  readonly body: Code;
}

/** Types of locals. */
export type ValueType = "i32" | "f32" | "v128";

const typeCodes: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

/** Unsigned LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  do {
    const low = value & 0x7f;
    value >>>= 7;
    bytes.push(value === 0 ? low : low | 0x80);
  } while (value !== 0);
  return bytes;
}

/** Signed LEB128. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = value & 0x7f;
    value >>= 7;
    if ((value === 0 && !(low & 0x40)) || (value === -1 && low & 0x40)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

/** An instruction over the code of its operands. */
export type Instruction = (...operands: Code[]) => Code;
type Load = (address: Code, offset?: number) => Code;
type StoreTo = (address: Code, value: Code, offset?: number) => Code;

const plain = (code: number): Instruction => (...operands) => [...operands.flat(), code];
/** A vector instruction by its number. */
export const simd = (code: number): Instruction => (...operands) => [...operands.flat(), 0xfd, ...unsigned(code)];
// Alignment 2 (four bytes) is a hint that holds for every access here.
const load = (...code: number[]): Load => (address, offset = 0) => [...address, ...code, 2, ...unsigned(offset)];
const store = (...code: number[]): StoreTo => (address, value, offset = 0) => [
  ...address,
  ...value,
  ...code,
  2,
  ...unsigned(offset),
];

interface IntegerInstructions {
  readonly const: (value: number) => Code;
  readonly eqz: Instruction;
  readonly eq: Instruction;
  readonly ltU: Instruction;
  readonly geU: Instruction;
  readonly add: Instruction;
  readonly sub: Instruction;
  readonly mul: Instruction;
  readonly and: Instruction;
  readonly shl: Instruction;
  readonly load: Load;
  readonly store: StoreTo;
}

/** 32-bit integers: counters and addresses. */
export const i32: IntegerInstructions = {
  const: (value) => [0x41, ...signed(value)],
  eqz: plain(0x45),
  eq: plain(0x46),
  ltU: plain(0x49),
  geU: plain(0x4f),
  add: plain(0x6a),
  sub: plain(0x6b),
  mul: plain(0x6c),
  and: plain(0x71),
  shl: plain(0x74),
  load: load(0x28),
  store: store(0x36),
};

/** Scalar f32. */
export const f32: { readonly load: Load; readonly store: StoreTo; readonly add: Instruction } = {
  load: load(0x2a),
  store: store(0x38),
  add: plain(0x92),
};

interface VectorInstructions {
  readonly load: Load;
  readonly load32Splat: Load;
  readonly store: StoreTo;
  /** Picks four 32-bit lanes of the eight of both operands. */
  readonly shuffle32: (lanes: readonly [number, number, number, number], a: Code, b: Code) => Code;
}

/** 128-bit vectors. */
export const v128: VectorInstructions = {
  load: load(0xfd, 0x00),
  load32Splat: load(0xfd, 0x09),
  store: store(0xfd, 0x0b),
  shuffle32: (lanes, a, b) => [
    ...a,
    ...b,
    0xfd,
    0x0d,
    ...lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]),
  ],
};

/** Four f32 lanes. `relaxedMadd(a, b, c)` is `a * b + c`, rounded once or twice as the hardware does it. */
export const f32x4: { readonly add: Instruction; readonly mul: Instruction; readonly relaxedMadd: Instruction } = {
  add: simd(0xe4),
  mul: simd(0xe6),
  relaxedMadd: simd(0x105),
};

/** Repeats `body` while `condition` holds after it. */
export function loopWhile(condition: Code, ...body: Code[]): Code {
  return [0x03, 0x40, ...body.flat(), ...condition, 0x0d, 0x00, 0x0b];
}

/** Runs `then` when `condition` is not 0, else `otherwise`. */
export function branch(condition: Code, then: Code, otherwise: Code = []): Code {
  return [...condition, 0x04, 0x40, ...then, ...(otherwise.length ? [0x05, ...otherwise] : []), 0x0b];
}

/** `condition ? a : b`, both evaluated. */
export function pick(condition: Code, a: Code, b: Code): Code {
  return [...a, ...b, ...condition, 0x1b];
}

/** Calls function number `index` of the module. */
export function call(index: number, ...operands: Code[]): Code {
  return [...operands.flat(), 0x10, ...unsigned(index)];
}

/** Makes a function; `build` gets its parameters and a maker of further locals (which start as 0). */
export function wasmFunction(
  name: string,
  parameters: number,
  build: (parameters: readonly Local[], local: (type: ValueType) => Local) => Code,
): WasmFunction {
  const locals: ValueType[] = [];
  const at = (index: number): Local => ({
    get: [0x20, ...unsigned(index)],
    set: (value) => [...value, 0x21, ...unsigned(index)],
    tee: (value) => [...value, 0x22, ...unsigned(index)],
  });
  const body = build(Array.from({ length: parameters }, (_, index) => at(index)), (type) => {
    locals.push(type);
    return at(parameters + locals.length - 1);
  });
  return { name, parameters, locals, body };
}

const section = (id: number, items: readonly (readonly number[])[]): number[] => {
  const content = [...unsigned(items.length), ...items.flat()];
  return [id, ...unsigned(content.length), ...content];
};
const text = (value: string): number[] => [...unsigned(value.length), ...new TextEncoder().encode(value)];

/** A module in pieces: the import of its memory is between `before` and `after`, since its type is not always known. */
export interface ModulePieces {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** The import of `env.memory`. One that threads share is of another type, which names its maximum (65536 pages). */
export function memoryImport(shared: boolean): readonly number[] {
  const type = shared ? [0x03, 0x00, ...unsigned(65536)] : [0x00, 0x00];
  return section(2, [[...text("env"), ...text("memory"), 0x02, ...type]]);
}

/** The pieces of a module that exports all its functions by name, and its memory as `memory`. */
export function modulePieces(functions: readonly WasmFunction[]): ModulePieces {
  const arities = [...new Set(functions.map((f) => f.parameters))];
  const types = arities.map((arity) => [0x60, arity, ...new Array<number>(arity).fill(typeCodes.i32), 0]);
  const bodies = functions.map(({ locals, body }) => {
    const content = [...unsigned(locals.length), ...locals.flatMap((type) => [1, typeCodes[type]]), ...body, 0x0b];
    return [...unsigned(content.length), ...content];
  });
  const exported = functions.map((f, index) => [...text(f.name), 0x00, ...unsigned(index)]);
  return {
    before: [...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], ...section(1, types)],
    after: [
      ...section(3, functions.map((f) => unsigned(arities.indexOf(f.parameters)))),
      ...section(7, [...exported, [...text("memory"), 0x02, 0x00]]),
      ...section(10, bodies),
    ],
  };
}

/** The bytes of a module, see {@linkcode modulePieces}. */
export function assemble(functions: readonly WasmFunction[], shared = false): Uint8Array<ArrayBuffer> {
  const { before, after } = modulePieces(functions);
  return new Uint8Array([...before, ...memoryImport(shared), ...after]);
}
