/** Makes `console.assert` throw: examples in the documentation are tests, and one that does not hold fails. */
console.assert = (condition?: boolean, ...words: unknown[]): void => {
  if (!condition) throw new Error(`assertion failed${words.length > 0 ? `: ${words.join(" ")}` : ""}`);
};
