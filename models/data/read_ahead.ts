/**
 * Making batches ahead of need.
 *
 * @module
 */

/**
 * Asks for values before they are needed: while one is used, the next are being made. Order and errors stay as they
 * are: an error is thrown where its value would have come.
 *
 * @typeParam T What comes.
 * @param values Where they come from.
 * @param depth How many are asked for ahead; 0 changes nothing.
 * @returns The same values. Ending it early ends `values`, once what was asked for has come.
 * @throws {RangeError} when `depth` is not a whole number, 0 or more.
 */
export function readAhead<T>(values: AsyncIterable<T>, depth: number): AsyncGenerator<T, void, void> {
  if (!Number.isSafeInteger(depth) || depth < 0) {
    throw new RangeError(`readAhead: depth ${depth}; use a whole number, 0 or more`);
  }
  return ahead(values, depth);
}

async function* ahead<T>(values: AsyncIterable<T>, depth: number): AsyncGenerator<T, void, void> {
  const iterator = values[Symbol.asyncIterator]();
  const asked: Promise<IteratorResult<T>>[] = [];
  const ask = () => {
    const next = iterator.next();
    next.catch(() => {}); // thrown where it is awaited; until then it is not unhandled
    asked.push(next);
  };
  try {
    while (true) {
      while (asked.length <= depth) ask();
      const { done, value } = await asked.shift()!;
      if (done) return;
      yield value;
    }
  } finally {
    await Promise.allSettled(asked);
    await iterator.return?.();
  }
}
