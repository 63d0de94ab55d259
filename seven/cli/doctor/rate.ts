/**
 * How fast a device multiplies matrices.
 *
 * @module
 */
import { type Device, type HostTensor, hostTensor, matmul, type Tensor } from "../../../engine/mod.ts";

/** A measured rate. */
export interface Rate {
  /** Rows and columns of both matrices. */
  readonly size: number;
  /** Billions of floating-point operations in a second: 2 size^3 for a product. */
  readonly gflops: number;
  /** Milliseconds of one product. */
  readonly milliseconds: number;
}

/** Matrices that a device multiplies, and what comes out. */
type Matrices = { readonly a: Tensor; readonly b: Tensor; readonly c: Tensor };

/** Rounds of which the fastest counts: the others were disturbed. */
const rounds = 3;

/**
 * Multiplies two f32 matrices again and again.
 *
 * Products are given to the device in rounds, since waiting for a GPU may take as long as many of them. A round is made
 * longer until it lasts; that also warms up what has to be: threads that start, clocks that rise.
 *
 * @param device The device.
 * @param size Rows and columns.
 * @param milliseconds How long a round lasts at least.
 * @returns The rate of the fastest round.
 * @throws {DeviceError} when the device fails.
 */
export async function matmulRate(device: Device, size: number, milliseconds = 100): Promise<Rate> {
  const matrix = () => matrixOf(size);
  using state = device.place({ a: matrix(), b: matrix(), c: matrix() });
  const step = ({ a, b }: Matrices) => ({ state: { a, b, c: matmul(a, b) }, metrics: {} });
  using program = await device.compile<Matrices, Record<string, never>, Record<string, never>>(step, {
    state: state.types,
    batch: {},
  });
  const round = async (products: number): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < products; i++) {
      program.run(state, {});
      await device.ready();
    }
    await device.idle();
    return performance.now() - start;
  };
  await round(1);
  let products = 1, time = await round(1);
  while (time < milliseconds) time = await round(products *= 2);
  for (let i = 1; i < rounds; i++) time = Math.min(time, await round(products));
  const each = time / products;
  return { size, gflops: 2 * size ** 3 / each / 1e6, milliseconds: each };
}

/** A matrix without zeros or tiny numbers, which some processors treat apart. */
function matrixOf(size: number): HostTensor {
  const data = Float32Array.from({ length: size * size }, (_, i) => (i * 2654435761 % 1024) / 1024 + 0.5);
  return hostTensor(data, [size, size]);
}
