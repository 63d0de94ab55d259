/** Packed files that are not what they say: an error of the loader's own class that names the tensor. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  byteSource,
  openSafetensors,
  parseSafetensors,
  SafetensorsError,
  writeSafetensors,
} from "../../../engine/mod.ts";
import { packTensors } from "../../../models/packed/pack.ts";
import { unpackedFile, unpackTensors } from "../../../models/packed/unpack.ts";
import { f32 } from "./support.ts";

const weight = f32([40, 50], Array.from({ length: 2000 }, (_, i) => i % 7 ? 0 : Math.sin(i + 1)));
const packed = packTensors({ weight });
const file = parseSafetensors(writeSafetensors(packed.tensors, packed.metadata), "f");
const u32 = (words: ArrayLike<number>, shape = [words.length]) =>
  ({ shape, dtype: "u32", data: Uint32Array.from(words) }) as const;
const mask = file.tensors["weight.mask"]!;
const values = file.tensors["weight.values"]!;
const record = { name: "weight", dtype: "F32", shape: [40, 50] };
const metadata = (tensors: unknown, version: unknown = 1): Record<string, string> => ({
  "seven.packed": JSON.stringify({ version, tensors }),
});

/** Reads everything, one by one and as a whole: both must say the same. */
async function read(tensors: Parameters<typeof writeSafetensors>[0], notes: Record<string, string>): Promise<void> {
  const bytes = writeSafetensors(tensors, notes);
  const whole = parseSafetensors(bytes, "f");
  let message: string | undefined;
  try {
    unpackTensors(whole.tensors, whole.metadata, "f");
  } catch (error) {
    assert.ok(error instanceof SafetensorsError, `${error}`);
    message = error.message;
  }
  const one = async (): Promise<void> => {
    const open = unpackedFile(await openSafetensors(byteSource(bytes), "f"), "f");
    for (const { name } of open.entries) await open.read(name);
  };
  if (message === undefined) return await one();
  await assert.rejects(one(), { name: "SafetensorsError" });
  throw new SafetensorsError("f", message, "");
}

const refuses = async (
  tensors: Parameters<typeof writeSafetensors>[0],
  notes: Record<string, string>,
  message: RegExp,
): Promise<void> => {
  await assert.rejects(read(tensors, notes), { name: "SafetensorsError", message });
};

Deno.test("unpackedFile() refuses masks and values that do not fit each other or the shape", async () => {
  const parts = file.tensors;
  await read(parts, file.metadata);
  const set = (changed: Record<string, ReturnType<typeof u32> | ReturnType<typeof f32>>) => ({ ...parts, ...changed });
  const words = [...mask.data];
  await refuses(
    set({ "weight.mask": u32(words.slice(1)) }),
    file.metadata,
    /"weight": its mask is U32 \[62\].*U32 \[63\]/,
  );
  await refuses(set({ "weight.mask": u32([...words, 0]) }), file.metadata, /its mask is U32 \[64\]/);
  await refuses(set({ "weight.mask": f32([63], words) }), file.metadata, /its mask is F32 \[63\]/);
  await refuses(set({ "weight.mask": u32(words, [9, 7]) }), file.metadata, /its mask is U32 \[9,7\]/);
  const less = f32([values.data.length - 1], values.data.slice(1));
  await refuses(set({ "weight.values": less }), file.metadata, /mask keeps 286 elements, but there are 285 values/);
  await refuses(
    set({ "weight.values": f32([2001], new Float32Array(2001)) }),
    file.metadata,
    /F32 \[2001\].*at most 2000/,
  );
  await refuses(set({ "weight.values": f32([1, 286], values.data) }), file.metadata, /its values are F32 \[1,286\]/);
  await refuses(set({ "weight.values": u32(values.data) }), file.metadata, /its values are U32/);
  // A flag behind the last element instead of one before it.
  const behind = Uint32Array.from(words);
  behind[62]! |= 1 << 31;
  behind[0]! &= ~1;
  await refuses(set({ "weight.mask": u32(behind) }), file.metadata, /keeps elements behind the last of \[40,50\]/);
  await refuses({ "weight.mask": mask }, file.metadata, /there is no "weight\.values"/);
  await refuses({ "weight.values": values }, file.metadata, /there is no "weight\.mask"/);
  await refuses({ ...parts, weight }, file.metadata, /there both packed and as it is/);
});

Deno.test("unpackedFile() refuses metadata that make no sense", async () => {
  const parts = file.tensors;
  const refusesNotes = (notes: Record<string, string>, message: RegExp) => refuses(parts, notes, message);
  await read(parts, metadata([record]));
  await refusesNotes(metadata([record], 2), /version 2, but version 1 .* the release that wrote it/);
  await refusesNotes(metadata([record], "1"), /seven\.packed: .*version/);
  await refusesNotes({ "seven.packed": "{" }, /seven\.packed: no JSON/);
  await refusesNotes({ "seven.packed": "[]" }, /seven\.packed: /);
  await refusesNotes(metadata([record, record]), /names it twice/);
  await refusesNotes(metadata([{ ...record, dtype: "F64" }]), /dtype/);
  await refusesNotes(metadata([{ ...record, shape: [-40, -50] }]), /shape/);
  await refusesNotes(metadata([{ ...record, shape: [40, 50.5] }]), /shape/);
  await refusesNotes(metadata([{ ...record, shape: [2 ** 40, 2 ** 40] }]), /more elements than any file/);
  // Sizes that would take 8 TB are refused for their mask, before anything is made.
  await refusesNotes(metadata([{ ...record, shape: [2 ** 20, 2 ** 21] }]), /its mask is U32 \[63\]/);
});

Deno.test("unpackedFile() of any damage gives the tensors or a SafetensorsError, never more memory than the file allows", async () => {
  const bytes = writeSafetensors(packed.tensors, packed.metadata);
  const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const damagedBytes = bytes.slice();
      for (const [at, byte] of changes) damagedBytes[at] = byte;
      try {
        const open = unpackedFile(await openSafetensors(byteSource(damagedBytes), "f"), "f");
        for (const { name } of open.entries) {
          const { data } = await open.read(name);
          assert.ok(data.byteLength <= 32 * bytes.length);
        }
      } catch (error) {
        assert.ok(error instanceof SafetensorsError, `${error}`);
        assert.ok(!error.message.includes("\n"));
        refused++;
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(refused > 50);
});
