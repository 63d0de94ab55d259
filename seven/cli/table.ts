/**
 * Tables in plain text.
 *
 * @module
 */

/**
 * Lays out rows under a heading: the first column to the left, numbers to the right.
 *
 * @param rows Cells; the first row is the heading.
 * @param align Where the other columns go; to the right by default, as numbers do.
 * @returns One line per row.
 */
export function table(rows: readonly (readonly string[])[], align: "left" | "right" = "right"): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, column) =>
      column === 0 || align === "left" ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
    ).join("   ").trimEnd()
  );
}

/** A share as a percentage with two digits. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** A number with separators between thousands. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** A number of bytes. */
export function bytesText(bytes: number): string {
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}

/** A time in seconds, or in minutes and seconds where it is long. */
export function duration(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds), minutes = Math.round(whole / 60);
  if (whole >= 3600) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** A metric for people: shares in percent, losses as they are. */
export function metricText(name: string, value: number): string {
  return name === "loss" || name === "mse" ? value.toFixed(4) : percent(value);
}
