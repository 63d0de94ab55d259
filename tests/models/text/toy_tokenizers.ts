/** Small tokenizers, and texts that are hard on them, for tests without real files. */

import fc from "fast-check";
import { type Folder, memoryFolder } from "../../../models/folder.ts";

const letters = [..."abcdefghijklmnopqrstuvwxyz0123456789"];

/** A vocabulary of BERT's kind: letters, some words and endings, punctuation, jamo, kana, Chinese and Greek. */
export const toyVocabulary: readonly string[] = [
  ..."[PAD] [UNK] [CLS] [SEP] [MASK]".split(" "),
  ...letters,
  ...letters.map((letter) => `##${letter}`),
  ..."the un ##aff ##able quick ##ing cafe ##fe istanbul s k ss".split(" ").filter((word) => word.length > 1),
  ..."!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
  ..."中文国𠀀",
  ...["\u1100", "##\u1161", "##\u11a8", "\u1112", "##\u11ab", "か", "##か", "カ", "##カ", "σ", "##σ", "ο", "##ο"],
  ...["𝐀", "##𝐀", "😀", "ß", "##ß", "\u302e", "##\u302e", "\u302f", "##\u302f"],
];

/** A folder with the vocabulary. */
export function toyBert(files: Readonly<Record<string, string>> = {}): Folder {
  return memoryFolder({ "vocab.txt": toyVocabulary.join("\n") + "\n", ...files }, "toy");
}

/** Merges of a tokenizer of CLIP's kind. */
const merges = ["t h", "th e</w>", "c a", "ca t</w>"];

/** A folder with a tokenizer of CLIP's kind, for words of small letters. */
export function toyClip(files: Readonly<Record<string, string>> = {}): Folder {
  const tokens = [
    ...letters,
    ...letters.map((letter) => `${letter}</w>`),
    ...merges.map((merge) => merge.replace(" ", "")),
    "<|startoftext|>",
    "<|endoftext|>",
  ];
  const vocabulary = JSON.stringify(Object.fromEntries(tokens.map((token, id) => [token, id])));
  return memoryFolder(
    { "vocab.json": vocabulary, "merges.txt": `#version: 0.2\n${merges.join("\n")}\n`, ...files },
    "toy",
  );
}

/** What makes text hard: accents of both kinds, control characters, scripts, characters of two units, literals. */
const hard = [
  ..."e\u0301|É|ß|İ|ſ|K|Å|ﬁ|각|한|中|文|カ|が|か\u3099|x\u0338=|≠|\u037e|\u1fef|ΟΔ|σο|\ufffd|\0|\u0007|😀|🇩🇪|𝐀".split(
    "|",
  ),
  ..."the|Quick|unaffable|cafe\u0301|CAFÉ|İstanbul|don't|12.5%|--|...|[CLS]|[MASK]|[SEP|[mask]|[UNK]".split("|"),
  ...[" ", "\t", "\n", "\u00a0", "\u200b", "\u3000", "\u2028", "\u0085", "\ufeff", "a\u302e", "\u302f", "\u302e\u302f"],
  ...["\ud800", "\udc00", "a\u0300\u0323", "\u0344", "\u1100\u1161", "z".repeat(101)],
];

/** Texts of hard pieces and of any Unicode at all. */
export const texts: fc.Arbitrary<string> = fc.array(
  fc.oneof(
    { arbitrary: fc.constantFrom(...hard), weight: 4 },
    { arbitrary: fc.string({ unit: "binary", maxLength: 4 }), weight: 1 },
    { arbitrary: fc.string({ unit: fc.constantFrom(..."abcdefgs ABC'.,-"), maxLength: 12 }), weight: 2 },
  ),
  { maxLength: 12 },
).map((parts) => parts.join(""));
