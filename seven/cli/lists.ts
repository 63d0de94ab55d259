/**
 * The commands `tasks` and `methods`: what there is.
 *
 * @module
 */
import { tasks } from "../../models/mod.ts";
import { methods } from "../methods.ts";
import { UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { loadData } from "./model.ts";
import { count, table } from "./table.ts";
import { findTask } from "./task.ts";

/**
 * Lists the tasks; of one, with its data, the rows and labels of every part.
 *
 * @param name Name of a task, or a file that describes one; all tasks without it.
 * @param options Where the data are; whether the result is JSON.
 * @param io Where results go.
 * @throws {UsageError} when a task needs data and none are named, {@linkcode DataError} when they cannot be used.
 */
export async function listTasks(
  name: string | undefined,
  { data, json = false }: { readonly data?: string; readonly json?: boolean },
  io: Io,
): Promise<void> {
  if (name === undefined) {
    const rows = Object.values(tasks).map(({ name, metrics, description }) => [name, metrics.join(", "), description]);
    if (json) io.out(JSON.stringify(Object.values(tasks), null, 2));
    else for (const line of table([["task", "metrics", "what it is"], ...rows], "left")) io.out(line);
    return;
  }
  const task = await findTask(name);
  if (task.needsFolder && data === undefined) {
    throw new UsageError(`tasks ${name}: the data of this task lie in a folder; name it with --data`);
  }
  const { labels: classes, summary, notes } = await loadData(task, data, io.err);
  if (json) {
    io.out(JSON.stringify({ task, labels: classes, splits: summary, notes }, null, 2));
    return;
  }
  io.out(`${task.name}: ${task.description}`);
  if (task.source) io.out(`source: ${task.source}`);
  io.out(`head: ${task.head}; metrics: ${task.metrics.join(", ")}`);
  const labels = [
    ...new Set([...classes, ...Object.values(summary).flatMap(({ labels }) => Object.keys(labels ?? {}))]),
  ];
  const rows = Object.entries(summary).map(([split, { rows, labels: counts = {}, unlabelled = 0 }]) =>
    [split, count(rows), ...labels.map((label) => count(counts[label] ?? 0)), count(unlabelled)] as const
  );
  for (const line of table([["split", "rows", ...labels, "unlabelled"], ...rows])) io.out(line);
  notes.forEach(io.err);
}

/** Lists the methods. */
export function listMethods({ json = false }: { readonly json?: boolean }, io: Io): void {
  const all = Object.keys(methods).map((name) => {
    const { criterion, schedule, scope = "global" } = methods[name]!({ sparsity: 0.5, pruneSteps: 100 });
    const { needs, returns } = criterion;
    const window = schedule.start === schedule.end ? "one step" : "a window of steps";
    return { name, needs, scope, window, returns };
  });
  if (json) {
    io.out(JSON.stringify(all, null, 2));
    return;
  }
  const rows = all.map(({ name, needs, scope, window, returns }) =>
    [name, needs.join(", "), scope, window, returns ? "yes" : "no"] as const
  );
  for (const line of table([["method", "looks at", "compares", "prunes in", "weights return"], ...rows], "left")) {
    io.out(line);
  }
  io.out("seven/README.md has the formulas and the sources.");
}
