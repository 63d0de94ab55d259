/**
 * Words of a text as BERT reads it, each character with its place in the original text.
 *
 * A character is cleaned, spaced out when it is Chinese, freed of accents and lower-cased, one by one, in the order of
 * `BertNormalizer` of Hugging Face's tokenizers; words then end at white space and at punctuation, which is a word by
 * itself. Lower-casing character by character means that a final sigma stays a sigma, as there.
 *
 * @module
 */

/** How the text is normalised: the settings of `BertNormalizer`. */
export interface BertReading {
  /** Drops control characters, and turns every white space into a space. */
  readonly cleanText: boolean;
  /** Makes each Chinese character a word. */
  readonly chineseChars: boolean;
  /** Drops accents, after decomposing characters. */
  readonly stripAccents: boolean;
  /** Turns letters into small letters. */
  readonly lowercase: boolean;
}

/**
 * Receives one word.
 *
 * @param word The normalised word.
 * @param starts Of each of its code points, where the original character starts. Valid during the call only.
 * @param ends Of each of its code points, where the original character ends. Valid during the call only.
 */
export type WordVisitor = (word: string, starts: readonly number[], ends: readonly number[]) => void;

/** What becomes of one character: code points that are kept, and whether the character stands alone. */
interface Character {
  readonly parts: readonly { readonly text: string; readonly kind: "space" | "punctuation" | "letter" }[];
  readonly alone: boolean;
}

/** Blocks of Chinese characters, as the original BERT lists them: without kana and hangul. */
const chinese = [
  [0x4e00, 0x9fff],
  [0x3400, 0x4dbf],
  [0x20000, 0x2a6df],
  [0x2a700, 0x2b73f],
  [0x2b740, 0x2b81f],
  [0x2b920, 0x2ceaf],
  [0xf900, 0xfaff],
  [0x2f800, 0x2fa1f],
] as const;

const whiteSpace = /^\p{White_Space}$/u;
const punctuation = /^[\p{P}!-/:-@[-`{-~]$/u;
const control = /^[\p{Cc}\p{Cf}\p{Co}\p{Cs}]$/u;
const accent = /\p{Mn}/gu;

function kindOf(char: string): "space" | "punctuation" | "letter" {
  if (whiteSpace.test(char)) return "space";
  return punctuation.test(char) ? "punctuation" : "letter";
}

function isRemoved(char: string): boolean {
  if (char === "\0" || char === "\ufffd") return true;
  return control.test(char) && char !== "\t" && char !== "\n" && char !== "\r";
}

/** Reads one code point. */
function readCharacter(point: number, reading: BertReading): Character {
  let text = String.fromCodePoint(point);
  if (reading.cleanText) {
    if (isRemoved(text)) return { parts: [], alone: false };
    if (whiteSpace.test(text)) text = " ";
  }
  if (reading.stripAccents) text = text.normalize("NFD").replace(accent, "");
  if (reading.lowercase) text = Array.from(text, (char) => char.toLowerCase()).join("");
  const alone = reading.chineseChars && chinese.some(([first, last]) => point >= first && point <= last);
  return { parts: Array.from(text, (char) => ({ text: char, kind: kindOf(char) })), alone };
}

/**
 * Makes the function that goes through the words of a text. It remembers the characters that it has read.
 *
 * @param reading How the text is normalised.
 * @returns The function: it takes a text, the number added to every place, and what receives the words.
 */
export function bertWords(reading: BertReading): (text: string, base: number, visit: WordVisitor) => void {
  const known = new Map<number, Character>();
  const characterOf = (point: number): Character => {
    let character = known.get(point);
    if (character === undefined) known.set(point, character = readCharacter(point, reading));
    return character;
  };
  return (text, base, visit) => {
    let word = "";
    let plain = true;
    const starts: number[] = [];
    const ends: number[] = [];
    const flush = (): void => {
      if (word === "") return;
      // Marks that are no accents can trade places when a whole word is decomposed; their number stays.
      visit(plain || !reading.stripAccents ? word : word.normalize("NFD"), starts, ends);
      word = "";
      plain = true;
      starts.length = ends.length = 0;
    };
    for (let at = 0; at < text.length;) {
      const point = text.codePointAt(at)!;
      const end = at + (point > 0xffff ? 2 : 1);
      const { parts, alone } = characterOf(point);
      if (alone) flush();
      for (const { text: part, kind } of parts) {
        if (kind !== "letter") flush();
        if (kind !== "space") {
          word += part;
          plain &&= point < 0x80;
          starts.push(base + at);
          ends.push(base + end);
        }
        if (kind === "punctuation") flush();
      }
      if (alone) flush();
      at = end;
    }
    flush();
  };
}
