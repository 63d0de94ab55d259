/**
 * Parts that sections are made of.
 *
 * @module
 */
import { type Content, type Html, markup } from "./html.ts";

/** A section with its heading; nothing where there is no content. */
export function section(title: string, ...content: readonly Content[]): Html | undefined {
  const present = content.filter((part) => part !== undefined && part !== false);
  return present.length === 0 ? undefined : markup`<section><h2>${title}</h2>\n${present}</section>\n`;
}

/** What a table is made of. */
export interface TableOptions {
  /** Names of the columns. */
  readonly head: readonly string[];
  /** Rows; their first cell is what the row is about. */
  readonly rows: readonly (readonly Content[])[];
  /** Class of the table; "words" sets text to the left. */
  readonly kind?: string;
  /** What the table shows, for those who do not see where it stands. */
  readonly label: string;
}

/** A table that scrolls by itself where it is wider than the page. */
export function table({ head, rows, kind, label }: TableOptions): Html {
  const cells = (row: readonly Content[]): Content =>
    row.map((cell, i) => i === 0 ? markup`<th scope="row">${cell}</th>` : markup`<td>${cell}</td>`);
  return markup`
    <div class="scroll" tabindex="0" role="region" aria-label="${label}">
      <table${kind !== undefined && markup`
        class="${kind}"
      `}>
        <thead>
          <tr>${head.map((name) => markup`<th scope="col">${name}</th>`)}</tr>
        </thead>
        <tbody>${rows.map((row) => markup`<tr>${cells(row)}</tr>\n`)}</tbody>
        </table>
        </div>
  `;
}

/** The numbers behind a chart, folded away. */
export function numbersBehind(options: TableOptions): Html {
  return markup`<details><summary>The numbers of this chart</summary>${table(options)}</details>`;
}

/** A chart with its caption and its numbers. */
export function figure(chart: Html, caption: Content, numbers: TableOptions): Html {
  return markup`<figure>${chart}\n<figcaption>${caption}</figcaption>\n${numbersBehind(numbers)}</figure>\n`;
}

/** A cell with a bar for one number or one above the other for two, the longest one as wide as there is room. */
export function bar(bars: readonly { readonly share: number; readonly text: string }[]): Html {
  return markup`<div class="bar">${
    bars.map(({ share, text }, i) => {
      const width = (72 * Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0))).toFixed(1);
      return markup`<span><i${
        i === 1 && markup`
          class="b"
        `
      } style="width:${width}%"></i>${text}</span>`;
    })
  }</div>`;
}
