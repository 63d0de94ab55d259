/**
 * Position embeddings for another number of patches.
 *
 * @module
 */
import { type HostTensor, hostTensor } from "../../engine/mod.ts";

/** The parameter of the cubic convolution kernel that PyTorch's `bicubic` has. */
const A = -0.75;

/**
 * Weights of the four neighbours at distances 1 + t, t, 1 - t and 2 - t: Keys 1981, "Cubic convolution interpolation for
 * digital image processing", equation 4 with a = -0.75.
 */
function cubicWeights(t: number): readonly [number, number, number, number] {
  const near = (x: number): number => ((A + 2) * x - (A + 3)) * x * x + 1;
  const far = (x: number): number => ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
  return [far(1 + t), near(t), near(1 - t), far(2 - t)];
}

/** For each of `to` points on an axis of `from`: the positions of its four neighbours and their weights. */
function taps(from: number, to: number): { readonly at: readonly number[]; readonly weights: readonly number[] }[] {
  return Array.from({ length: to }, (_, i) => {
    const center = ((i + 0.5) * from) / to - 0.5;
    const first = Math.floor(center);
    const at = [-1, 0, 1, 2].map((offset) => Math.min(from - 1, Math.max(0, first + offset)));
    return { at, weights: cubicWeights(center - first) };
  });
}

/** How many patches lie along each edge of the square that a table of positions covers, if it covers one. */
export function patchesAlong(positions: number, special: number): number | undefined {
  const side = Math.sqrt(positions - special);
  return Number.isInteger(side) && side > 0 ? side : undefined;
}

/**
 * Stretches position embeddings over another number of patches: bicubic, centres of patches on centres of patches,
 * edges repeated, as `interpolate(mode="bicubic", align_corners=False)` of PyTorch, which is what fine-tuning at another
 * resolution does (Dosovitskiy et al. 2021, section 3.2). The rows of tokens that are no patches stay as they are.
 *
 * @param positions f32 `[..., special + side^2, width]`, patches row by row.
 * @param special Rows before those of patches.
 * @param side Patches along each edge afterwards.
 * @returns f32 `[..., special + side^2, width]` of the new side; the same leading axes, which are 1.
 */
export function interpolatePositions(positions: HostTensor, special: number, side: number): HostTensor {
  const [rows, width] = positions.shape.slice(-2) as [number, number];
  const from = patchesAlong(rows, special)!;
  const source = positions.data;
  const steps = taps(from, side);
  // Down the columns first, in f64: [side, from, width].
  const tall = new Float64Array(side * from * width);
  steps.forEach(({ at, weights }, y) => {
    for (let k = 0; k < 4; k++) {
      const start = (special + at[k]! * from) * width;
      for (let i = 0; i < from * width; i++) tall[y * from * width + i]! += weights[k]! * source[start + i]!;
    }
  });
  const result = new Float32Array((special + side * side) * width);
  result.set(source.subarray(0, special * width));
  for (let y = 0; y < side; y++) {
    steps.forEach(({ at, weights }, x) => {
      const target = (special + y * side + x) * width;
      for (let c = 0; c < width; c++) {
        let sum = 0;
        for (let k = 0; k < 4; k++) sum += weights[k]! * tall[(y * from + at[k]!) * width + c]!;
        result[target + c] = sum;
      }
    });
  }
  return hostTensor(result, [...positions.shape.slice(0, -2), special + side * side, width]);
}
