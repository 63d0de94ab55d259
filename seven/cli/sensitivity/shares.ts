/**
 * Reading lists of shares.
 *
 * @module
 */
import { InvalidArgumentError } from "commander";

/** Different shares above 0, up to 1, divided by commas; ascending, whatever their order. */
export function shareList(): (text: string) => readonly number[] {
  return (text) => {
    const shares = text.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
    if (shares.every((share) => share > 0 && share <= 1)) return [...new Set(shares)].sort((a, b) => a - b);
    throw new InvalidArgumentError("Give shares above 0, up to 1, divided by commas, such as 0.5,0.9.");
  };
}
