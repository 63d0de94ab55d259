/**
 * Finding and reading the files of a tokenizer.
 *
 * @module
 */

import { DataError } from "../data/error.ts";
import { gunzip } from "../data/gunzip.ts";
import type { Folder } from "../folder.ts";
import { parseJson, validate } from "../validate.ts";
import { clipFromMerges, clipFromOpenai } from "./clip_files.ts";
import {
  type Component,
  type TokenizerFiles,
  type TokenizerJson,
  tokenizerJson,
  type TokenizerSettings,
  tokenizerSettings,
} from "./tokenizer_schema.ts";
import { bertFromVocabulary } from "./vocab_txt.ts";

const openai = "bpe_simple_vocab_16e6.txt";

/** Most tokens that any model takes: files say 10^30 where they mean that there is no limit. */
const longest = 1_000_000;

/** Most bytes that OpenAI's file unpacks to; it has 3.1 million. */
const unpacked = 2 ** 26;

async function readJson(folder: Folder, path: string): Promise<unknown> {
  const bytes = await folder.read(path);
  try {
    return parseJson(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(`${folder.name}/${path}: no valid JSON (${reason}); fetch the file again`, { cause: error });
  }
}

async function readText(folder: Folder, path: string): Promise<string> {
  let bytes = await folder.read(path);
  if (path.endsWith(".gz")) bytes = await gunzip(bytes, `${folder.name}/${path}`, unpacked);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new DataError(`${folder.name}/${path}: not UTF-8; fetch the file again`, { cause: error });
  }
}

async function readSettings(folder: Folder): Promise<TokenizerSettings> {
  const path = "tokenizer_config.json";
  if (!await folder.exists(path)) return {};
  const fail = (faults: string): Error => new DataError(`${folder.name}/${path}: ${faults}; it is a JSON object`);
  return validate(tokenizerSettings, await readJson(folder, path), fail);
}

/** Settings of `tokenizer_config.json` win over those within `tokenizer.json`, as with transformers. */
function withSettings(json: TokenizerJson, config: TokenizerSettings): TokenizerJson {
  if (json.normalizer?.type !== "BertNormalizer") return json;
  const normalizer: Record<string, unknown> = { ...json.normalizer };
  const { do_lower_case, strip_accents, tokenize_chinese_chars } = config;
  if (typeof do_lower_case === "boolean") normalizer.lowercase = do_lower_case;
  if (typeof strip_accents === "boolean") normalizer.strip_accents = strip_accents;
  if (typeof tokenize_chinese_chars === "boolean") normalizer.handle_chinese_chars = tokenize_chinese_chars;
  return { ...json, normalizer: normalizer as Component };
}

/** Content of `tokenizer.json`, made from the first files that are there; and the limit that such models have. */
async function readContent(
  folder: Folder,
  config: TokenizerSettings,
): Promise<{ path: string; content: unknown; limit?: number }> {
  if (await folder.exists("tokenizer.json")) {
    return { path: "tokenizer.json", content: await readJson(folder, "tokenizer.json") };
  }
  if (await folder.exists("vocab.txt")) {
    const text = await readText(folder, "vocab.txt");
    return { path: "vocab.txt", content: bertFromVocabulary(text, config, `${folder.name}/vocab.txt`) };
  }
  if (await folder.exists("vocab.json") && await folder.exists("merges.txt")) {
    const vocabulary = await readJson(folder, "vocab.json");
    const merges = await readText(folder, "merges.txt");
    return { path: "vocab.json", content: clipFromMerges(vocabulary, merges, `${folder.name}/vocab.json`), limit: 77 };
  }
  for (const path of [openai, `${openai}.gz`]) {
    if (await folder.exists(path)) {
      const text = await readText(folder, path);
      return { path, content: clipFromOpenai(text, `${folder.name}/${path}`), limit: 77 };
    }
  }
  throw new DataError(
    `${folder.name}: there is no tokenizer.json, no vocab.txt, no vocab.json with merges.txt, no ${openai} ` +
      "(with or without .gz); a tokenizer needs one of them, so fetch it from where the checkpoint is from",
  );
}

/**
 * Reads the files of a tokenizer.
 *
 * @param folder The folder of the checkpoint.
 * @returns The files' content, checked.
 * @throws {DataError} when no tokenizer is there (all that was looked for is listed) or a file is not valid.
 */
export async function readTokenizerFiles(folder: Folder): Promise<TokenizerFiles> {
  const config = await readSettings(folder);
  const { path, content, limit } = await readContent(folder, config);
  const name = `${folder.name}/${path}`;
  const fail = (faults: string): Error => new DataError(`${name}: ${faults}; use the checkpoint's own file`);
  const json = withSettings(checked(content, fail), config);
  const said = [config.model_max_length, json.truncation?.max_length, limit];
  const maxLength = said.find((value) => Number.isSafeInteger(value) && Number(value) > 0 && Number(value) <= longest);
  return { name, json, config, maxLength: maxLength as number | undefined };
}

/** Checks the content; what is nested too deep for that is no tokenizer either. */
function checked(content: unknown, fail: (faults: string) => Error): TokenizerJson {
  try {
    return validate(tokenizerJson, content, fail);
  } catch (error) {
    if (error instanceof RangeError) throw fail("nested too deep");
    throw error;
  }
}
