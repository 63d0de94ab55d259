/**
 * Finds keys that a JSON text states twice. `JSON.parse` keeps the last silently, so that two readers of one file could
 * load different weights.
 *
 * @module
 */

/** Index just behind the string literal that starts at `start`. */
function stringEnd(json: string, start: number): number {
  for (let i = start + 1; i < json.length; i++) {
    if (json[i] === "\\") i++;
    else if (json[i] === '"') return i + 1;
  }
  return json.length;
}

/**
 * The first key that some object of the text has twice, at any depth.
 *
 * @param json Valid JSON: parse it first.
 * @returns The key, decoded, or `undefined` when all keys are unique.
 */
export function duplicateKey(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = []; // keys so far of each object or array around the cursor, made on demand
  for (let i = 0; i < json.length; i++) {
    const char = json[i];
    if (char === "{" || char === "[") open.push(undefined);
    else if (char === "}" || char === "]") open.pop();
    else if (char === '"') {
      const end = stringEnd(json, i);
      let next = end;
      while (next < json.length && " \t\n\r".includes(json[next])) next++;
      if (json[next] === ":") {
        const key = JSON.parse(json.slice(i, end)) as string;
        const keys = open[open.length - 1] ??= new Set();
        if (keys.has(key)) return key;
        keys.add(key);
      }
      i = end - 1;
    }
  }
  return undefined;
}
