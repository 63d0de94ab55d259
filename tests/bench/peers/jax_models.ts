/**
 * The reference encoder and the ViT in jax-js. Tokens are embedded by a product with one-hot rows: the gradient of its
 * gather fails under `jit`.
 *
 * @module
 */
import type { EncoderSizes, ViTSizes } from "../work.ts";
import type { JaxArray, JaxLibrary, JaxTree } from "./jax_library.ts";

function geluTanh({ np }: JaxLibrary, x: JaxArray): JaxArray {
  const cubed = x.ref.mul(x.ref).mul(x.ref).mul(0.044715);
  return x.ref.mul(0.5).mul(np.tanh(x.add(cubed).mul(Math.sqrt(2 / Math.PI))).add(1));
}

interface Heads {
  readonly batch: number;
  readonly tokens: number;
  readonly heads: number;
  readonly headWidth: number;
}

/** Attention over projected q, k, v `[batch * tokens, heads * headWidth]`. */
function attend({ np, nn }: JaxLibrary, qkv: readonly JaxArray[], sizes: Heads): JaxArray {
  const { batch, tokens, heads, headWidth } = sizes;
  const [q, k, v] = qkv.map((x) => np.transpose(x.reshape([batch, tokens, heads, headWidth]), [0, 2, 1, 3]));
  const scores = np.matmul(q!, np.transpose(k!, [0, 1, 3, 2])).mul(1 / Math.sqrt(headWidth));
  const heard = np.matmul(nn.softmax(scores, -1), v!);
  return np.transpose(heard, [0, 2, 1, 3]).reshape([batch * tokens, heads * headWidth]);
}

function block(jax: JaxLibrary, x: JaxArray, params: JaxTree, prefix: string, sizes: EncoderSizes): JaxArray {
  const { np, layerNorm } = jax;
  const get = (name: string): JaxArray => params[`${prefix}.${name}`]!;
  const { batch, tokens, heads, width } = sizes;
  const before = layerNorm(x.ref, get("norm1.gamma"), get("norm1.beta"), 1e-5);
  const qkv = [before.ref, before.ref, before].map((y, i) => np.matmul(y, get(["query", "key", "value"][i]!)));
  const heard = attend(jax, qkv, { batch, tokens, heads, headWidth: width / heads });
  const between = x.add(np.matmul(heard, get("output")));
  const after = layerNorm(between.ref, get("norm2.gamma"), get("norm2.beta"), 1e-5);
  const inner = geluTanh(jax, np.matmul(after, get("up.weight")).add(get("up.bias")));
  return between.add(np.matmul(inner, get("down.weight")).add(get("down.bias")));
}

function crossEntropy({ np, nn }: JaxLibrary, logits: JaxArray, labels: JaxArray, classes: number): JaxArray {
  const rows = logits.shape[0]!;
  return nn.logSoftmax(logits, -1).mul(nn.oneHot(labels, classes).astype(np.float32)).sum().mul(-1 / rows);
}

/** Mean cross-entropy of the encoder, one prediction per token. */
export function encoderLoss(jax: JaxLibrary, params: JaxTree, batch: JaxTree, sizes: EncoderSizes): JaxArray {
  const { np, nn, layerNorm } = jax;
  const { batch: rows, tokens, width, vocabulary } = sizes;
  if (sizes.head !== "token") throw new Error("the head over first tokens is not written for jax-js");
  const oneHot = nn.oneHot(batch.ids!, vocabulary).astype(np.float32);
  let x = np.matmul(oneHot, params["embed.token"]!).reshape([rows, tokens, width])
    .add(params["embed.position"]!).reshape([rows * tokens, width]);
  for (let layer = 0; layer < sizes.layers; layer++) x = block(jax, x, params, `block.${layer}`, sizes);
  const normed = layerNorm(x, params["final.gamma"]!, params["final.beta"]!, 1e-5);
  return crossEntropy(jax, np.matmul(normed, params.head!), batch.labels!, sizes.classes);
}

/** Mean square of what one block makes of `x`. */
export function encoderLayerLoss(jax: JaxLibrary, params: JaxTree, sizes: EncoderSizes): JaxArray {
  const y = block(jax, params.x!, params, "block.0", sizes);
  return y.ref.mul(y).sum().mul(1 / (sizes.batch * sizes.tokens * sizes.width));
}

/** Mean cross-entropy of a ViT with ReLU. */
export function viTLoss(jax: JaxLibrary, params: JaxTree, data: JaxTree, sizes: ViTSizes): JaxArray {
  const { np, layerNorm } = jax;
  const { batch, patch, channels, image, width, heads, headWidth, eps } = sizes;
  if (sizes.activation !== "relu") throw new Error("only ReLU is written for the ViT of jax-js");
  const side = image / patch, tokens = side * side + 1;
  const used = new Set<string>();
  const get = (name: string): JaxArray => {
    used.add(name);
    return params[name]!;
  };
  const dense = (x: JaxArray, name: string): JaxArray => {
    const y = np.matmul(x, np.matrixTranspose(get(`${name}.weight`)));
    return params[`${name}.bias`] ? y.add(get(`${name}.bias`)) : y;
  };
  const norm = (x: JaxArray, name: string): JaxArray => layerNorm(x, get(`${name}.weight`), get(`${name}.bias`), eps);
  const cut = data.images!.reshape([batch, channels, side, patch, side, patch]);
  const patches = np.transpose(cut, [0, 2, 4, 1, 3, 5]).reshape([batch * side * side, channels * patch * patch]);
  const projection = "vit.embeddings.patch_embeddings.projection";
  const kernel = get(`${projection}.weight`).reshape([width, channels * patch * patch]);
  const embedded = np.matmul(patches, np.matrixTranspose(kernel)).add(get(`${projection}.bias`));
  const cls = np.broadcastTo(get("vit.embeddings.cls_token"), [batch, 1, width]);
  let x = np.concatenate([cls, embedded.reshape([batch, side * side, width])], 1)
    .add(get("vit.embeddings.position_embeddings")).reshape([batch * tokens, width]);
  for (let layer = 0; layer < sizes.layers; layer++) {
    const prefix = `vit.encoder.layer.${layer}`;
    const before = norm(x.ref, `${prefix}.layernorm_before`);
    const qkv = [before.ref, before.ref, before].map((y, i) =>
      dense(y, `${prefix}.attention.attention.${["query", "key", "value"][i]}`)
    );
    const heard = attend(jax, qkv, { batch, tokens, heads, headWidth });
    x = x.add(dense(heard, `${prefix}.attention.output.dense`));
    const inner = dense(norm(x.ref, `${prefix}.layernorm_after`), `${prefix}.intermediate.dense`);
    x = x.add(dense(np.maximum(inner, 0), `${prefix}.output.dense`));
  }
  const first = jax.matmulFirst(x.reshape([batch, tokens, width]), tokens).reshape([batch, width]);
  return crossEntropy(jax, dense(norm(first, "vit.layernorm"), "classifier"), data.labels!, sizes.classes);
}
