/**
 * Whether a device has subgroup operations that kernels can rely on, and how its shaders must ask for them.
 *
 * @module
 */
import type { Subgroups } from "../wgsl/target.ts";

/** Subgroup sizes, which typings of `GPUAdapterInfo` may not know yet. */
type Sizes = { readonly subgroupMinSize?: number; readonly subgroupMaxSize?: number };

/**
 * Finds out by compiling a tiny shader. Standard WGSL demands `enable subgroups;`, naga as Deno 2.9 ships it has the
 * operations but refuses the line. A device whose subgroups differ in size counts as one without: kernels are laid out
 * for one size.
 */
export async function probeSubgroups(
  device: GPUDevice,
  info: GPUAdapterInfo | undefined,
): Promise<Subgroups | undefined> {
  const { subgroupMinSize: size, subgroupMaxSize } = (info ?? {}) as Sizes;
  if (!device.features.has("subgroups" as GPUFeatureName) || !size || size !== subgroupMaxSize) return undefined;
  for (const enable of [false, true]) {
    device.pushErrorScope("validation");
    const module = device.createShaderModule({
      label: "subgroups",
      code: `${enable ? "enable subgroups;\n" : ""}@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@compute @workgroup_size(${size})
fn main(@builtin(subgroup_invocation_id) lane: u32) { x[lane] = subgroupBroadcast(x[lane], 1u); }
`,
    });
    const refused = await device.popErrorScope();
    const { messages } = await module.getCompilationInfo();
    if (!refused && !messages.some(({ type }) => type === "error")) return { size, enable };
  }
  return undefined;
}
