/**
 * Reading device memory: a pool of mappable buffers, by size.
 *
 * @module
 */

/** Reads ranges of buffers. */
export class Readback {
  readonly #device: GPUDevice;
  readonly #blocking: boolean;
  readonly #free = new Map<number, GPUBuffer[]>();
  #closed = false;

  /** @param blocking try to take the data as soon as the map call returns. */
  constructor(device: GPUDevice, blocking: boolean) {
    this.#device = device;
    this.#blocking = blocking;
  }

  /** Copies `bytes` (a multiple of 4) at `offset` of `source`, after all work submitted before. */
  async read(source: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    const size = 2 ** Math.ceil(Math.log2(Math.max(bytes, 4096)));
    const capacity = size <= this.#device.limits.maxBufferSize ? size : bytes;
    const staging = this.#free.get(capacity)?.pop() ?? this.#make(capacity);
    const encoder = this.#device.createCommandEncoder({ label: "readback" });
    encoder.copyBufferToBuffer(source, offset, staging, 0, bytes);
    this.#device.queue.submit([encoder.finish()]);
    try {
      const copy = await this.#map(staging, bytes);
      staging.unmap();
      this.#give(capacity, staging);
      return copy;
    } catch (error) {
      staging.destroy();
      throw error;
    }
  }

  async #map(staging: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
    const mapped = staging.mapAsync(GPUMapMode.READ, 0, bytes);
    if (this.#blocking) {
      try {
        const copy = staging.getMappedRange(0, bytes).slice(0);
        mapped.catch(() => {}); // unmapping before the promise settles may reject it
        return copy;
      } catch {
        // Not mapped yet: wait like everyone else.
      }
    }
    await mapped;
    return staging.getMappedRange(0, bytes).slice(0);
  }

  #make(size: number): GPUBuffer {
    // Deno panics when a range is asked of a buffer that was never mapped: map it once at creation.
    const staging = this.#device.createBuffer({
      label: "readback",
      size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      mappedAtCreation: true,
    });
    staging.unmap();
    return staging;
  }

  #give(size: number, staging: GPUBuffer): void {
    const free = this.#free.get(size) ?? [];
    this.#free.set(size, free);
    // A few per size are enough for overlapping reads; large ones are not worth keeping.
    if (this.#closed || free.length >= 8 || size > 1 << 26) staging.destroy();
    else free.push(staging);
  }

  /** Releases the pool. Reads in flight still complete. */
  close(): void {
    this.#closed = true;
    for (const buffers of this.#free.values()) for (const buffer of buffers) buffer.destroy();
    this.#free.clear();
  }
}
