/**
 * The peers: who they are, how they are started, what they can do. All are development-only: nothing of the package
 * imports them, and whoever is not there is skipped.
 *
 * @module
 */
import { reasonOf } from "../result.ts";
import type { Work } from "../work.ts";
import { type PeerCommand, PeerProcess } from "./process.ts";

/** Short names of peers. */
export type PeerName = "jax-wasm" | "jax-webgpu" | "tfjs-wasm" | "tfjs-webgpu" | "onnx" | "torch" | "torch-cuda";

/** Awaiting the device costs a fixed 10 ms in Deno. */
const DENO_WAIT = 10.5;

const here = (file: string): string => new URL(file, import.meta.url).pathname;

function denoPeer(name: string, script: string, args: readonly string[], waitMs: number): PeerCommand {
  const env: Record<string, string> = { XDG_RUNTIME_DIR: Deno.env.get("XDG_RUNTIME_DIR") ?? "/tmp" };
  return {
    name,
    command: Deno.execPath(),
    args: ["run", "--allow-all", "--quiet", "--config", here("peers.json"), here(script), ...args],
    env,
    waitMs,
  };
}

function torchPeer(name: string, device: "cpu" | "cuda"): PeerCommand {
  const threads = String(navigator.hardwareConcurrency);
  return {
    name,
    command: Deno.env.get("PYTHON") ?? "python3",
    args: [here("torch_peer.py"), device],
    // An old OpenBLAS must not bring a second pool of threads: two pools fight. Threads that spin for long when they
    // have to wait lose by tens where anything else runs, so they spin for some microseconds and then sleep.
    env: {
      OMP_NUM_THREADS: Deno.env.get("OMP_NUM_THREADS") ?? threads,
      OPENBLAS_NUM_THREADS: "1",
      GOMP_SPINCOUNT: Deno.env.get("GOMP_SPINCOUNT") ?? "2000",
    },
    waitMs: 0.02,
  };
}

/** How each peer is started. */
export const peerCommands: Readonly<Record<PeerName, PeerCommand>> = {
  "jax-wasm": denoPeer("jax-js wasm", "jax_peer.ts", ["wasm"], 0.05),
  "jax-webgpu": denoPeer("jax-js webgpu", "jax_peer.ts", ["webgpu"], DENO_WAIT),
  "tfjs-wasm": denoPeer("tfjs wasm", "tfjs_peer.ts", ["wasm"], 0.05),
  "tfjs-webgpu": denoPeer("tfjs webgpu", "tfjs_peer.ts", ["webgpu"], DENO_WAIT),
  "onnx": denoPeer("onnxruntime", "onnx_peer.ts", [], 0.05),
  "torch": torchPeer("PyTorch cpu", "cpu"),
  "torch-cuda": torchPeer("PyTorch cuda", "cuda"),
};

/** Peers on the same silicon as our webgpu device where there is no GPU, and on the processor. */
export const peersOfDevice: Readonly<Record<"cpu" | "webgpu", readonly PeerName[]>> = {
  cpu: ["jax-wasm", "tfjs-wasm", "onnx", "torch"],
  webgpu: ["jax-webgpu", "tfjs-webgpu", "torch-cuda"],
};

/** Starts peers when they are first asked for, and remembers who is not there. */
export class Peers {
  readonly #running = new Map<PeerName, PeerProcess>();
  readonly #missing = new Map<PeerName, string>();

  /**
   * The peer with the workload ready, or why not.
   *
   * @param data path of the workload's numbers.
   */
  async ready(
    name: PeerName,
    work: Work,
    data: string,
  ): Promise<{ readonly process: PeerProcess; readonly check: readonly number[] } | { readonly why: string }> {
    const missing = this.#missing.get(name);
    if (missing) return { why: missing };
    try {
      const process = this.#running.get(name) ?? await PeerProcess.start(peerCommands[name]);
      this.#running.set(name, process);
      return { process, check: await process.prepare(work, data) };
    } catch (error) {
      const why = reasonOf(error);
      if (!this.#running.has(name)) this.#missing.set(name, why);
      // One that does not answer any more is no use for later figures: start it anew for them.
      if (/no answer|process ended/.test(why)) await this.drop(name);
      return { why };
    }
  }

  /** Versions of those that have run, by name. */
  versions(): Record<string, string> {
    return Object.fromEntries([...this.#running].map(([name, process]) => [peerCommands[name].name, process.version]));
  }

  /** Stops one. */
  async drop(name: PeerName): Promise<void> {
    const process = this.#running.get(name);
    this.#running.delete(name);
    await process?.stop();
  }

  /** Stops all. */
  async stop(): Promise<void> {
    for (const name of [...this.#running.keys()]) await this.drop(name);
  }
}
