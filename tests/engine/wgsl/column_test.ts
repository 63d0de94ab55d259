import { argsOf, axes, bothTest, check, constant, linearize, load, op, reduce, stage, store } from "./support.ts";

bothTest("column: bias gradients of all sizes", async (backend) => {
  for (
    const [rows, columns] of [[1, 1], [7, 3], [64, 10], [100, 64], [33, 768], [500, 12], [300, 1], [50, 30]] as const
  ) {
    const at = axes([columns, rows]), x = load(0, linearize([at[1]!, at[0]!], [rows, columns]));
    await check(
      backend,
      reduce("column", [columns], [rows], argsOf([["read", rows * columns], ["write", columns]]), [["sum", x]], [
        store(1, at[0]!, stage(0), "outer"),
      ]),
    );
  }
});

bothTest("column: chained stages, stores at both levels and in place", async (backend) => {
  for (const [batch, rows, columns] of [[2, 20, 8], [3, 5, 7], [1, 130, 36]] as const) {
    const at = axes([batch, columns, rows]);
    const full = linearize([at[0]!, at[2]!, at[1]!], [batch, rows, columns]);
    const x = load(0, full), outer = linearize([at[0]!, at[1]!], [batch, columns]);
    const mean = op("mul", [stage(0), constant(1 / rows)]);
    const centred = op("sub", [x, mean]);
    const size = batch * rows * columns, few = batch * columns;
    await check(
      backend,
      reduce(
        "column",
        [batch, columns],
        [rows],
        argsOf([["update", size], ["update", few]]),
        [["sum", x], ["sum", op("mul", [centred, centred])]],
        [
          store(0, full, op("mul", [centred, load(1, outer)])),
          store(1, outer, op("add", [load(1, outer), stage(1)]), "outer"),
        ],
      ),
    );
  }
});
