/**
 * Measuring which contractions are fast on a device.
 *
 * The engine ships two tables of speeds: that of llvmpipe, measured, and a conservative one for hardware. Measuring on
 * the device at hand gives a better one, but takes the time to compile every variant (some seconds on llvmpipe, well
 * under one on hardware) and may choose otherwise the next time: so it is done only when asked for, and its result is
 * plain JSON, to be kept beside the results of a run and given back as `tuning` to the next one. Other variants add in
 * another order, so results of different tables agree to rounding only.
 *
 * @module
 */
import { coordinate, linearize } from "../compile/index.ts";
import type { Argument, ContractKernel, Expr } from "../compile/kernel.ts";
import { VARIANTS } from "../wgsl/contract_variants.ts";
import type { ContractTable, Mode } from "../wgsl/target.ts";
import { scoped } from "../scoped.ts";
import type { Recording } from "./backend.ts";
import type { WebGpuBackend } from "./webgpu_backend.ts";

/** Matrices that are measured: large enough to occupy the device for much longer than a launch. */
const SIZES = { software: { m: 512, n: 256, k: 256 }, hardware: { m: 1024, n: 1024, k: 1024 } } as const;

/** Replays of a variant; the fastest counts, since others can only be slower by what disturbed them. */
const ROUNDS = 5;

/**
 * Measures every variant that the device can run and returns their speeds in GFLOP/s. What the backend loads meanwhile
 * is compiled for single variants: ask for nothing else until the promise resolves. The backend's own table is left as
 * it was; pass the result to {@linkcode WebGpuBackend.useContractions}, or as `tuning` when opening.
 *
 * @example Measured once, kept, and given back to later runs.
 * ```ts ignore
 * using backend = await openWebGpu();
 * const tuning = await tuneContractions(backend);
 * await Deno.writeTextFile("tuning.json", JSON.stringify(tuning));
 * // later
 * using device = await openDevice("webgpu", { webgpu: { tuning } });
 * ```
 */
export async function tuneContractions(backend: WebGpuBackend): Promise<ContractTable> {
  const { m, n, k } = SIZES[backend.software ? "software" : "hardware"];
  const storages = [m * k, k * n, m * n].map((length) => backend.allocate(length * 4, "tuning"));
  const before = backend.contractions;
  try {
    const measure = async (variant: string, mode: Mode): Promise<number> => {
      backend.useContractions({ [variant]: { nn: 1, nt: 1, tn: 1, tt: 1 } });
      const milliseconds = await scoped(
        await backend.load([product(m, n, k, mode)]),
        (loaded) =>
          scoped(backend.bind(loaded, (buffer) => storages[buffer]!), (recording) => timeOf(backend, recording)),
      );
      return Number((2 * m * n * k / 1e6 / milliseconds).toPrecision(4));
    };
    const table: Record<string, Record<Mode, number>> = {};
    for (const variant of candidates(backend)) {
      const nn = await measure(variant, "nn"), nt = await measure(variant, "nt"), tn = await measure(variant, "tn");
      // Both operands transposed is rare: not worth a compilation.
      table[variant] = { nn, nt, tn, tt: Math.min(nt, tn) };
    }
    return table;
  } finally {
    backend.useContractions(before);
    for (const storage of storages) storage[Symbol.dispose]();
  }
}

/** Variants that can be fast on the device: software gains nothing from workgroup memory, hardware much. */
function candidates({ software, subgroups }: WebGpuBackend): readonly string[] {
  return Object.entries(VARIANTS).filter(([, { form }]) =>
    form === "subgroups" ? subgroups !== undefined : form === (software ? "registers" : "staged")
  ).map(([name]) => name);
}

/** Milliseconds of the fastest replay: on the device's own clock, or on the host's where it has none. */
async function timeOf(backend: WebGpuBackend, recording: Recording): Promise<number> {
  backend.replay(recording); // compiles, on devices that do so at the first launch
  await backend.idle();
  let fastest = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const onDevice = await backend.profile(recording);
    if (onDevice && onDevice[0]! > 0) {
      fastest = Math.min(fastest, onDevice[0]!);
      continue;
    }
    const repeats = 16, start = performance.now();
    for (let i = 0; i < repeats; i++) backend.replay(recording);
    await backend.idle();
    fastest = Math.min(fastest, (performance.now() - start) / repeats);
  }
  return fastest;
}

/** A plain product of matrices that lie as `mode` says. */
function product(m: number, n: number, k: number, mode: Mode): ContractKernel {
  const [i, j, l] = [coordinate(0, m), coordinate(1, n), coordinate(2, k)];
  const argument = (buffer: number, access: Argument["access"], length: number): Argument => ({
    buffer,
    access,
    dtype: "f32",
    length,
  });
  const load = (arg: number, index: ReturnType<typeof linearize>): Expr => ({ kind: "load", arg, index, dtype: "f32" });
  return {
    kind: "contract",
    label: `tuning ${mode}`,
    args: [argument(0, "read", m * k), argument(1, "read", k * n), argument(2, "write", m * n)],
    batch: [],
    m,
    n,
    k,
    a: load(0, mode[0] === "n" ? linearize([i, l], [m, k]) : linearize([l, i], [k, m])),
    b: load(1, mode[1] === "n" ? linearize([l, j], [k, n]) : linearize([j, l], [n, k])),
    stores: [{
      arg: 2,
      index: linearize([i, j], [m, n]),
      value: { kind: "accumulator", dtype: "f32" },
      level: "full",
    }],
  };
}
