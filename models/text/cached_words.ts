/**
 * Remembering words: few of them make up most of a text.
 *
 * @module
 */

/** Words that are remembered: more than the texts of GLUE have, few enough for memory (some 30 MB). */
const mostWords = 200_000;

/** Longest word that is remembered, in UTF-16 units: longer ones hardly come again. */
const longestWord = 128;

/**
 * Makes a function remember what it answers for a word.
 *
 * @typeParam T What the function answers; nobody may change it.
 * @param split The function, such as one that takes a word apart.
 * @param limit Most words to remember.
 * @returns The same function, remembering.
 */
export function cachedWords<T extends object>(
  split: (word: string) => T,
  limit: number = mostWords,
): (word: string) => T {
  const known = new Map<string, T>();
  return (word) => {
    let answer = known.get(word);
    if (answer === undefined) {
      answer = split(word);
      if (known.size < limit && word.length <= longestWord) known.set(word, answer);
    }
    return answer;
  };
}
