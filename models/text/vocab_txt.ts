/**
 * BERT's `vocab.txt`, one token a line, as the content of a `tokenizer.json`.
 *
 * @module
 */

import { DataError } from "../data/error.ts";
import { settingOf, type TokenizerJson, type TokenizerSettings } from "./tokenizer_schema.ts";

const roles = [
  ["pad_token", "[PAD]"],
  ["unk_token", "[UNK]"],
  ["cls_token", "[CLS]"],
  ["sep_token", "[SEP]"],
  ["mask_token", "[MASK]"],
] as const;

/** Number of each token: its line. Blank lines count but are no token. */
function readVocabulary(text: string, name: string): Map<string, number> {
  const vocabulary = new Map<string, number>();
  text.split(/\r?\n/).forEach((token, line) => {
    if (token === "") return;
    const earlier = vocabulary.get(token);
    if (earlier !== undefined) {
      throw new DataError(
        `${name}: lines ${earlier + 1} and ${line + 1} are both ${JSON.stringify(token)}; a token has one number, ` +
          "so use the checkpoint's own file",
      );
    }
    vocabulary.set(token, line);
  });
  return vocabulary;
}

/**
 * Makes a tokenizer of BERT's kind from its vocabulary.
 *
 * @param text Content of `vocab.txt`.
 * @param config Content of `tokenizer_config.json`: `do_lower_case`, `strip_accents`, `tokenize_chinese_chars`, and
 * names of special tokens.
 * @param name Name of the file, for errors.
 * @returns Content of the `tokenizer.json`.
 * @throws {DataError} when a token comes twice, or a special token is missing; `[MASK]` need not be there.
 */
export function bertFromVocabulary(text: string, config: TokenizerSettings, name: string): TokenizerJson {
  const vocabulary = readVocabulary(text, name);
  const tokens = roles.map(([role, usual]) => ({ role, token: settingOf(config, role) ?? usual }));
  const absent = tokens.filter(({ role, token }) => role !== "mask_token" && !vocabulary.has(token));
  if (absent.length > 0) {
    throw new DataError(
      `${name}: there is no ${
        absent.map(({ token }) => JSON.stringify(token)).join(", no ")
      }; each is a line of BERT's vocabulary, ` +
        "so use the checkpoint's own file, or name them in tokenizer_config.json",
    );
  }
  const [, unknown, cls, sep] = tokens.map(({ token }) => token);
  const present = [...new Set(tokens.map(({ token }) => token))].filter((token) => vocabulary.has(token));
  const special = (token: string, type: number) => ({ SpecialToken: { id: token, type_id: type } });
  const first = { Sequence: { id: "A", type_id: 0 } };
  const second = { Sequence: { id: "B", type_id: 1 } };
  return {
    added_tokens: present.map((content) => ({
      id: vocabulary.get(content)!,
      content,
      special: true,
      normalized: false,
    })),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars !== false,
      strip_accents: typeof config.strip_accents === "boolean" ? config.strip_accents : null,
      lowercase: config.do_lower_case !== false,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [special(cls, 0), first, special(sep, 0)],
      pair: [special(cls, 0), first, special(sep, 0), second, special(sep, 1)],
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      vocab: Object.fromEntries(vocabulary),
      unk_token: unknown,
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
    },
  };
}
