/**
 * Numbers for people and for axes.
 *
 * @module
 */
import { metricText } from "../table.ts";

/** A number as text in four digits; "–" where there is none. */
export function short(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    const [digits, exponent] = value.toExponential(2).split("e");
    return `${Number(digits)}e${Number(exponent)}`;
  }
  return value.toLocaleString("en-US", { maximumSignificantDigits: size >= 1000 ? 7 : 4 });
}

/** A number as text for an axis, such as 1.5M. */
export function compact(value: number): string {
  return Math.abs(value) < 1e15
    ? value.toLocaleString("en-US", { notation: "compact", maximumSignificantDigits: 3 })
    : short(value);
}

/** A number of things, with separators between thousands; "–" where there is none. */
export function whole(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  return Math.abs(value) < 1e15 ? Math.round(value).toLocaleString("en-US") : short(value);
}

/** A share in percent, with as many decimals; "–" where there is none. */
export function shareText(share: number | undefined, decimals = 2): string {
  if (share === undefined || !Number.isFinite(share)) return "–";
  const value = 100 * share;
  return `${Math.abs(value) < 1e6 ? value.toFixed(decimals) : short(value)} %`;
}

/** Whether people read a metric in percent. */
export function isShare(metric: string): boolean {
  return metricText(metric, 0).endsWith("%");
}

/** A metric as its table on the terminal has it; "–" where there is none. */
export function metricValue(metric: string, value: number | undefined): string {
  return isShare(metric) ? shareText(value) : short(value);
}

const units = ["bytes", "kB", "MB", "GB", "TB"] as const;

/** A size in bytes; units of 1000, as disks and the hub have them. */
export function bytesText(bytes: number): string {
  if (!(bytes >= 0 && bytes < 1e18)) return short(bytes);
  const unit = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${unit === 0 ? Math.round(bytes) : (bytes / 1000 ** unit).toPrecision(3)} ${units[unit]}`;
}

/** Values that can be drawn: others would leave no room for these, or be no place at all. */
export function isDrawable(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && Math.abs(value) < 1e100;
}

/** An axis that shows all values with some room around them, and never shrinks to a point. */
export function domainOf(values: readonly number[], room = 0.06): [from: number, to: number] {
  const drawn = values.filter(isDrawable).map((value) => Math.abs(value) < 1e-100 ? 0 : value);
  if (drawn.length === 0) return [0, 1];
  let from = Infinity, to = -Infinity;
  for (const value of drawn) [from, to] = [Math.min(from, value), Math.max(to, value)];
  const size = Math.max(Math.abs(from), Math.abs(to));
  const pad = to - from > 1e-9 * size ? room * (to - from) : size === 0 ? 1 : 0.1 * size;
  return [from - pad, to + pad];
}

/** Centred running mean over `width` values, an odd number; near the ends over those that there are. */
export function runningMean(values: readonly number[], width: number): number[] {
  const half = Math.floor(width / 2);
  return values.map((_, i) => meanOf(values.slice(Math.max(0, i - half), i + half + 1)));
}

/** The mean; NaN of nothing. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value / values.length, values.length ? 0 : NaN);
}

/**
 * Moves places apart until no two are closer than `gap`, each as little as need be, within an interval as far as there
 * is room. The order stays.
 */
export function spread(places: readonly number[], gap: number, [from, to]: readonly [number, number]): number[] {
  const order = places.map((_, i) => i).sort((a, b) => places[a]! - places[b]!);
  const moved = [...places];
  let last = -Infinity;
  for (const i of order) last = moved[i] = Math.max(moved[i]!, last + gap, from);
  let next = Infinity;
  for (const i of order.reverse()) next = moved[i] = Math.min(moved[i]!, next - gap, to);
  return moved;
}
