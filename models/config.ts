/**
 * Schemas of values that many models' `config.json` have.
 *
 * @module
 */
import { z } from "zod";
import { activation } from "../engine/mod.ts";

/** A whole number, 1 or more. */
export const positive: z.ZodNumber = z.number().int().positive();

/** A share in [0, 1), such as a rate of dropout. */
export const rate: z.ZodNumber = z.number().min(0).lt(1);

/** The name of an activation that the engine knows. */
export const activationName: z.ZodString = z.string().refine(isActivation, "no activation that is known here");

function isActivation(name: string): boolean {
  try {
    activation(name);
    return true;
  } catch {
    return false;
  }
}
