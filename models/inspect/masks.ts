/**
 * Whether the zeros of tensors are those that their masks prune.
 *
 * @module
 */
import { type HostTensor, sizeOf } from "../../engine/mod.ts";
import { CheckpointError } from "../config_file.ts";
import type { TensorSource } from "./source.ts";

/** A tensor against its mask. */
export interface MaskAgreement {
  /** Weights that the mask prunes. */
  readonly pruned: number;
  /** Of these, weights that are not zero all the same: 0 where the model is as pruned as its masks say. */
  readonly nonZeroPruned: number;
  /** Weights that the mask keeps and that are zero. */
  readonly zeroKept: number;
}

/**
 * Compares tensors with their masks.
 *
 * @param masks Masks by name of the tensor: packed bits, u32 `[ceil(elements / 32)]`.
 * @param tensors All tensors that will come.
 * @returns A function that compares one; nothing for a tensor without a mask.
 * @throws {CheckpointError} when a mask has no tensor; the function, when a mask is not of the tensor's size.
 */
export function maskAgreement(
  masks: TensorSource,
  tensors: TensorSource["entries"],
): (name: string, tensor: HostTensor) => Promise<MaskAgreement | undefined> {
  const known = new Set(tensors.map(({ name }) => name));
  const masked = new Set(masks.entries.map(({ name }) => name));
  const foreign = [...masked].filter((name) => !known.has(name));
  if (foreign.length > 0) {
    throw new CheckpointError(
      `masks: ${foreign.length} of ${masked.size} are of no tensor here, such as ${
        foreign[0]
      }; give the masks of this model`,
    );
  }
  return async (name, tensor) => {
    if (!masked.has(name)) return undefined;
    const { dtype, shape, data } = await masks.read(name);
    const words = Math.ceil(sizeOf(tensor) / 32);
    if (dtype !== "u32" || shape.length !== 1 || data.length !== words) {
      throw new CheckpointError(
        `masks: that of ${name} is ${dtype} [${shape}], but [${tensor.shape}] takes u32 [${words}] of packed bits; give the ` +
          "masks of this model",
      );
    }
    return compare(tensor.data, data as Uint32Array);
  };
}

function compare(data: HostTensor["data"], mask: Uint32Array): MaskAgreement {
  let pruned = 0, nonZeroPruned = 0, zeroKept = 0;
  for (let i = 0; i < data.length; i++) {
    if ((mask[i >> 5]! >>> (i & 31)) & 1) {
      if (data[i] === 0) zeroKept++;
    } else {
      pruned++;
      if (data[i] !== 0) nonZeroPruned++;
    }
  }
  return { pruned, nonZeroPruned, zeroKept };
}
