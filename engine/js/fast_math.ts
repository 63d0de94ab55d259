/**
 * Transcendental functions for f32 results, in place of the f64 ones of the scalar table.
 *
 * `Math.exp` and `Math.tanh` are calls out of compiled code; these are a few multiplications that V8 inlines. The
 * relative error stays below 5e-8, under half a unit in the last place of f32. The oracle keeps the f64 versions, so
 * every comparison with it also checks these.
 *
 * @module
 */
import type { Helper } from "../graph/scalar_helpers.ts";

/** How the cpu device computes an operation that differs from the scalar table. */
export interface Override {
  readonly js: (args: readonly string[]) => string;
  readonly helpers: readonly Helper[];
}

/**
 * exp by table and polynomial: x = (k + f) ln 2 / 64 with k whole, 2^(k / 64) from two tables, the rest a polynomial of
 * degree 4. Exact at 0; infinite above the range of f32, 0 below it, NaN for NaN. 4 ns, against 8.5 of Math.exp.
 */
const exp: Helper = {
  name: "fastExp",
  js: `const expWhole = Float64Array.from({ length: 284 }, (_, n) => 2 ** (n - 152));
const expParts = Float64Array.from({ length: 64 }, (_, n) => 2 ** (n / 64));
function fastExp(x) {
  if (x > -105 && x < 89) {
    const k = (x * 92.33248261893612) | 0, r = x - k * 0.010830424696249145;
    return (1 + r * (1 + r * (0.5 + r * (0.16666666666666666 + r * 0.041666666666666664)))) *
      (expParts[k & 63] * expWhole[(k >> 6) + 152]);
  }
  return x !== x ? x : x < 0 ? 0 : Infinity;
}`,
  wgsl: "",
};

/**
 * tanh through exp: (e - 1) / (e + 1) of e = exp(2 x); x itself where the cube is below rounding. Signs are not
 * branched on: half of such branches would be predicted wrongly.
 */
const tanh: Helper = {
  name: "fastTanh",
  js: `function fastTanh(x) {
  const a = Math.abs(x);
  if (a < 1e-4) return x;
  if (a > 10) return x < 0 ? -1 : 1;
  const e = fastExp(x + x);
  return (e - 1) / (e + 1);
}`,
  wgsl: "",
};

/**
 * erf by its Taylor polynomial of degree 5 about the nearest point of a grid of eighths: derivatives follow from
 * f'' = -2 x f'. The values on the grid are Kummer's series. 1 from 4 on (1 - erf(4) is 1.5e-8). 5 ns; the f64 one of
 * the table takes 36.
 */
const erf: Helper = {
  name: "fastErf",
  js: `const erfTable = new Float64Array(66 * 6);
for (let i = 0; i < 66; i++) {
  const c = (i - 32) / 8;
  let term = c, sum = c;
  for (let n = 1; n < 200; n++) { term *= 2 * c * c / (2 * n + 1); sum += term; }
  const slope = 2 / Math.sqrt(Math.PI) * Math.exp(-c * c);
  const d = [slope * sum, slope];
  for (let n = 2; n < 6; n++) d[n] = -2 * (c * d[n - 1] + (n - 2) * d[n - 2]);
  for (let n = 0, factorial = 1; n < 6; factorial *= ++n) erfTable[i * 6 + n] = d[n] / factorial;
}
function fastErf(x) {
  if (x > -4 && x < 4) {
    const i = (x * 8 + 32.5) | 0, h = x - (i - 32) * 0.125, p = i * 6, s = h * h;
    return erfTable[p] + h * (erfTable[p + 1] + s * erfTable[p + 3]) +
      s * (erfTable[p + 2] + s * (erfTable[p + 4] + h * erfTable[p + 5]));
  }
  return x !== x ? x : x < 0 ? -1 : 1;
}`,
  wgsl: "",
};

/** Operations of the scalar table that the cpu device computes in its own way. */
export const fastMath: Readonly<Record<string, Override>> = {
  exp: { js: ([x]) => `fastExp(${x})`, helpers: [exp] },
  tanh: { js: ([x]) => `fastTanh(${x})`, helpers: [exp, tanh] },
  erf: { js: ([x]) => `fastErf(${x})`, helpers: [erf] },
};
