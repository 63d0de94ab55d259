/** Templates, numbers and colours. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { colors, levelOf } from "../../../seven/cli/report/colors.ts";
import { escapeHtml, markup, shorten, trusted } from "../../../seven/cli/report/html.ts";
import {
  bytesText,
  domainOf,
  metricValue,
  runningMean,
  shareText,
  short,
  spread,
  whole,
} from "../../../seven/cli/report/numbers.ts";

Deno.test("markup escapes what is put in, and takes its own as it is", () => {
  const inner = markup`<b title="${`"x"`}">${"a < b & c"}</b>`;
  assert.equal(inner.text, `<b title="&quot;x&quot;">a &lt; b &amp; c</b>`);
  assert.equal(markup`${[inner, 1, false, undefined, ["'"]]}`.text, `${inner.text}1&#39;`);
  assert.equal(markup`${trusted("<i>")}`.text, "<i>");
});

Deno.test("escapeHtml() leaves no character that ends text or attributes, or that pages cannot hold", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const escaped = escapeHtml(text);
    assert.doesNotMatch(escaped, /[<>"'\u202a-\u202e\ufffe\uffff]|(?![\n\t])\p{Cc}/u);
    assert.ok(escaped.isWellFormed());
  }));
  assert.equal(escapeHtml("tab\tand\nline, Ünïcode 中 😀"), "tab\tand\nline, Ünïcode 中 😀");
});

Deno.test("shorten() counts characters, not halves of them", () => {
  assert.equal(shorten("abc", 3), "abc");
  assert.equal(shorten("abcd", 3), "ab…");
  assert.equal(shorten("😀😀😀", 3), "😀😀😀");
  assert.equal(shorten("😀😀😀😀", 3), "😀😀…");
});

Deno.test("numbers are short, and none is a dash", () => {
  assert.deepEqual([0, 1.23456, 12345.678, 0.00012, -3e-9, 2.5e12, NaN, undefined].map(short), [
    "0",
    "1.235",
    "12,345.68",
    "1.2e-4",
    "-3e-9",
    "2.5e12",
    "–",
    "–",
  ]);
  assert.deepEqual([1234567, 2.6, Infinity].map(whole), ["1,234,567", "3", "–"]);
  assert.deepEqual([0.5, NaN].map((share) => shareText(share)), ["50.00 %", "–"]);
  assert.deepEqual([0, 999, 1000, 437_951_324, 1.5e13].map(bytesText), [
    "0 bytes",
    "999 bytes",
    "1.00 kB",
    "438 MB",
    "15.0 TB",
  ]);
  assert.deepEqual([metricValue("accuracy", 0.5), metricValue("loss", 0.5)], ["50.00 %", "0.5"]);
});

Deno.test("domainOf() holds all values, and is never a point", () => {
  fc.assert(fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })), (values) => {
    const [from, to] = domainOf(values);
    assert.ok(from < to);
    for (const value of values) if (Math.abs(value) < 1e100) assert.ok(value >= from - 1e-100 && value <= to + 1e-100);
  }));
});

Deno.test("runningMean() is over as many as there are", () => {
  assert.deepEqual(runningMean([1, 2, 6, 10], 3), [1.5, 3, 6, 8]);
  assert.deepEqual(runningMean([1, 2], 1), [1, 2]);
});

Deno.test("spread() keeps the order, the gap, and the interval where there is room", () => {
  assert.deepEqual(spread([5, 5, 0], 1, [0, 10]), [5, 6, 0]);
  assert.deepEqual(spread([10, 10], 2, [0, 10]), [8, 10]);
  fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { maxLength: 20 }), (places) => {
    const sorted = spread(places, 5, [0, 100]).toSorted((a, b) => a - b);
    for (const [i, place] of sorted.entries()) {
      assert.ok(place >= -1e-9 && place <= 100 + 1e-9);
      if (i > 0) assert.ok(place - sorted[i - 1]! >= 5 - 1e-9);
    }
  }));
});

/** Relative luminance, WCAG 2. */
function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16) / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

Deno.test("text stands out from what is behind it by 4.5 to 1, lines by 3 to 1, light and dark", () => {
  const themes = colors.split("@media").map((part) =>
    Object.fromEntries([...part.matchAll(/--(\w+):(#[0-9a-f]{6})/g)].map(([, name, color]) => [name!, color!]))
  );
  assert.equal(themes.length, 2);
  for (const theme of themes) {
    const of = (name: string): string => theme[name]!;
    for (const ink of ["ink", "faint"]) {
      for (const behind of ["page", "panel"]) assert.ok(contrast(of(ink), of(behind)) >= 4.5, `${ink} on ${behind}`);
    }
    for (let i = 0; i <= 10; i++) assert.ok(contrast(of("ink"), of(`heat${i}`)) >= 4.5, `heat ${i}`);
    for (let i = 0; i < 8; i++) assert.ok(contrast(of(`line${i}`), of("page")) >= 4.5, `names of line ${i}`);
    for (const line of ["kept", "pruned"]) assert.ok(contrast(of(line), of("page")) >= 3, line);
  }
});

Deno.test("levelOf() is 0 for nothing only, and 10 for all", () => {
  assert.deepEqual([0, 1e-9, 0.1, 0.11, 1, 2, NaN].map(levelOf), [0, 1, 1, 2, 10, 10, 0]);
});
