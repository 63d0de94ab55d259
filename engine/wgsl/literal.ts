/**
 * Constants and element types as WGSL.
 *
 * @module
 */
import type { Dtype } from "../graph/node.ts";

/** Function that makes a float of bits at run time: naga and Tint refuse constant expressions that are not finite. */
export const FLOAT_FROM_BITS = "fn floatFromBits(bits: u32) -> f32 { return bitcast<f32>(bits); }";

const bitsView = new DataView(new ArrayBuffer(4));

/** WGSL type of an element, or of four of them. */
export function typeText(dtype: Dtype, wide: boolean = false): string {
  return wide ? `vec4<${dtype}>` : dtype;
}

/** A constant as WGSL; calls {@linkcode FLOAT_FROM_BITS} where no literal will do. */
export function literal(value: number, dtype: Dtype): string {
  switch (dtype) {
    case "bool":
      return value ? "true" : "false";
    case "u32":
      return `${value >>> 0}u`;
    case "i32": {
      const integer = value | 0;
      // The least i32 has no literal: its magnitude is not an i32.
      return integer === -0x80000000 ? "(-2147483647i - 1i)" : `${integer}i`;
    }
    default:
      return floatLiteral(Math.fround(value), dtype);
  }
}

function floatLiteral(value: number, dtype: "f32" | "f16"): string {
  const subnormal = value !== 0 && Math.abs(value) < 1.1754943508222875e-38;
  if (!Number.isFinite(value) || subnormal || (dtype === "f16" && Math.abs(value) > 65504)) {
    bitsView.setFloat32(0, value);
    const call = `floatFromBits(0x${bitsView.getUint32(0).toString(16).padStart(8, "0")}u)`;
    return dtype === "f16" ? `f16(${call})` : call;
  }
  const text = Object.is(value, -0) ? "-0.0" : String(value);
  return `${/[.e]/.test(text) ? text : `${text}.0`}${dtype === "f16" ? "h" : "f"}`;
}

/** What a fold starts from: 0, the least or the greatest value of the type. */
export function foldIdentity(fold: "sum" | "max" | "min", dtype: Dtype): string {
  if (fold === "sum") return literal(0, dtype);
  if (dtype === "u32") return literal(fold === "max" ? 0 : 0xffffffff, dtype);
  if (dtype === "i32") return literal(fold === "max" ? -0x80000000 : 0x7fffffff, dtype);
  return literal(fold === "max" ? -Infinity : Infinity, dtype);
}

/** One step of a fold. */
export function foldText(fold: "sum" | "max" | "min", a: string, b: string): string {
  return fold === "sum" ? `${a} + ${b}` : `${fold}(${a}, ${b})`;
}
