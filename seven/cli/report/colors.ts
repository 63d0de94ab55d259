/**
 * Colours of a report, for light and for dark, as CSS custom properties.
 *
 * @module
 */

type Rgb = readonly [number, number, number];

/** Levels of a scale, from nothing at 0. */
export const levels = 10;

/** Lines of a comparison that have a colour of their own; further ones begin anew. */
export const lineColors = 8;

interface Theme {
  readonly page: string;
  readonly panel: string;
  readonly ink: string;
  readonly faint: string;
  readonly rule: string;
  readonly shade: string;
  readonly kept: string;
  readonly pruned: string;
  readonly heat: string;
  readonly lines: readonly string[];
}

/** Pairs of ink and page have a contrast of 4.5 or more; lines of 3 or more. */
const light: Theme = {
  page: "#ffffff",
  panel: "#f5f6f8",
  ink: "#1b1f24",
  faint: "#59636e",
  rule: "#d5d9de",
  shade: "#eceff4",
  kept: "#0b5cad",
  pruned: "#d9730d",
  heat: "#7fb2e6",
  lines: ["#0b5cad", "#c4500a", "#0a7d5c", "#8a3ea8", "#b3261e", "#5b6b00", "#00788a", "#8a5a2b"],
};

const dark: Theme = {
  page: "#14171b",
  panel: "#1d2127",
  ink: "#e7eaee",
  faint: "#a3adb8",
  rule: "#3a424c",
  shade: "#22282f",
  kept: "#6cb2ff",
  pruned: "#ff9d47",
  heat: "#1f5c99",
  lines: ["#6cb2ff", "#ff9d47", "#4fd0a5", "#d59bf0", "#ff8a80", "#c3d34c", "#5cd3e6", "#d8ab7d"],
};

function parse(color: string): Rgb {
  const value = parseInt(color.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function mix(from: string, to: string, share: number): string {
  const [a, b] = [parse(from), parse(to)];
  const mixed = a.map((value, i) => Math.round(value + share * (b[i]! - value)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/** Steps from the page's colour to another; the first one is seen already. */
function scale(name: string, page: string, color: string, least: number): string[] {
  return Array.from({ length: levels + 1 }, (_, i) => {
    const share = i === 0 ? 0 : least + (1 - least) * (i - 1) / (levels - 1);
    return `--${name}${i}:${mix(page, color, share)}`;
  });
}

function properties({ lines, ...theme }: Theme): string {
  const { page, kept, pruned, heat } = theme;
  return [
    ...Object.entries(theme).map(([name, value]) => `--${name}:${value}`),
    ...lines.map((color, i) => `--line${i}:${color}`),
    ...scale("kept", page, kept, 0.15),
    ...scale("pruned", page, pruned, 0.15),
    ...scale("heat", page, heat, 0.08),
  ].join(";");
}

/** The custom properties: light ones, and dark ones on screens that ask for them. Paper is always light. */
export const colors: string = `:root{color-scheme:light;${properties(light)}}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;${properties(dark)}}}`;

/** The level of a share from 0 to 1: 0 for nothing only. */
export function levelOf(share: number): number {
  return share > 0 ? Math.min(levels, Math.max(1, Math.ceil(levels * share))) : 0;
}
