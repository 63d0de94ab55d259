/**
 * What one dispatch may bind, checked before anything is compiled.
 *
 * @module
 */
import type { Kernel } from "../compile/kernel.ts";
import type { Dispatch } from "../wgsl/target.ts";
import { DeviceError, type Limits } from "./backend.ts";

/**
 * Checks the bindings of a dispatch of `kernel`.
 *
 * @param nameOf name of each `Argument.buffer`.
 * @throws {DeviceError} for too many bindings, or one that spans too much; names the buffer and says what to do.
 */
export function checkBindings(
  { args, label }: Kernel,
  dispatch: Dispatch,
  limits: Limits,
  nameOf: (buffer: number) => string,
): void {
  const { bindings } = dispatch;
  if (bindings.length > limits.bindings) {
    throw new DeviceError(
      `webgpu: "${dispatch.label}" uses ${bindings.length} buffers, this device binds at most ${limits.bindings}`,
    );
  }
  for (const { arg, count } of bindings) {
    const { buffer, length } = args[arg]!, bytes = (count ?? length) * 4;
    if (bytes > limits.bindingBytes) {
      throw new DeviceError(
        `webgpu: ${nameOf(buffer)} takes ${bytes} bytes as argument ${arg} of "${label}", which cannot be split; ` +
          `this device binds ${limits.bindingBytes} at most: use a smaller batch, split the tensor, or choose the ` +
          "cpu device",
      );
    }
  }
}
