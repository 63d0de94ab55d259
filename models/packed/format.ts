/**
 * Packed safetensors: how a file says which of its tensors are stored without their zeros.
 *
 * A packed file is a valid safetensors file. A tensor `x` of it that is packed is stored as two:
 *
 * - `x.mask`, U32 `[ceil(elements / 32)]`: bit `i & 31` of word `i >> 5` is set where element `i`, in row-major order,
 *   is stored. Bits behind the last element are 0.
 * - `x.values`, `[set bits]`: the stored elements in row-major order, in the dtype of `x`, or for F32 in F16 or BF16
 *   where those hold every one of them exactly.
 *
 * What is not stored is +0, all bits 0. -0 is stored as any other value, so a tensor comes back bit for bit.
 *
 * `__metadata__` has the key `seven.packed` with JSON text:
 *
 * ```json
 * {"version":1,"tensors":[{"name":"x","dtype":"F32","shape":[768,768]}]}
 * ```
 *
 * with one record for each packed tensor. All other tensors are stored as they are, under their own names.
 *
 * @module
 */
import { z } from "zod";
import { show } from "../../engine/io/safetensors_error.ts";
import { SafetensorsError } from "../../engine/mod.ts";
import { validate } from "../validate.ts";

/** Key of the metadata. */
export const packedKey = "seven.packed";

/** Version of the format that is written, and the only one that is read. */
export const packedVersion = 1;

/** A packed tensor, as the metadata have it. */
export interface PackedEntry {
  /** Name. */
  readonly name: string;
  /** Element type. */
  readonly dtype: "F32" | "I32" | "U32";
  /** Sizes, outermost first. */
  readonly shape: readonly number[];
}

/** A tensor as it is stored. */
export interface StoredType {
  /** Element type, as the file calls it. */
  readonly dtype: string;
  /** Sizes, outermost first. */
  readonly shape: readonly number[];
}

/** Names of the two tensors that hold a packed one. */
export function partsOf(name: string): { readonly mask: string; readonly values: string } {
  return { mask: `${name}.mask`, values: `${name}.values` };
}

/** Number of elements. */
export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The metadata that describe packed tensors. */
export function packedMetadata(entries: readonly PackedEntry[]): Record<string, string> {
  if (entries.length === 0) return {};
  return { [packedKey]: JSON.stringify({ version: packedVersion, tensors: entries }) };
}

const size = z.number().int().nonnegative();
const versionSchema = z.looseObject({ version: z.number().int() });
const schema = z.object({
  version: z.literal(packedVersion),
  tensors: z.array(z.object({ name: z.string(), dtype: z.enum(["F32", "I32", "U32"]), shape: z.array(size) })),
});

/**
 * The packed tensors of a file. Everything that can be known without their bytes is checked against what is stored:
 * afterwards a dense tensor takes at most 32 times the bytes of its mask, so no file asks for more memory than that.
 *
 * @param metadata The file's metadata.
 * @param stored The file's tensors by name.
 * @param label Name of the file, for errors.
 * @returns The packed tensors; none of a file that has no packed tensors.
 * @throws {SafetensorsError} for metadata of another version or that are damaged, and for parts that are missing, there
 * twice, or of another size than the shape asks for.
 */
export function packedEntries(
  metadata: Readonly<Record<string, string>>,
  stored: ReadonlyMap<string, StoredType>,
  label: string,
): readonly PackedEntry[] {
  if (!Object.hasOwn(metadata, packedKey)) return [];
  const { tensors } = parse(metadata[packedKey]!, label);
  const seen = new Set<string>();
  for (const entry of tensors) {
    if (seen.has(entry.name)) throw damaged(label, entry.name, `${packedKey} names it twice`);
    seen.add(entry.name);
    checkEntry(entry, stored, label);
  }
  return tensors;
}

function parse(text: string, label: string): z.infer<typeof schema> {
  const fail = (faults: string): SafetensorsError =>
    new SafetensorsError(label, `__metadata__ ${packedKey}: ${cut(faults)}`, remedy);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw fail(`no JSON (${(error as Error).message})`);
  }
  const { version } = validate<z.infer<typeof versionSchema>>(versionSchema, json, fail);
  if (version !== packedVersion) {
    throw new SafetensorsError(
      label,
      `__metadata__ ${packedKey}: version ${version}, but version ${packedVersion} is what is known here`,
      "read the file with the release that wrote it, or a later one",
    );
  }
  return validate<z.infer<typeof schema>>(schema, json, fail);
}

function checkEntry({ name, dtype, shape }: PackedEntry, stored: ReadonlyMap<string, StoredType>, label: string): void {
  const elements = countOf(shape);
  if (!Number.isSafeInteger(elements)) {
    throw damaged(label, name, `shape ${show(shape)} has more elements than any file`);
  }
  if (stored.has(name)) throw damaged(label, name, "it is there both packed and as it is");
  const parts = partsOf(name);
  const [mask, values] = [stored.get(parts.mask), stored.get(parts.values)];
  if (!mask || !values) {
    throw damaged(label, name, `there is no ${show(mask ? parts.values : parts.mask)}`);
  }
  const words = Math.ceil(elements / 32);
  if (mask.dtype !== "U32" || mask.shape.length !== 1 || mask.shape[0] !== words) {
    throw damaged(
      label,
      name,
      `its mask is ${mask.dtype} ${show(mask.shape)}, but ${show(shape)} takes U32 [${words}]`,
    );
  }
  const allowed = dtype === "F32" ? ["F32", "F16", "BF16"] : [dtype];
  if (!allowed.includes(values.dtype) || values.shape.length !== 1 || values.shape[0]! > elements) {
    const most = `${allowed.join(" or ")} with at most ${elements} elements`;
    throw damaged(
      label,
      name,
      `its values are ${values.dtype} ${show(values.shape)}, but ${dtype} ${show(shape)} takes ${most}`,
    );
  }
}

const remedy = "the file is damaged or was changed after packing: fetch or export it again";

/** A list of faults that stays readable, however many there are. */
function cut(faults: string): string {
  return faults.length <= 300 ? faults : `${faults.slice(0, 297)}...`;
}

/** The error for a packed tensor that cannot be read. */
export function damaged(label: string, name: string, problem: string): SafetensorsError {
  return new SafetensorsError(label, `packed tensor ${show(name)}: ${problem}`, remedy);
}
