/**
 * What SQuAD's evaluation compares: texts without case, punctuation, articles and surplus blanks.
 *
 * @module
 */

/** Python's `string.punctuation`: of ASCII only, so that other dashes and quotes stay. */
const punctuation = /[!-/:-@[-`{-~]/g;

/** Python's words are letters, numbers and underscores of every script; `\b` of JavaScript knows ASCII only. */
const articles = /(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu;

/** What `str.split` of Python splits at; `\s` of JavaScript also has U+FEFF and lacks U+001C to U+001F and U+0085. */
// deno-lint-ignore no-control-regex
const blanks = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/**
 * Normalises an answer, as `normalize_answer` of the official evaluation: lower case, no ASCII punctuation, no articles
 * (a, an, the), words separated by one blank.
 *
 * @param text The answer.
 * @returns What is left of it, possibly nothing.
 */
export function normalizeAnswer(text: string): string {
  const plain = text.toLowerCase().replace(punctuation, "").replace(articles, " ");
  return plain.split(blanks).filter((word) => word !== "").join(" ");
}
