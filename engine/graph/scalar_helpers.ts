/**
 * Functions that expressions of scalar primitives call, as text: emitted once per kernel that needs them.
 *
 * @module
 */

/** Text of a helper function that an operation's expressions call; emitted once per kernel that needs it. */
export interface Helper {
  /** Name of the function, for emitting each once. */
  readonly name: string;
  /** JavaScript statements that define it. */
  readonly js: string;
  /** WGSL functions that define it. */
  readonly wgsl: string;
}

/** erf by its Taylor series about the nearest point of a grid of eighths (f64, about 1e-16), Kummer's series at the grid. */
export const erfHelper: Helper = {
  name: "erf",
  js: `const erfGrid = new Float64Array(50);
for (let i = 0; i < 50; i++) {
  const x = i / 8; let term = x, sum = x;
  for (let n = 1; n < 200; n++) { term *= 2 * x * x / (2 * n + 1); sum += term; }
  erfGrid[i] = 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
}
function erf(x) {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (!(a <= 6)) return x;
  const i = Math.round(a * 8), c = i / 8, h = a - c;
  let older = 0, p = 2 / Math.sqrt(Math.PI) * Math.exp(-c * c), power = h, sum = erfGrid[i] + p * h;
  for (let n = 1; n < 14; n++) {
    const next = -2 * c * p - 2 * (n - 1) * older;
    older = p; p = next; power *= h / (n + 1); sum += p * power;
  }
  return x < 0 ? -sum : sum;
}`,
  // Below 1 the Maclaurin series; above, erfc(x) = exp(-x^2) * rational in 1/(1 + x/2) fitted to single precision
  // (Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: |error| <= 1.5e-7).
  wgsl: `fn erf(x: f32) -> f32 {
  let a = abs(x);
  if (a < 1.0) {
    let s = x * x;
    return x * (1.1283791671 + s * (-0.3761263890 + s * (0.1128379167 + s * (-0.0268661706 + s * (0.0052239776
      + s * (-0.0008548327 + s * (0.0001205533 + s * (-0.0000149257 + s * 0.0000016462))))))));
  }
  let t = 1.0 / (1.0 + 0.3275911 * a);
  let y = 1.0 - t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * exp(-a * a);
  return select(y, -y, x < 0.0);
}`,
};

/** The bits of an f32 as an integer, and back. */
export const bitsHelper: Helper = {
  name: "bits",
  js: `const bitsF = new Float32Array(1), bitsU = new Uint32Array(bitsF.buffer), bitsI = new Int32Array(bitsF.buffer);
function bitsOf(x) { bitsF[0] = x; return bitsU[0]; }
function signedBitsOf(x) { bitsF[0] = x; return bitsI[0]; }
function floatOf(x) { bitsU[0] = x; return bitsF[0]; }`,
  wgsl: "",
};

/** Threefry-2x32, 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): first output word. */
export const threefryHelper: Helper = {
  name: "threefry",
  js: `function threefry(k0, k1, c0, c1) {
  const k2 = (k0 ^ k1 ^ 0x1BD11BDA) | 0; const ks = [k0 | 0, k1 | 0, k2];
  let x0 = (c0 + k0) | 0, x1 = (c1 + k1) | 0;
  for (let block = 0; block < 5; block++) {
    const odd = block & 1;
    x0 = (x0 + x1) | 0; x1 = odd ? (x1 << 17) | (x1 >>> 15) : (x1 << 13) | (x1 >>> 19); x1 ^= x0;
    x0 = (x0 + x1) | 0; x1 = odd ? (x1 << 29) | (x1 >>> 3) : (x1 << 15) | (x1 >>> 17); x1 ^= x0;
    x0 = (x0 + x1) | 0; x1 = odd ? (x1 << 16) | (x1 >>> 16) : (x1 << 26) | (x1 >>> 6); x1 ^= x0;
    x0 = (x0 + x1) | 0; x1 = odd ? (x1 << 24) | (x1 >>> 8) : (x1 << 6) | (x1 >>> 26); x1 ^= x0;
    x0 = (x0 + ks[(block + 1) % 3]) | 0; x1 = (x1 + ks[(block + 2) % 3] + block + 1) | 0;
  }
  return x0 >>> 0;
}`,
  wgsl:
    `fn threefryRound(x: vec2u, r: u32) -> vec2u { let a = x.x + x.y; return vec2u(a, a ^ ((x.y << r) | (x.y >> (32u - r)))); }
fn threefryBlock(v: vec2u, a: u32, b: u32, c: u32, d: u32, k: vec2u, n: u32) -> vec2u {
  let x = threefryRound(threefryRound(threefryRound(threefryRound(v, a), b), c), d); return vec2u(x.x + k.x, x.y + k.y + n);
}
fn threefry(k0: u32, k1: u32, c0: u32, c1: u32) -> u32 {
  let k2 = k0 ^ k1 ^ 0x1BD11BDAu; var x = vec2u(c0 + k0, c1 + k1);
  x = threefryBlock(x, 13u, 15u, 26u, 6u, vec2u(k1, k2), 1u); x = threefryBlock(x, 17u, 29u, 16u, 24u, vec2u(k2, k0), 2u);
  x = threefryBlock(x, 13u, 15u, 26u, 6u, vec2u(k0, k1), 3u); x = threefryBlock(x, 17u, 29u, 16u, 24u, vec2u(k1, k2), 4u);
  x = threefryBlock(x, 13u, 15u, 26u, 6u, vec2u(k2, k0), 5u); return x.x;
}`,
};
