/**
 * What the files beside a model's weights say of its input: how pictures become numbers and texts tokens, checked
 * against the model itself.
 *
 * @module
 */
import { hostTensor } from "../../engine/mod.ts";
import {
  clipPrompts,
  DataError,
  fixedSize,
  type Folder,
  loadTokenizer,
  type Network,
  parsePreprocessor,
  type Preprocessor,
  type Prompts,
  readConfig,
  type Tokenizer,
} from "../../models/mod.ts";
import { UsageError } from "./errors.ts";

/** The file that says how pictures become numbers. */
export const preprocessorFile = "preprocessor_config.json";

/** Files that a model may have for its input. */
export const inputFiles: readonly string[] = [
  preprocessorFile,
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.txt",
  "vocab.json",
  "merges.txt",
];

/** `preprocessor_config.json`, with another image size where one is asked for. */
export async function preprocessorJson(folder: Folder, side?: number): Promise<Record<string, unknown>> {
  const json = await readConfig(folder, preprocessorFile);
  if (side === undefined) return json;
  const size = { height: side, width: side };
  return { ...json, size, ...(json.crop_size === undefined ? {} : { crop_size: size }) };
}

/**
 * How pictures become numbers.
 *
 * @param folder The model's folder, which has a {@linkcode preprocessorFile}.
 * @param network The model.
 * @param side Height and width of images, where they are asked for.
 * @throws {DataError} when that makes images of another size than the model takes.
 */
export async function preprocessorOf(
  folder: Folder,
  { name, image }: Network,
  side?: number,
): Promise<Preprocessor> {
  const preprocessor = parsePreprocessor(await preprocessorJson(folder, side), `${name}/${preprocessorFile}`);
  const made = fixedSize(preprocessor);
  if (image && made && made.join() !== image.slice(1).join()) {
    throw new DataError(
      `${name}: the model takes images of ${image.slice(1).join(" x ")}, ${preprocessorFile} makes them ` +
        `${made.join(" x ")}; mend one, or give --image-size`,
    );
  }
  return preprocessor;
}

/**
 * How texts become tokens.
 *
 * @throws {DataError} when there are tokens that the model does not know.
 */
export async function tokenizerOf(folder: Folder, { name, vocabulary = Infinity }: Network): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(folder);
  if (tokenizer.vocabularySize <= vocabulary) return tokenizer;
  throw new DataError(
    `${name}: the tokenizer has ${tokenizer.vocabularySize} tokens, the model ${vocabulary}; use the model's own`,
  );
}

/**
 * Tokens of a text at most: those asked for, else the usual ones as far as the model takes them.
 *
 * @throws {UsageError} when the model takes fewer than are asked for.
 */
export function maxLengthOf(
  { maxTokens = Infinity }: Network,
  tokenizer: Tokenizer,
  { asked, usual }: { readonly asked: number | undefined; readonly usual: number },
): number {
  const most = Math.min(maxTokens, tokenizer.maxLength ?? Infinity);
  const length = asked ?? Math.min(most, usual);
  if (length <= most) return length;
  throw new UsageError(`--max-length ${length}: the model takes ${most} tokens at most; give fewer`);
}

/** Texts that stand for classes, made of their names as CLIP's authors do. */
export async function promptsOf(folder: Folder, labels: readonly string[]): Promise<Prompts> {
  const tokenizer = await loadTokenizer(folder);
  const texts = clipPrompts(labels).map((text) => tokenizer.encode(text).ids);
  const tokens = Math.max(...texts.map((ids) => ids.length));
  const data = new Uint32Array(texts.length * tokens).fill(tokenizer.padId);
  texts.forEach((ids, i) => data.set(ids, i * tokens));
  return { ids: hostTensor(data, [texts.length, tokens]), templates: 1 };
}
