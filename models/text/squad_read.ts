/**
 * Reads SQuAD: the official files of versions 1.1 and 2.0, and the flattened rows in which data sets are exchanged on
 * the Hugging Face hub.
 *
 * @module
 */
import { z } from "zod";
import { DataError } from "../data/error.ts";
import { parseJson, validate } from "../validate.ts";
import { locateAnswer } from "./squad_offset.ts";

/** An answer, as a person marked it. */
export interface Answer {
  /** The text: `context.slice(start, start + text.length)`. */
  readonly text: string;
  /** Where it begins in the context, in UTF-16 code units, unlike in the files. */
  readonly start: number;
}

/** A question about a paragraph. */
export interface Question {
  /** Unique within the file. */
  readonly id: string;
  /** Title of the article. */
  readonly title: string;
  /** The paragraph; one string that all of its questions share. */
  readonly context: string;
  /** The question, as it was asked. */
  readonly question: string;
  /** What people answered, often several times the same; empty where the paragraph has no answer. */
  readonly answers: readonly Answer[];
  /** True when the paragraph has no answer (version 2.0 only). */
  readonly impossible: boolean;
}

interface RawQuestion {
  readonly id: string;
  readonly question: string;
  readonly is_impossible?: boolean | null;
  readonly answers: readonly { readonly text: string; readonly answer_start: number }[];
}

interface RawRow extends Omit<RawQuestion, "answers"> {
  readonly title: string;
  readonly context: string;
  readonly answers: { readonly text: readonly string[]; readonly answer_start: readonly number[] };
}

const position = z.int().min(0);
const text = z.string().min(1);
const asked = { id: text, question: z.string(), is_impossible: z.boolean().nullish() };
const officialQuestion = z.object({
  ...asked,
  answers: z.array(z.object({ text, answer_start: position })).default([]),
});
// Parquet readers give whole numbers as bigint.
const flatPosition = z.union([position, z.bigint().min(0n).transform(Number)], { error: "expected a whole number" });
const flatRow = z.object({
  ...asked,
  title: z.string().default(""),
  context: z.string(),
  answers: z.object({ text: z.array(text), answer_start: z.array(flatPosition) }),
});

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

/** Where a question stands, for errors. The number alone does not help to find it, the id alone may be missing. */
function questionPlace(where: string, raw: unknown, index: number): string {
  const id = field(raw, "id");
  return typeof id === "string" ? `${where}question ${JSON.stringify(id)}` : `${where}question ${index + 1}`;
}

function makeQuestion(raw: RawQuestion, title: string, context: string, place: string): Question {
  const impossible = raw.is_impossible ?? raw.answers.length === 0;
  if (impossible && raw.answers.length > 0) {
    throw new DataError(`${place}: is_impossible is true, but there are answers; keep one of them`);
  }
  if (!impossible && raw.answers.length === 0) {
    throw new DataError(`${place}: there is no answer; give one, or set is_impossible to true`);
  }
  const answers = raw.answers.map(({ text, answer_start }): Answer => {
    const start = locateAnswer(context, text, answer_start);
    if (start === undefined) {
      throw new DataError(
        `${place}: the context does not have the answer ${JSON.stringify(text)} at character ${answer_start}; ` +
          "correct answer_start (it counts Unicode characters, from 0)",
      );
    }
    return { text, start };
  });
  return { id: raw.id, title, context, question: raw.question, answers, impossible };
}

function readOfficial(articles: readonly unknown[], label: string): Question[] {
  const questions: Question[] = [];
  articles.forEach((article, a) => {
    const title = field(article, "title") ?? "";
    const named = typeof title === "string" && title !== "" ? ` ${JSON.stringify(title)}` : "";
    const inArticle = `${label}: article ${a + 1}${named}`;
    const paragraphs = field(article, "paragraphs");
    if (typeof title !== "string") throw new DataError(`${inArticle}: title is no text`);
    if (!isList(paragraphs)) throw new DataError(`${inArticle}: there is no list of paragraphs`);
    paragraphs.forEach((paragraph, p) => {
      const where = `${inArticle}, paragraph ${p + 1}`;
      const context = field(paragraph, "context");
      const qas = field(paragraph, "qas");
      if (typeof context !== "string") throw new DataError(`${where}: context is no text`);
      if (!isList(qas)) throw new DataError(`${where}: there is no list of questions, qas`);
      qas.forEach((qa, q) => {
        const place = questionPlace(`${where}, `, qa, q);
        const raw = validate<RawQuestion>(officialQuestion, qa, (faults) => new DataError(`${place}: ${faults}`));
        questions.push(makeQuestion(raw, title, context, place));
      });
    });
  });
  return questions;
}

function readFlat(rows: readonly unknown[], label: string): Question[] {
  const contexts = new Map<string, string>();
  return rows.map((row, r) => {
    const place = questionPlace(`${label}: row ${r + 1}, `, row, r);
    const raw = validate<RawRow>(flatRow, row, (faults) => new DataError(`${place}: ${faults}`));
    const { text, answer_start } = raw.answers;
    if (text.length !== answer_start.length) {
      throw new DataError(`${place}: ${text.length} answers have ${answer_start.length} positions; give one for each`);
    }
    // Every row brings its own copy of the paragraph: one is kept.
    const context = contexts.get(raw.context) ?? raw.context;
    contexts.set(context, context);
    const answers = text.map((text, i) => ({ text, answer_start: answer_start[i] }));
    return makeQuestion({ ...raw, answers }, raw.title, context, place);
  });
}

/**
 * Reads parsed SQuAD data.
 *
 * Published positions are sometimes off by one or two characters. An answer that lies so close is taken from where it
 * is; one that lies farther away is an error.
 *
 * @param value The official object (`data`: articles with `paragraphs` with `qas`), or rows with `id`, `title`,
 * `context`, `question` and `answers` of lists `text` and `answer_start`, as a list or under `data`.
 * @param label Name of the file, for errors.
 * @returns All questions in their order.
 * @throws {DataError} that names article, paragraph and question, or row, when something is missing or contradictory,
 * an answer is not where it should be, an id comes twice, or there is no question.
 */
export function parseSquad(value: unknown, label: string): Question[] {
  const data = isList(value) ? value : field(value, "data");
  if (!isList(data)) {
    throw new DataError(`${label}: is no SQuAD file: there is no list of articles, data, and it is no list of rows`);
  }
  const official = data.length > 0 && field(data[0], "paragraphs") !== undefined;
  const flat = data.length > 0 && field(data[0], "context") !== undefined;
  if (data.length > 0 && !official && !flat) {
    throw new DataError(`${label}: entry 1 of data has neither paragraphs (an article) nor context (a row)`);
  }
  const questions = official ? readOfficial(data, label) : readFlat(data, label);
  if (questions.length === 0) throw new DataError(`${label}: there are no questions; use a file that has some`);
  const seen = new Set<string>();
  for (const { id } of questions) {
    if (seen.has(id)) throw new DataError(`${label}: question ${JSON.stringify(id)} comes twice; ids must be unique`);
    seen.add(id);
  }
  return questions;
}

/** The message of a parser, which quotes the text, line breaks included. */
function oneLine(error: unknown): string {
  return (error as Error).message.replace(/\s+/g, " ");
}

/** Rows as JSON Lines, or nothing when the text is no such thing. */
function parseLines(content: string, label: string): unknown[] | undefined {
  const lines = content.split("\n");
  const rows: unknown[] = [];
  for (const [i, line] of lines.entries()) {
    if (line.trim() === "") continue;
    try {
      rows.push(JSON.parse(line));
    } catch (error) {
      if (rows.length === 0) return undefined;
      throw new DataError(
        `${label}: line ${i + 1} is no JSON (${(error as Error).message}); correct or fetch it again`,
      );
    }
  }
  return rows;
}

/**
 * Reads a SQuAD file.
 *
 * @param bytes The file: JSON as {@linkcode parseSquad} takes it, or one row per line (JSON Lines).
 * @param label Its name, for errors.
 * @returns All questions in their order.
 * @throws {DataError} when the file is no JSON, and as {@linkcode parseSquad}.
 */
export function readSquad(bytes: Uint8Array, label: string): Question[] {
  let value: unknown;
  try {
    value = parseJson(bytes);
  } catch (error) {
    const rows = error instanceof SyntaxError ? parseLines(new TextDecoder().decode(bytes), label) : undefined;
    if (rows === undefined) {
      throw new DataError(`${label}: is no JSON (${oneLine(error)}); fetch the file again`);
    }
    value = rows;
  }
  // A file with a single row is JSON as well as JSON Lines.
  return parseSquad(field(value, "context") === undefined ? value : [value], label);
}
