import assert from "node:assert/strict";
import { grad, vjp } from "../../../engine/grad.ts";
import { inputTensor } from "../../../engine/graph/input.ts";
import { apply, type Dtype, ShapeError, type Tensor } from "../../../engine/graph/node.ts";
import { scalarOps } from "../../../engine/graph/scalar_ops.ts";
import { selectThresholdOp } from "../../../engine/graph/index_ops.ts";
import * as o from "../../../engine/ops.ts";

const t = (dtype: Dtype, ...shape: number[]): Tensor => inputTensor(shape, dtype, 0);

/** Asserts that a call fails naming the operation, everything in `mentions`, and a remedy after a semicolon. */
function refuses(name: string, call: () => unknown, ...mentions: string[]): void {
  assert.throws(call, (error: unknown) => {
    assert.ok(error instanceof ShapeError, `${name}: ${error}`);
    const { message } = error;
    assert.ok(message.startsWith(`${name}: `), message);
    for (const text of mentions) assert.ok(message.includes(text), `"${message}" does not mention "${text}"`);
    assert.match(message, /; ./, `"${message}" has no remedy`);
    return true;
  });
}

for (const [name, op] of Object.entries(scalarOps)) {
  Deno.test(`${name} names what it cannot take`, () => {
    const params = { dtype: "f32" };
    const arity = [1, 2, 3, 4].find((n) => {
      try {
        apply(op, Array.from({ length: n }, () => t("f16", 1)), params);
        return true;
      } catch (error) {
        return !String(error).includes("operands");
      }
    })!;
    const first: Dtype = name === "select" ? "bool" : "f32";
    if (arity > 1) {
      const shapes = [t(first, 2, 3), ...Array.from({ length: arity - 1 }, () => t("f32", 3, 2))];
      refuses(name, () => apply(op, shapes, params), `${first}[2,3]`, "f32[3,2]", "broadcast");
      const types = [t(first, 2), t("f32", 2), t("u32", 2), t("f32", 2)].slice(name === "select" ? 0 : 1);
      refuses(
        name,
        () => apply(op, types.slice(0, arity).concat(types.slice(0, Math.max(0, arity - types.length))), params),
        "u32[2]",
        "cast",
      );
    }
    const refused = (["bool", "u32", "f32", "f16"] as const).find((dtype) => {
      try {
        apply(op, Array.from({ length: arity }, () => t(dtype, 2)), params);
        return false;
      } catch {
        return true;
      }
    });
    if (refused) {
      const operands = Array.from({ length: arity }, () => t(refused, 2));
      refuses(name, () => apply(op, operands, params), `${refused}[2]`);
    }
    assert.throws(() => apply(op, [], params), new RegExp(`${name}: takes ${arity} operands, got 0`));
  });
}

const structural: Readonly<Record<string, readonly (readonly [() => unknown, ...string[]])[]>> = {
  iota: [[() => o.iota([2, 3], 2), "[2,3]", "axis 2"]],
  literal: [[() => o.literal(Float32Array.of(1, 2, 3), [2]), "3 elements", "[2]"]],
  reshape: [
    [() => o.reshape(t("f32", 2, 3), [4, 2]), "f32[2,3]", "[4,2]"],
    [() => o.reshape(t("f32", 2, 3), [4, -1]), "f32[2,3]", "[4,1.5]"],
    [() => o.reshape(t("f32", 1), [-1, -1]), "f32[1]"],
  ],
  permute: [[() => o.permute(t("f32", 2, 3), [0, 0]), "f32[2,3]", "[0,0]"]],
  broadcast: [[() => o.broadcastTo(t("f32", 2, 3), [2, 4]), "f32[2,3]", "[2,4]"]],
  broadcastTo: [[() => o.broadcastTo(t("f32", 2, 3), [3]), "f32[2,3]", "[3]"]],
  slice: [
    [() => o.slice(t("f32", 2, 3), 1, 2, 5), "f32[2,3]"],
    [() => o.slice(t("f32", 2, 3), 1, 0, 2, 0), "f32[2,3]"],
    [() => o.slice(t("f32", 2, 3), 2, 0), "f32[2,3]", "axis 2"],
  ],
  take: [[() => o.take(t("f32", 2, 3), -3, 0), "f32[2,3]", "axis -3"]],
  pad: [
    [() => o.pad(t("f32", 2, 3), 0, -1, 0), "f32[2,3]"],
    [() => o.pad(t("f32", 2, 3), 5, 1, 0), "f32[2,3]", "axis 5"],
  ],
  concat: [
    [() => o.concat([t("f32", 2, 3), t("f32", 3, 3)], 1), "f32[2,3]", "f32[3,3]"],
    [() => o.concat([t("f32", 2), t("u32", 2)], 0), "f32[2]", "u32[2]"],
    [() => o.concat([t("f32", 2), t("f32", 2)], 1), "f32[2]", "axis 1"],
    [() => o.concat([], 0)],
  ],
  sum: [
    [() => o.sum(t("f32", 2, 3), 2), "f32[2,3]"],
    [() => o.sum(t("bool", 2)), "bool[2]", "cast"],
  ],
  reduceMax: [[() => o.max(t("f32", 2, 3), -3), "f32[2,3]"]],
  reduceMin: [[() => o.min(t("bool", 2)), "bool[2]"]],
  matmul: [
    [() => o.matmul(t("f32", 2, 3), t("f32", 2, 3)), "f32[2,3] x f32[2,3]", "inner sizes"],
    [() => o.matmul(t("f32", 3), t("f32", 3, 2)), "f32[3]", "reshape"],
    [() => o.matmul(t("f32", 2, 1, 3), t("f32", 4, 3, 2)), "f32[2]", "f32[4]"],
    [() => o.matmul(t("u32", 2, 3), t("u32", 3, 2)), "u32[2,3]"],
  ],
  gather: [
    [() => o.gather(t("f32", 2, 3), t("f32", 2)), "f32[2]"],
    [() => o.gather(t("f32"), t("u32", 2)), "f32[]"],
  ],
  scatterAdd: [
    [() => o.scatterAdd(t("u32", 2), t("f32", 3, 3), 4), "u32[2]", "f32[3,3]"],
    [() => o.scatterAdd(t("f32", 2), t("f32", 2, 3), 4), "f32[2]"],
  ],
  selectThreshold: [[() => apply(selectThresholdOp, [t("f32", 4), t("u32")]), "f32[4]", "u32[]"]],
  add: [
    [() => o.add(t("f32", 2, 3), t("f32", 4)), "f32[2,3] with f32[4]"],
    [() => o.add(1, 2)],
  ],
  grad: [
    [() => grad(t("f32", 2), t("f32", 2)), "f32[2]"],
    [() => grad(o.sum(t("f32", 2)), { ids: t("u32", 2) }), "ids", "u32[2]"],
  ],
  vjp: [[() => vjp(t("f32", 2), t("f32", 3), []), "f32[2]", "f32[3]"]],
};

for (const [name, calls] of Object.entries(structural)) {
  Deno.test(`${name}() names what it cannot take`, () => {
    for (const [call, ...mentions] of calls) refuses(name, call, ...mentions);
  });
}
