/**
 * What a sweep took, and on what.
 *
 * @module
 */
import { count, duration } from "../table.ts";
import type { Finished } from "./results.ts";

/** The time of all runs, their devices and what ran, as sentences. */
export function costText(finished: readonly Finished[]): string {
  const seconds = finished.map(({ record }) => record.seconds.pruning + record.seconds.evaluation);
  const whole = duration(seconds.reduce((sum, one) => sum + one, 0));
  const devices = shares(finished.map(({ record }) => record.deviceDescription.split(";")[0]!));
  const versions = shares(
    finished.map(({ record }) => ["seven", "deno"].map((name) => `${name} ${record.versions[name] ?? "?"}`).join(", ")),
  );
  return `Pruning and evaluation took ${whole} in all, one run after another. Device: ${devices}. By ${versions}.`;
}

/** What there is, with how many have it where not all have the same. */
function shares(texts: readonly string[]): string {
  const groups = [...Map.groupBy(texts, (text) => text)];
  return groups.length === 1
    ? groups[0]![0]
    : groups.map(([text, { length }]) => `${text} (${count(length)} runs)`).join("; ");
}
