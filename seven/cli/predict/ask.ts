/**
 * From what a user brings to rows that a model takes.
 *
 * @module
 */
import type { ImageDecoder, Split } from "../../../models/mod.ts";
import { squadSplit } from "../../../models/text/squad_split.ts";
import { squadWindows } from "../../../models/text/squad_windows.ts";
import { textSplit } from "../../../models/text/text_split.ts";
import type { Answerer } from "./answerer.ts";
import { classCollector, type Collector, numberCollector, spanCollector } from "./answers.ts";
import type { TextInput } from "./inputs.ts";
import { pictureSplit } from "./pictures.ts";

/** What is to be answered: rows, and what each is about. */
export interface Asked {
  /** The rows. */
  readonly split: Split;
  /** Makes answers of outputs. */
  readonly collector: Collector;
  /** Parts of each input, for lines. */
  readonly about: readonly (readonly string[])[];
  /** Each input, for JSON. */
  readonly inputs: readonly object[];
  /** What is wrong with rows that have no answer. */
  readonly broken: () => ReadonlyMap<number, string>;
}

/**
 * Asks about pictures.
 *
 * @param answerer The model.
 * @param paths The files.
 * @param options How many classes are told, and what becomes of broken files.
 * @param decoder Who decodes.
 * @throws {DataError} when the pictures do not come out in one size.
 */
export function askPictures(
  { network, labels, independent, preprocessor }: Answerer,
  paths: readonly string[],
  { top, skipBroken }: { readonly top: number; readonly skipBroken: boolean },
  decoder: ImageDecoder,
): Asked {
  const channels = network.image?.[0] === 1 ? 1 : 3;
  const split = pictureSplit(paths, preprocessor!, { decoder, channels, skipBroken });
  return {
    split,
    collector: classCollector(labels, top, independent),
    about: paths.map((path) => [path]),
    inputs: paths.map((image) => ({ image })),
    broken: split.broken,
  };
}

/**
 * Asks about texts.
 *
 * @param answerer The model.
 * @param inputs The texts, or questions with their contexts.
 * @param allowNone Whether questions may have no answer.
 * @param top How many classes are told.
 * @param say Told when texts are cut.
 * @throws {DataError} when a text cannot be read.
 */
export function askTexts(
  { network, labels, independent, tokenizer, maxLength }: Answerer,
  inputs: readonly TextInput[],
  allowNone: boolean,
  top: number,
  say: (line: string) => void,
): Asked {
  const none = () => new Map<number, string>();
  if (network.head === "span") {
    const questions = inputs.map(({ text, pair = "" }, i) =>
      ({ id: `${i}`, title: "", question: text, context: pair, answers: [], impossible: false }) as const
    );
    // As in the task SQuAD.
    const lengths = { maxLength, stride: Math.floor(maxLength / 3), maxQueryLength: Math.floor(maxLength / 6) };
    const windows = squadWindows(questions, tokenizer!, lengths);
    return {
      split: squadSplit(windows, "questions"),
      collector: spanCollector(windows, allowNone),
      about: inputs.map(({ text }) => [text]),
      inputs: inputs.map(({ text: question, pair: context }) => ({ question, context })),
      broken: none,
    };
  }
  const regression = network.head === "regression";
  const split = textSplit({ name: "texts", rows: inputs, tokenizer: tokenizer!, maxLength, regression });
  // Those that just fit are not cut.
  const cut =
    inputs.filter(({ text, pair }, row) =>
      split.lengths![row] === maxLength && tokenizer!.encode(text, pair).ids.length > maxLength
    ).length;
  if (cut > 0) say(`${cut} of ${inputs.length} texts are longer than ${maxLength} tokens; their ends are not read`);
  return {
    split,
    collector: regression ? numberCollector() : classCollector(labels, top, independent),
    about: inputs.map(({ text, pair }) => pair === undefined ? [text] : [text, pair]),
    inputs,
    broken: none,
  };
}
