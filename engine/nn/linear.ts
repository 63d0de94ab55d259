/**
 * Affine maps and look-ups: linear layers, token embeddings, patch embeddings.
 *
 * @module
 */
import { formatType, ShapeError, type Tensor } from "../graph/node.ts";
import { add, gather, matmul, permute, reshape, transpose } from "../ops.ts";

/**
 * `x W^T + b`, as PyTorch's `nn.Linear`: all leading axes become the rows of one matrix product.
 *
 * @param x `[..., in]`, rank 2 or more.
 * @param weight `[out, in]`.
 * @param bias `[out]`.
 * @returns `[..., out]`.
 * @throws {ShapeError} when the sizes do not fit.
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  if (weight.shape.length !== 2 || x.shape.length < 2 || x.shape.at(-1) !== weight.shape[1]) {
    throw new ShapeError(
      `linear: ${formatType(x)} with weight ${formatType(weight)}; x is [..., in] and weight [out, in], of one "in"`,
    );
  }
  const out = weight.shape[0]!;
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== out)) {
    throw new ShapeError(`linear: bias ${formatType(bias)} with weight ${formatType(weight)}; the bias is [${out}]`);
  }
  const rows = matmul(reshape(x, [-1, x.shape.at(-1)!]), transpose(weight));
  return reshape(bias ? add(rows, bias) : rows, [...x.shape.slice(0, -1), out]);
}

/**
 * Rows of `table` by token id; its gradient sums the cotangents of equal ids. An id outside the table gives zeros.
 *
 * @param table `[vocabulary, width]`.
 * @param ids u32 or i32 `[...n]`.
 * @returns `[...n, width]`.
 * @throws {ShapeError} when the table is no matrix or the ids are no integers.
 */
export function embedding(table: Tensor, ids: Tensor): Tensor {
  if (table.shape.length !== 2 || (ids.dtype !== "u32" && ids.dtype !== "i32")) {
    throw new ShapeError(
      `embedding: table ${formatType(table)}, ids ${formatType(ids)}; the table is [vocabulary, width], ids u32 or i32`,
    );
  }
  return gather(table, ids);
}

/**
 * A convolution whose stride is its kernel size, as one matrix product (Dosovitskiy et al. 2021, section 3.1): cuts
 * images into patches and maps each to a vector. Patches go row by row, as `conv(...).flatten(2).transpose(1, 2)`.
 *
 * @param images `[B, C, H, W]`, H and W multiples of the patch size.
 * @param weight `[D, C, P, P]`, a convolution kernel as checkpoints store it (patches may be rectangular).
 * @param bias `[D]`.
 * @returns `[B, (H/P)*(W/P), D]`.
 * @throws {ShapeError} when the sizes do not fit.
 */
export function patchEmbedding(images: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [batch, channels, height, width] = images.shape as [number, number, number, number];
  const [out, depth, tall, wide] = weight.shape as [number, number, number, number];
  const fits = images.shape.length === 4 && weight.shape.length === 4 && channels === depth &&
    height % tall === 0 && width % wide === 0;
  if (!fits) {
    throw new ShapeError(
      `patchEmbedding: images ${formatType(images)}, weight ${formatType(weight)}; images are [B, C, H, W], ` +
        "the weight [D, C, P, P] of the same C, H and W multiples of P: resize the images",
    );
  }
  const [rows, columns] = [height / tall, width / wide];
  const cut = reshape(images, [batch, channels, rows, tall, columns, wide]);
  const patches = reshape(permute(cut, [0, 2, 4, 1, 3, 5]), [batch, rows * columns, channels * tall * wide]);
  return linear(patches, reshape(weight, [out, channels * tall * wide]), bias);
}
