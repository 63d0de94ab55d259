import { grasp } from "../../../seven/mod.ts";
import { assertClose } from "../../support/assert_close.ts";
import { judge, plainGradients, situation } from "../support/oracle.ts";

Deno.test("grasp() scores theta times the Hessian-gradient product, at logits / T", () => {
  const given = situation();
  const temperature = 3;
  const g = plainGradients(given.params, given.batch, temperature);
  // H g is the derivative of the gradient along g.
  const step = 1e-4;
  const along = (sign: number) => {
    const moved = (name: string) => given.params[name]!.map((x, i) => x + sign * step * g[name]![i]!);
    return plainGradients({ ...given.params, w1: moved("w1"), w2: moved("w2") }, given.batch, temperature);
  };
  const [ahead, behind] = [along(1), along(-1)];
  const { score } = judge(grasp({ temperature }), given);
  for (const name of ["w1", "w2"]) {
    const expected = g[name]!.map((_, i) =>
      given.params[name]![i]! * (ahead[name]![i]! - behind[name]![i]!) / (2 * step)
    );
    assertClose(score[name]!, expected, { rtol: 1e-4, atol: 1e-6 }, name);
  }
});
