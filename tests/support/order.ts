/**
 * Sorted order by its definition, for tests.
 *
 * @module
 */

/** The definition: NaN last either way, equal elements in the order of the row. */
export function orderByDefinition(row: ArrayLike<number>, descending: boolean): number[] {
  const sign = descending ? -1 : 1;
  return Array.from({ length: row.length }, (_, i) => i).sort((i, j) => {
    const a = row[i]!, b = row[j]!;
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b)) || i - j;
    return a === b ? i - j : sign * (a < b ? -1 : 1);
  });
}
