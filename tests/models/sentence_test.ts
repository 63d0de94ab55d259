import assert from "node:assert/strict";
import {
  grad,
  type HostTensor,
  hostTensor,
  literal,
  openDevice,
  ShapeError,
  sum,
  type Tensor,
} from "../../engine/mod.ts";
import { bertEncoder } from "../../models/bert/bert.ts";
import { bertConfig } from "../../models/bert/config.ts";
import { initBert } from "../../models/bert/init.ts";
import { cosineSimilarity, meanPool, sentenceEmbeddings, unitVectors } from "../../models/sentence.ts";
import { onDevices } from "../engine/suite/support.ts";
import { assertClose } from "../support/assert_close.ts";
import { uniformArray } from "../support/values.ts";

const masks = [[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]];
const mask = Uint32Array.from(masks.flat());
const hidden = Float32Array.from(uniformArray(4 * 4 * 5, 1, -1, 1));

/** The mean of what is attended, in plain f64. */
function expectedMean(row: number): number[] {
  const tokens = masks[row]!.flatMap((seen, token) => seen ? [token] : []);
  return Array.from(
    { length: 5 },
    (_, i) => tokens.reduce((sum, token) => sum + hidden[(row * 4 + token) * 5 + i]!, 0) / Math.max(1, tokens.length),
  );
}

const data = (value: unknown): ArrayLike<number> => (value as HostTensor).data;

onDevices("meanPool() takes the mean of tokens, whatever padding holds", async (device) => {
  const soiled = hidden.slice();
  mask.forEach((seen, token) => seen || soiled.fill(token % 2 ? Infinity : NaN, token * 5, token * 5 + 5));
  for (const values of [hidden, soiled]) {
    const pooled = await device.read(() => meanPool(literal(values, [4, 4, 5]), literal(mask, [4, 4])));
    assertClose(data(pooled), [0, 1, 2, 3].flatMap(expectedMean), { rtol: 1e-6, atol: 1e-6 });
  }
});

onDevices("meanPool() gives padding no gradient, and tokens an equal share", async (device) => {
  const gradient = await device.read(() => {
    const x = literal(hidden, [4, 4, 5]);
    return grad(sum(meanPool(x, literal(mask, [4, 4]))), { x }).x;
  });
  const expected = masks.flatMap((row) => {
    const count = row.reduce((a, b) => a + b);
    return row.flatMap((seen) => Array(5).fill(seen ? 1 / count : 0));
  });
  assertClose(data(gradient), expected, { rtol: 1e-6 });
});

onDevices("unitVectors() and cosineSimilarity() agree with plain arithmetic", async (device) => {
  const a = Float32Array.of(3, 4, 0, 0, 1e-3, 0, 1, 2, -5, 12);
  const b = Float32Array.of(4, 3, 1, 1, -2e3, 0, 2, 4, 12, 5);
  const [unit, cosines, slope] = await device.read(() => {
    const [x, y] = [literal(a, [5, 2]), literal(b, [5, 2])];
    return [unitVectors(x), cosineSimilarity(x, y), grad(sum(unitVectors(x)), { x }).x];
  });
  const root = Math.sqrt(5);
  assertClose(data(unit), [0.6, 0.8, 0, 0, 1, 0, 1 / root, 2 / root, -5 / 13, 12 / 13], { rtol: 1e-6, atol: 1e-7 });
  assertClose(data(cosines), [24 / 25, 0, -1, 1, 0], { rtol: 1e-6, atol: 1e-7 });
  assert.ok(Array.from(data(slope)).every(Number.isFinite), "the gradient at 0 is finite");
});

Deno.test("meanPool() and cosineSimilarity() name shapes that do not fit", () => {
  const x = (...shape: number[]): Tensor => literal(new Float32Array(shape.reduce((a, b) => a * b)), shape);
  assert.throws(() => meanPool(x(2, 3, 4), x(2, 4)), ShapeError);
  assert.throws(() => meanPool(x(2, 3), x(2, 3)), /meanPool: hidden f32\[2,3\], mask f32\[2,3\]; give/);
  assert.throws(() => cosineSimilarity(x(2, 3), x(3)), /cosineSimilarity: f32\[2,3\] and f32\[3\]; give/);
});

Deno.test("sentenceEmbeddings() of a sentence are those of its own tokens, however long the batch", async () => {
  const config = bertConfig({
    model_type: "bert",
    hidden_size: 8,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 12,
    vocab_size: 10,
    max_position_embeddings: 6,
    initializer_range: 0.5,
  }, "tiny");
  const params = await initBert(config, "none", 1);
  using device = await openDevice("cpu");
  using state = device.place(params);
  const run = async (ids: readonly number[][]): Promise<{ embeddings: Float32Array; hidden: Float32Array }> => {
    const width = Math.max(...ids.map((row) => row.length));
    const shape = [ids.length, width];
    const filled = (value: (id: number | undefined) => number): HostTensor =>
      hostTensor(Uint32Array.from(ids.flatMap((row) => Array.from({ length: width }, (_, i) => value(row[i])))), shape);
    const batch = { ids: filled((id) => id ?? 0), mask: filled((id) => id === undefined ? 0 : 1) };
    const type = { shape, dtype: "u32" } as const;
    using program = await device.compile(
      (params: Record<string, Tensor>, batch: { ids: Tensor; mask: Tensor }) => ({
        state: params,
        metrics: {
          embeddings: sentenceEmbeddings(params, config, batch),
          hidden: bertEncoder(params, config, batch),
        },
      }),
      { state: state.types, batch: { ids: type, mask: type } },
    );
    program.run(state, batch as never);
    const { embeddings, hidden } = (await program.lastMetrics()).values as unknown as Record<string, HostTensor>;
    return { embeddings: embeddings!.data as Float32Array, hidden: hidden!.data as Float32Array };
  };
  const sentences = [[2, 7, 3], [2, 4, 5, 9, 8, 3]];
  const { embeddings } = await run(sentences);
  for (const [row, ids] of sentences.entries()) {
    const own = await run([ids]);
    const mean = Array.from(
      { length: 8 },
      (_, i) => ids.reduce((sum, _, token) => sum + own.hidden[token * 8 + i]!, 0) / ids.length,
    );
    const length = Math.hypot(...mean);
    const expected = mean.map((x) => x / length);
    assertClose(embeddings.slice(row * 8, row * 8 + 8), expected, { rtol: 1e-5, atol: 1e-6 });
    assertClose(own.embeddings, expected, { rtol: 1e-5, atol: 1e-6 });
  }
});
