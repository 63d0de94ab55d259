import assert from "node:assert/strict";
import { DataError, memoryFolder, taskNamed, tasks } from "../../models/mod.ts";

Deno.test("tasks have their own names", () => {
  for (const [name, task] of Object.entries(tasks)) assert.equal(task.name, name);
});

Deno.test("digits load without a folder, mnist from one", async () => {
  const { train, test, classes } = await tasks.digits!.load();
  assert.deepEqual([train.count, test.count, classes], [6000, 2000, 10]);
  await assert.rejects(
    tasks.digits!.load(memoryFolder({}, "data")),
    /^DataError: data: the data of task digits are gen/,
  );
  await assert.rejects(tasks.mnist!.load(), /^DataError: task mnist needs data; give the folder that holds them$/);
  await assert.rejects(tasks.mnist!.load(memoryFolder({}, "data")), /^DataError: data: there is no train-images/);
});

Deno.test("taskNamed() lists the tasks when there is no such", () => {
  assert.equal(taskNamed("mnist"), tasks.mnist);
  for (const name of ["cifar", "constructor"]) {
    assert.throws(() => taskNamed(name), new DataError(`task "${name}" is not known; there are digits, mnist`));
  }
});
