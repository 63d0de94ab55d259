/**
 * All figures, and choosing among them.
 *
 * @module
 */
import type { Row } from "../result.ts";
import { embeddingFigures } from "./embedding.ts";
import type { BenchContext, Figure } from "./figure.ts";
import { gpuFigures } from "./gpu.ts";
import { growthFigure } from "./growth.ts";
import { dispatchFigure, hostStepFigure } from "./host.ts";
import { pruningFigures } from "./pruning.ts";
import { measureRace } from "./raced.ts";
import { racedFigures } from "./raced_list.ts";
import { sortingFigures } from "./sorting.ts";
import { coldStartFigure, warmCompileFigure } from "./start.ts";

/** All of them, in the order in which they are measured. */
export const figures: readonly Figure[] = [
  ...racedFigures,
  ...sortingFigures,
  ...embeddingFigures,
  ...pruningFigures,
  dispatchFigure,
  hostStepFigure,
  coldStartFigure,
  warmCompileFigure,
  growthFigure,
  ...gpuFigures,
];

/**
 * The figures of a run.
 *
 * @param only a name or the beginning of names; those are measured whatever they need to be asked for by.
 * @param gpu whether a GPU is measured: its own figures, and those of the others that it can tell something about.
 */
export function chosenFigures(only: string | undefined, gpu: boolean): readonly Figure[] {
  if (only !== undefined) {
    const named = figures.filter(({ name }) => name === only);
    return named.length ? named : figures.filter(({ name }) => name.startsWith(only));
  }
  return figures.filter(({ when, alsoOnGpu }) => gpu ? when === "gpu" || alsoOnGpu : when === "always");
}

/** Measures one figure. */
export function measureFigure(figure: Figure, context: BenchContext): Promise<readonly Row[]> {
  return figure.kind === "race" ? measureRace(figure, context) : figure.measure(context);
}
