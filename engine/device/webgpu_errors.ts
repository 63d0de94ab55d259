/**
 * What can go wrong on a WebGPU device, each with a remedy in its message.
 *
 * @module
 */
import { DeviceError } from "./backend.ts";

/** The device refused a command: a defect of the engine, not of its user. */
export class ValidationError extends DeviceError {
  /** Error class name. */
  override readonly name = "ValidationError";
}

/** The device refused a shader. The message holds its numbered lines. */
export class ShaderError extends DeviceError {
  /** Error class name. */
  override readonly name = "ShaderError";
}

/** There is not enough device memory. */
export class OutOfMemoryError extends DeviceError {
  /** Error class name. */
  override readonly name = "OutOfMemoryError";
}

/** The device is gone: driver reset, unplugged, or destroyed by its owner. */
export class DeviceLostError extends DeviceError {
  /** Error class name. */
  override readonly name = "DeviceLostError";
}

/** `text` with line numbers; lines in `marked` (1-based) are pointed at. */
export function numberLines(text: string, marked: ReadonlySet<number> = new Set()): string {
  const lines = text.split("\n");
  const width = String(lines.length).length;
  return lines.map((line, i) => `${marked.has(i + 1) ? ">" : " "} ${String(i + 1).padStart(width)} | ${line}`).join(
    "\n",
  );
}

/** `123 MiB`, for messages. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1 << 20) return `${(bytes / 1024).toFixed(1)} KiB`;
  if (bytes < 1 << 30) return `${(bytes / (1 << 20)).toFixed(1)} MiB`;
  return `${(bytes / (1 << 30)).toFixed(2)} GiB`;
}
