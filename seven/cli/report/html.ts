/**
 * HTML as text, escaped where it is put together.
 *
 * @module
 */

/** HTML that is whole: only {@linkcode markup} and {@linkcode trusted} make it. */
export class Html {
  /** Wraps HTML. */
  constructor(readonly text: string) {}
}

/** What may stand in a template: text and numbers are escaped, absent things leave nothing. */
export type Content = Html | string | number | false | undefined | readonly Content[];

/** A template literal of HTML. */
export function markup(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(strings.map((part, i) => i === 0 ? part : textOf(values[i - 1]) + part).join(""));
}

/** Takes HTML as it is. It must come from this program alone. */
export function trusted(text: string): Html {
  return new Html(text);
}

/** The HTML of some content. */
function textOf(content: Content): string {
  if (content === undefined || content === false) return "";
  if (content instanceof Html) return content.text;
  if (typeof content === "string") return escapeHtml(content);
  if (typeof content === "number") return escapeHtml(String(content));
  return content.map(textOf).join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Escapes text for elements and for quoted attributes alike. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => entities[character]!);
}

/**
 * Text without what no page can hold or show: control characters, lone surrogates, noncharacters, and marks that
 * reverse the text around them become U+FFFD.
 */
export function printable(text: string): string {
  return text.toWellFormed().replace(
    /(?![\n\t])\p{Cc}|\p{Noncharacter_Code_Point}|[\u202A-\u202E\u2066-\u2069]/gu,
    "\uFFFD",
  );
}

/** Text of at most `limit` characters; what is cut off is told by an ellipsis. */
export function shorten(text: string, limit: number): string {
  const characters = Array.from(text.slice(0, 2 * limit + 2));
  return characters.length > limit ? `${characters.slice(0, limit - 1).join("")}…` : text;
}
