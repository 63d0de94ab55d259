/**
 * Where the time of a training step goes.
 *
 * @module
 */
import type { StepTiming } from "../timing.ts";
import type { ReportData } from "./data.ts";
import { type Html, markup, shorten } from "./html.ts";
import { shareText, short, whole } from "./numbers.ts";
import { bars, section, table } from "./parts.ts";

/** Kinds of kernels that are listed. */
const MOST_KERNELS = 12;

/** Kernels of one label. */
interface Kind {
  readonly label: string;
  readonly count: number;
  readonly milliseconds: number;
}

/** Time of the kernels that took longest, those of one label together; nothing where none was measured. */
export function kernelSection({ timing }: ReportData): Html | undefined {
  const { step } = timing ?? {};
  const kinds = kindsOf(step?.kernels ?? []);
  if (!step || kinds.length === 0) return undefined;
  const [shown, rest] = [kinds.slice(0, MOST_KERNELS), kinds.slice(MOST_KERNELS)];
  const all = sumOf(kinds), longest = shown[0]!.milliseconds;
  const share = (milliseconds: number): string =>
    shareText(all.milliseconds > 0 ? milliseconds / all.milliseconds : 0, 1);
  const others = sumOf(rest);
  const listed = table({
    label: "The kernels that took longest",
    kind: "bars",
    head: ["operations", "time", "share", "kernels"],
    rows: [
      ...shown.map(({ label, count, milliseconds }) => [
        shorten(label, 160),
        bars([{ share: milliseconds / longest, text: `${short(milliseconds)} ms` }]),
        share(milliseconds),
        whole(count),
      ]),
      ...(rest.length > 0
        ? [["others", `${short(others.milliseconds)} ms`, share(others.milliseconds), whole(others.count)]]
        : []),
    ],
  });
  const caption = `${stepText(step)}: ${short(all.milliseconds)} ms in ${whole(all.count)} kernels. ` +
    "Kernels of the same operations are added up.";
  return section("Time by kernel", markup`<figure>${listed}\n<figcaption>${caption}</figcaption></figure>`);
}

function kindsOf(kernels: StepTiming["kernels"]): Kind[] {
  const kinds = new Map<string, Kind>();
  for (const { label, milliseconds } of kernels) {
    if (!(milliseconds >= 0 && milliseconds < 1e100)) continue;
    const { count, milliseconds: sum } = kinds.get(label) ?? { count: 0, milliseconds: 0 };
    kinds.set(label, { label, count: count + 1, milliseconds: sum + milliseconds });
  }
  return [...kinds.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}

function sumOf(kinds: readonly Kind[]): Omit<Kind, "label"> {
  return {
    count: kinds.reduce((sum, { count }) => sum + count, 0),
    milliseconds: kinds.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
  };
}

/** Which step was timed. */
function stepText({ turn, rows, batches }: StepTiming): string {
  const kind = turn === "prune"
    ? "one that chooses a new mask"
    : turn === "observe"
    ? "one that updates the statistics of pruning"
    : "plain training";
  const part = batches > 1 ? `the last of its ${whole(batches)} batches of` : "a batch of";
  return `Time on the device of the step that the run ended with (${kind}), on ${part} ${whole(rows)} rows`;
}
