/**
 * The device of a command.
 *
 * @module
 */
import { type Device, type DeviceChoice, openDevice } from "../../engine/mod.ts";

/**
 * Opens the device that the command line asks for.
 *
 * Mesa's Vulkan drivers complain on stderr, from inside of the library, where XDG_RUNTIME_DIR is not set, so it is set
 * before they are loaded.
 *
 * @param choice Which device.
 * @throws {DeviceError} when it is not there.
 */
export async function commandDevice(choice: DeviceChoice): Promise<Device> {
  if (Deno.build.os === "linux" && choice !== "cpu" && !Deno.env.get("XDG_RUNTIME_DIR")) {
    Deno.env.set("XDG_RUNTIME_DIR", "/tmp");
  }
  return await openDevice(choice);
}
