/**
 * State that lives on a device: one storage per leaf. Programs bind the same storages, so the training program, the
 * evaluation program and programs for other batch shapes share one placed state.
 *
 * @module
 */
import { formatType, ShapeError, sizeOf, type Type } from "../graph/node.ts";
import type { HostData, HostTensor } from "../host.ts";
import { leavesOf, mapTree, type Tree } from "../tree.ts";
import type { Backend, Storage } from "./backend.ts";

/** Views storage bytes as elements of a type (bool as u32 0 or 1). */
export function toHost(type: Type, buffer: ArrayBuffer): HostTensor {
  const count = sizeOf(type);
  const data = type.dtype === "f32"
    ? new Float32Array(buffer, 0, count)
    : type.dtype === "i32"
    ? new Int32Array(buffer, 0, count)
    : new Uint32Array(buffer, 0, count);
  return { shape: type.shape, dtype: type.dtype, data };
}

/** A leaf of placed state. */
export interface PlacedLeaf {
  /** Where it stands in the tree. */
  readonly path: string;
  /** Shape and element type. */
  readonly type: Type;
  /** Its memory on the device. */
  readonly storage: Storage;
}

/** State on a device. Release it with `using` or `[Symbol.dispose]()`. */
export class Placed<S> implements Disposable {
  readonly #leaves: readonly PlacedLeaf[];
  readonly #backend: Backend;
  readonly #types: S;

  /** Copies `tree` to the device. Use {@linkcode Device.place}. */
  constructor(backend: Backend, tree: unknown) {
    this.#backend = backend;
    this.#types = mapTree(tree, ({ shape, dtype }: HostTensor) => ({ shape, dtype })) as S;
    this.#leaves = leavesOf<HostTensor>(tree as Tree<HostTensor>).map(([path, leaf]) => {
      checkData(path, leaf, leaf.data);
      const bytes = Math.max(4, leaf.data.byteLength);
      const storage = backend.allocate(bytes, `state ${path}`);
      if (leaf.data.length) backend.upload(storage, 0, leaf.data);
      return { path, type: { shape: leaf.shape, dtype: leaf.dtype }, storage };
    });
  }

  /** Leaves in the order of the tree. */
  get leaves(): readonly PlacedLeaf[] {
    return this.#leaves;
  }

  /** Types of the leaves, in the structure of the tree: what `compile` takes as `state`. */
  get types(): S {
    return this.#types;
  }

  /** Bytes on the device. */
  get bytes(): number {
    return this.#leaves.reduce((sum, { storage }) => sum + storage.bytes, 0);
  }

  /**
   * Reads one leaf back, after all steps given so far.
   *
   * @throws {ShapeError} when there is no such leaf.
   */
  async read(path: string): Promise<HostTensor> {
    const { type, storage } = this.#leaf(path);
    return toHost(type, await this.#backend.download(storage, 0, storage.bytes));
  }

  /** Reads all leaves under `prefix` (all by default), by path. */
  async readAll(prefix = ""): Promise<Record<string, HostTensor>> {
    const inside = ({ path }: PlacedLeaf) => prefix === "" || path === prefix || path.startsWith(`${prefix}/`);
    const wanted = this.#leaves.filter(inside);
    const values = await Promise.all(wanted.map(({ path }) => this.read(path)));
    return Object.fromEntries(wanted.map(({ path }, i) => [path, values[i]!]));
  }

  /**
   * Replaces the data of one leaf; takes effect before the next step.
   *
   * @throws {ShapeError} when there is no such leaf or the data does not fill it.
   */
  write(path: string, data: HostData): void {
    const { type, storage } = this.#leaf(path);
    checkData(path, type, data);
    this.#backend.upload(storage, 0, data);
  }

  #leaf(path: string): PlacedLeaf {
    const leaf = this.#leaves.find((one) => one.path === path);
    if (leaf) return leaf;
    const some = this.#leaves.slice(0, 5).map((one) => one.path).join(", ");
    throw new ShapeError(`placed state: no leaf "${path}"; there are ${this.#leaves.length}, such as ${some}`);
  }

  /** Frees the storage. */
  [Symbol.dispose](): void {
    this.#leaves.forEach(({ storage }) => storage[Symbol.dispose]());
  }
}

/** @throws {ShapeError} when the array is not of the type's elements or does not fill its shape. */
export function checkData(path: string, type: Type, data: HostData): void {
  const wanted = type.dtype === "f32" ? Float32Array : type.dtype === "i32" ? Int32Array : Uint32Array;
  if (!(data instanceof wanted)) {
    const given = (data as object)?.constructor?.name ?? typeof data;
    throw new ShapeError(`"${path}" is ${formatType(type)} and takes a ${wanted.name}, got ${given}`);
  }
  if (data.length !== sizeOf(type)) {
    throw new ShapeError(`"${path}" is ${formatType(type)} of ${sizeOf(type)} elements, got ${data.length}`);
  }
}
