/**
 * Positions of answers: SQuAD's files count Unicode characters, as Python does, and are sometimes off by a little.
 *
 * @module
 */

/** How far published positions may be off, in characters. */
const slack = 2;

/** Index in UTF-16 code units of a number of Unicode characters; the length of the text where it has fewer. */
function utf16Index(text: string, characters: number): number {
  let at = 0;
  for (let i = 0; i < characters && at < text.length; i++) at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  return at;
}

/**
 * Finds an answer in its context.
 *
 * @param context The paragraph.
 * @param text The answer.
 * @param position Where it should begin, in Unicode characters.
 * @returns Where it begins, in UTF-16 code units: at the position, else as close as possible and at most two code units
 * away (before rather than behind), else nothing.
 */
export function locateAnswer(context: string, text: string, position: number): number | undefined {
  const exact = /[\ud800-\udbff]/.test(context) ? utf16Index(context, position) : position;
  for (let distance = 0; distance <= slack; distance++) {
    for (const at of [exact - distance, exact + distance]) {
      if (at >= 0 && context.startsWith(text, at) && at + text.length <= context.length) return at;
    }
  }
  return undefined;
}
