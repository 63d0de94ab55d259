/** SQuAD's questions and BERT's tokenizer from the real data, each read once. */

import { memoryFolder } from "../../../models/folder.ts";
import { type Question, readSquad } from "../../../models/text/squad_read.ts";
import { loadTokenizer, type Tokenizer } from "../../../models/text/tokenizer.ts";
import { dataFolder, diskFolder } from "../real_data.ts";

const once = <T>(make: () => Promise<T>): () => Promise<T> => {
  let made: Promise<T> | undefined;
  return () => made ??= make();
};

const read = (name: string) => once(async () => readSquad(await diskFolder(dataFolder("squad")!).read(name), name));

/** The dev set of version 1.1; positions of answers are approximate. */
export const squad1: () => Promise<Question[]> = read("dev-v1.1.reconstructed.json");

/** Two articles of the dev set of version 2.0. */
export const squad2: () => Promise<Question[]> = read("squad2-dev-2articles.haystack.json");

/** 1,190 questions of the dev set of version 1.1, with one answer each at its true position. */
export const xquad: () => Promise<Question[]> = read("xquad.en.json");

/** BERT's uncased tokenizer. */
export const bert: () => Promise<Tokenizer> = once(async () => {
  const vocabulary = await diskFolder(dataFolder("tokenizers")!).read("bert-base-uncased.vocab.txt");
  return loadTokenizer(memoryFolder({ "vocab.txt": vocabulary }));
});
