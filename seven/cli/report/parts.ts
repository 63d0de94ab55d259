/**
 * Parts that sections are made of.
 *
 * @module
 */
import { type Content, type Html, markup } from "./html.ts";
import { whole } from "./numbers.ts";

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
  const named = kind !== undefined && markup` class="${kind}"`;
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table${named}>
<thead><tr>${head.map((name) => markup`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map((row) => markup`<tr>${cells(row)}</tr>\n`)}</tbody></table></div>`;
}

/** The numbers behind a chart, folded away. */
function numbersBehind(options: TableOptions): Html {
  return markup`<details><summary>The numbers of this chart</summary>${table(options)}</details>`;
}

/** A chart with its caption and its numbers. */
export function figure(chart: Html, caption: Content, numbers: TableOptions): Html {
  return markup`<figure>${chart}\n<figcaption>${caption}</figcaption>\n${numbersBehind(numbers)}</figure>\n`;
}

/** A cell with bars one below the other, in two colours: as long as their shares, and all with their text. */
export function bars(values: readonly { readonly share: number; readonly text: string }[]): Html {
  return markup`<div class="bar">${
    values.map(({ share, text }, i) => {
      const width = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)).toFixed(4);
      const second = i === 1 && markup` class="b"`;
      return markup`<span><i${second} style="width:calc((100% - 6em)*${width})"></i>${text}</span>`;
    })
  }</div>`;
}

/** How many of a list are not shown; nothing where all are. */
export function and(all: readonly unknown[], shown: readonly unknown[]): Content {
  return all.length > shown.length && markup`<p class="note faint">And ${whole(all.length - shown.length)} more.</p>`;
}
