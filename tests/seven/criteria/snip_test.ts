import { force, magnitude, snip } from "../../../seven/mod.ts";
import { assertClose } from "../../support/assert_close.ts";
import { judge, plainGradients, situation } from "../support/oracle.ts";

Deno.test("snip() scores |theta g| of the network as it is", () => {
  const given = situation();
  const g = plainGradients(given.params, given.batch);
  const { score } = judge(snip(), given);
  for (const name of ["w1", "w2"]) {
    const expected = g[name]!.map((x, i) => Math.abs(x * given.params[name]![i]!));
    assertClose(score[name]!, expected, { rtol: 1e-5, atol: 1e-8 }, name);
  }
});

Deno.test("force() takes the gradient at the sparse network and the weight from the dense one", () => {
  const given = situation();
  const sparse = {
    ...given.params,
    w1: given.params.w1!.map((x, i) => x * given.masks.w1![i]!),
    w2: given.params.w2!.map((x, i) => x * given.masks.w2![i]!),
  };
  const g = plainGradients(sparse, given.batch);
  const { score } = judge(force(), given);
  for (const name of ["w1", "w2"]) {
    const expected = g[name]!.map((x, i) => Math.abs(x * given.params[name]![i]!));
    assertClose(score[name]!, expected, { rtol: 1e-5, atol: 1e-8 }, name);
  }
});

Deno.test("magnitude() scores |theta|", () => {
  const given = situation();
  const { score } = judge(magnitude(), given);
  for (const name of ["w1", "w2"]) assertClose(score[name]!, given.params[name]!.map(Math.abs), { rtol: 1e-7 }, name);
});
