/**
 * What `tokenizer.json` and `tokenizer_config.json` must have, and the parts of them that are used here.
 *
 * @module
 */

import { z } from "zod";

/** A part of a tokenizer: what it is, its settings, and parts within it. */
export interface Component {
  /** Which kind of part. */
  readonly type: string;
  /** Settings, each kind its own. */
  readonly [setting: string]: unknown;
}

/** The vocabulary and how words are taken apart. */
export interface TokenizerModel {
  /** Which way. */
  readonly type: "WordPiece" | "BPE";
  /** Number of each token. */
  readonly vocab: Readonly<Record<string, number>>;
  /** The token for what is not in the vocabulary. */
  readonly unk_token?: string | null;
  /** What marks a token inside a word. */
  readonly continuing_subword_prefix: string;
  /** Other settings. */
  readonly [setting: string]: unknown;
}

/** A token that is found in the text before words are taken apart. */
export interface AddedToken {
  /** Its number. */
  readonly id: number;
  /** The text that stands for it. */
  readonly content: string;
  /** True where it stands for something other than text. */
  readonly special?: boolean;
  /** True where it is looked for in the normalised text. */
  readonly normalized?: boolean;
  /** True where it takes the white space before it. */
  readonly lstrip?: boolean;
  /** True where it takes the white space after it. */
  readonly rstrip?: boolean;
  /** True where it must not be within a word. */
  readonly single_word?: boolean;
}

/** Content of `tokenizer.json`. */
export interface TokenizerJson {
  /** Tokens found as they stand. */
  readonly added_tokens: readonly AddedToken[];
  /** What is done to the text first. */
  readonly normalizer: Component | null;
  /** What splits the text into words. */
  readonly pre_tokenizer: Component | null;
  /** What adds special tokens. */
  readonly post_processor: Component | null;
  /** What makes text of tokens. */
  readonly decoder: Component | null;
  /** The vocabulary. */
  readonly model: TokenizerModel;
  /** How rows are filled up. */
  readonly padding?: { readonly pad_token?: string } | null;
  /** How rows are cut. */
  readonly truncation?: { readonly max_length?: number } | null;
}

/** Content of `tokenizer_config.json`: checked where it is used. */
export type TokenizerSettings = Readonly<Record<string, unknown>>;

/** The files of a tokenizer, read and checked. */
export interface TokenizerFiles {
  /** The file with the vocabulary, for errors. */
  readonly name: string;
  /** Content of `tokenizer.json`, read or made from another file. */
  readonly json: TokenizerJson;
  /** Content of `tokenizer_config.json`; empty where there is none. */
  readonly config: TokenizerSettings;
  /** Most tokens that the model takes, where the files say so. */
  readonly maxLength: number | undefined;
}

/** Numbers of tokens: far above any vocabulary, so that a wrong one cannot fill the memory. */
const tokenId = z.number().int().min(0).max(2 ** 22);
const flag = z.boolean().optional();
const text = z.string();

const pattern = z.union([z.looseObject({ String: text.min(1) }), z.looseObject({ Regex: text.min(1) })]);

const component: z.ZodType<Component> = z.looseObject({
  type: text,
  pattern: pattern.optional(),
  content: text.optional(),
  get normalizers() {
    return z.array(component).optional();
  },
  get pretokenizers() {
    return z.array(component).optional();
  },
  get processors() {
    return z.array(component).optional();
  },
  get decoders() {
    return z.array(component).optional();
  },
}).refine(({ type, pattern }) => pattern !== undefined || !["Replace", "Split"].includes(type), "needs a pattern");

const model = z.looseObject({
  type: z.enum(["WordPiece", "BPE"]).optional(),
  vocab: z.record(text, tokenId),
  merges: z.array(z.union([text, z.tuple([text, text])])).optional(),
  unk_token: text.nullish(),
  continuing_subword_prefix: text.nullish(),
  end_of_word_suffix: text.nullish(),
  max_input_chars_per_word: z.number().int().positive().optional(),
}).transform((value, context): TokenizerModel => {
  const fault = (message: string): never => {
    context.addIssue({ code: "custom", message, input: value });
    return z.NEVER;
  };
  const type = value.type ?? (value.merges === undefined ? "WordPiece" : "BPE");
  if (type === "BPE" && value.merges === undefined) return fault("BPE needs merges");
  const unknown = value.unk_token;
  if (type === "WordPiece" && (typeof unknown !== "string" || !Object.hasOwn(value.vocab, unknown))) {
    return fault(`the vocabulary lacks the unknown token, ${JSON.stringify(unknown ?? "[UNK]")}`);
  }
  const shared = sharedNumber(value.vocab);
  if (shared !== undefined) return fault(shared);
  const prefix = value.continuing_subword_prefix ?? (type === "WordPiece" ? "##" : "");
  return { ...value, type, continuing_subword_prefix: prefix };
});

/** Says which two tokens have one number, where there are such. */
function sharedNumber(vocab: Readonly<Record<string, number>>): string | undefined {
  const tokens = new Map<number, string>();
  for (const [token, id] of Object.entries(vocab)) {
    const other = tokens.get(id);
    if (other !== undefined) return `${JSON.stringify(other)} and ${JSON.stringify(token)} both have the number ${id}`;
    tokens.set(id, token);
  }
  return undefined;
}

const addedToken = z.looseObject({
  id: tokenId,
  content: text.min(1),
  special: flag,
  normalized: flag,
  lstrip: flag,
  rstrip: flag,
  single_word: flag,
});

const part = component.nullish().transform((value) => value ?? null);

/** The schema of `tokenizer.json`. */
export const tokenizerJson: z.ZodType<TokenizerJson> = z.looseObject({
  added_tokens: z.array(addedToken).nullish().transform((value) => value ?? []),
  normalizer: part,
  pre_tokenizer: part,
  post_processor: part,
  decoder: part,
  model,
  padding: z.looseObject({ pad_token: text.optional() }).nullish(),
  truncation: z.looseObject({ max_length: z.number().optional() }).nullish(),
});

/** The schema of `tokenizer_config.json`. */
export const tokenizerSettings: z.ZodType<Record<string, unknown>> = z.record(text, z.unknown());

/**
 * A token that the settings name: as text, or as an object with the text in it.
 *
 * @param config The settings.
 * @param key Which token, such as `pad_token`.
 * @returns The token, or nothing where the settings do not say.
 */
export function settingOf(config: TokenizerSettings, key: string): string | undefined {
  const value = config[key];
  if (typeof value === "string") return value;
  const content = typeof value === "object" && value !== null && "content" in value ? value.content : undefined;
  return typeof content === "string" ? content : undefined;
}
