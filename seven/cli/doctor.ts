/**
 * The command `doctor`: what there is to compute with, in one paste for a report of a problem.
 *
 * @module
 */
import type { Command } from "commander";
import { commandDevice } from "./device.ts";
import { cpuFacts } from "./doctor/cpu.ts";
import { type GpuFacts, gpuFacts, type NoGpu } from "./doctor/gpu.ts";
import { type HubFacts, hubFacts } from "./doctor/hub.ts";
import type { Rate } from "./doctor/rate.ts";
import { permissionOf, type Space, type SystemFacts, systemFacts } from "./doctor/system.ts";
import { lineOf } from "./errors.ts";
import type { Io } from "./io.ts";
import { version } from "./record.ts";
import { table } from "./table.ts";

/** What `doctor` was asked for. */
export interface DoctorOptions {
  /** Whether the result is JSON. */
  readonly json?: boolean;
  /** Whether devices are measured. */
  readonly rates: boolean;
}

/** Sizes of the matrices that are multiplied. */
const sizes = [512, 1024] as const;

const examples = `
Examples:
  deno task prune doctor
  deno task prune doctor --json > doctor.json

Names of the machine and of its user, values of variables and paths of the home folder are not among what is printed.`;

/**
 * Adds the command.
 *
 * @param root The program.
 * @param io Where results and progress go.
 */
export function addDoctorCommand(root: Command, io: Io): void {
  root.command("doctor")
    .description("Tells versions, devices, how fast they are, and settings: what a report of a problem should have.")
    .option("--no-rates", "measure nothing")
    .option("--json", "prints JSON")
    .addHelpText("after", examples)
    .action((given: DoctorOptions) => doctorCommand(given, io));
}

/**
 * Looks around. What is missing or does not work is told, not thrown.
 *
 * @param options What was asked for.
 * @param io Where results and progress go.
 */
export async function doctorCommand({ json = false, rates }: DoctorOptions, io: Io): Promise<void> {
  if (rates) io.err("measuring the devices, a few seconds");
  const measured = rates ? sizes : [];
  const auto = await chosen(); // first: it readies the environment for the drivers
  const facts = {
    seven: version,
    from: new URL(import.meta.url).protocol.replace(":", ""),
    system: systemFacts(),
    auto,
    cpu: await cpuFacts(measured),
    webgpu: await gpuFacts(measured),
    hub: hubFacts((name) => Deno.env.get(name)),
  };
  if (json) {
    io.out(JSON.stringify(facts, null, 2));
    return;
  }
  const { cpu, webgpu } = facts;
  const rows: (readonly [name: string, value: string])[] = [
    ["seven", `${facts.seven}, run from ${facts.from}`],
    ...systemRows(facts.system),
    ["auto takes", `${auto.kind}: ${auto.reason}`],
    ["cpu device", cpu.description],
    ["  SIMD", `${yes(cpu.simd)}; relaxed multiply-add: ${yes(cpu.relaxedSimd)}`],
    ...(cpu.threads === undefined ? [] : [["  threads at work", `${cpu.threads}`] as const]),
    ...cpu.rates.map(rateRow),
    ...gpuRows(webgpu),
    ...hubRows(facts.hub),
  ];
  for (const line of table(rows, "left")) io.out(line);
}

/** What `auto` takes. */
async function chosen(): Promise<{ readonly kind: string; readonly reason: string }> {
  try {
    using device = await commandDevice("auto");
    return { kind: device.kind, reason: device.reason };
  } catch (error) {
    return { kind: "nothing", reason: lineOf(error) };
  }
}

type Row = readonly [name: string, value: string];

function systemRows(facts: SystemFacts): Row[] {
  const { versions, os, arch, release, processors, processor, memory, disk } = facts;
  const names: Readonly<Record<string, string>> = { deno: "Deno", v8: "V8", typescript: "TypeScript" };
  return [
    ["runtime", Object.entries(versions).map(([name, version]) => `${names[name] ?? name} ${version}`).join(", ")],
    ["system", `${os} ${release ?? `(release: ${unknown("release")})`}, ${arch}`],
    ["processors", `${processors}; ${processor ?? `model: ${unknown("processor")}`}`],
    ["memory", memory ? spaceText(memory) : unknown("memory")],
    ["disk", disk ? spaceText(disk) : unknown("disk")],
  ];
}

function gpuRows(facts: GpuFacts | NoGpu): Row[] {
  if (!facts.available) return [["webgpu device", `none: ${facts.reason}`]];
  const { name, vendor, architecture, fallback, software, limits, features, subgroups, rates } = facts;
  const limit = (label: string): number => limits[`max${label}`]!;
  const group = ["X", "Y", "Z"].map((axis) => limit(`ComputeWorkgroupSize${axis}`)).join(" x ");
  return [
    ["webgpu device", `${name}, ${software ? "software" : "hardware"}`],
    ["  vendor", `${vendor || "not told"}; architecture: ${architecture || "not told"}; fallback: ${yes(fallback)}`],
    ["  buffers", `${size(limit("BufferSize"))}, bindings of ${size(limit("StorageBufferBindingSize"))}`],
    ["  bindings", `${limit("StorageBuffersPerShaderStage")} of a kernel`],
    [
      "  workgroups",
      `${group}, ${limit("ComputeInvocationsPerWorkgroup")} invocations, ` +
      `${size(limit("ComputeWorkgroupStorageSize"))} storage, ${limit("ComputeWorkgroupsPerDimension")} along an axis`,
    ],
    ["  features", Object.entries(features).map(([name, has]) => `${name}: ${yes(has)}`).join("; ")],
    [
      "  subgroups",
      subgroups
        ? `of ${subgroups.size}, ${subgroups.enable ? "enabled by a line of WGSL" : "without a line of WGSL"}`
        : "kernels use none",
    ],
    ...rates.map(rateRow),
  ];
}

function hubRows({ cache, content, offline, variables }: HubFacts): Row[] {
  const has = content ? `${content.repositories} repositories, ${size(content.bytes)}` : "nothing to read";
  const set = Object.entries(variables).map(([name, set]) => `${name} ${set ? "set" : "not set"}`);
  return [
    ["hub cache", `${cache ?? "outside of the home folder"}: ${has}`],
    ["  variables", set.join(", ")],
    ["  network", offline ? "left alone" : "used"],
  ];
}

function rateRow({ size, gflops, milliseconds }: Rate): Row {
  return [`  matmul ${size}`, `${gflops.toFixed(1)} GFLOP/s, ${milliseconds.toFixed(2)} ms`];
}

function unknown(fact: keyof typeof permissionOf): string {
  return `not known without --allow-sys=${permissionOf[fact]}`;
}

function spaceText({ total, available }: Space): string {
  return `${size(total)}, ${size(available)} of it available`;
}

function yes(value: boolean): string {
  return value ? "yes" : "no";
}

/** Bytes for people. */
function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[power]}`;
}
