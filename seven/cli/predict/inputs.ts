/**
 * Texts that a user wants answers for: from the command line, from a file, from standard input.
 *
 * @module
 */
import { DataError } from "../../../models/mod.ts";
import { formatOf, readTable, type TextFormat } from "../../../models/text/read_table.ts";
import { type Cell, findColumn, listed, type Table, textOf } from "../../../models/text/table.ts";
import { UsageError } from "../errors.ts";
import { stat } from "../folder.ts";

/** A text, or two: of a span head a question and its context. */
export interface TextInput {
  /** The text, or the question. */
  readonly text: string;
  /** The second text, or the context. */
  readonly pair?: string;
}

/** Formats of files: a text a line, or tables. */
export const inputFormats: readonly InputFormat[] = ["text", "tsv", "csv", "jsonl", "json", "parquet"];

/** A format of files. */
export type InputFormat = "text" | TextFormat;

/** Where texts are. */
export interface InputSources {
  /** Texts of the command line. */
  readonly text?: readonly string[];
  /** Second texts, as many. */
  readonly pair?: readonly string[];
  /** Questions. */
  readonly question?: readonly string[];
  /** Their contexts: as many, or one for all. */
  readonly context?: readonly string[];
  /** A file; `-` is standard input. */
  readonly file?: string;
  /** What the file is; by its name, else a text a line. */
  readonly format?: InputFormat;
}

/** Columns that texts are looked for in: the first that the file has. */
const textColumns = ["text", "sentence", "sentence1", "premise", "question1", "question"];
const pairColumns = ["pair", "sentence2", "hypothesis", "question2", "context"];

/**
 * Gathers the texts: those of the command line first.
 *
 * @param sources Where they are.
 * @param spans Whether the model answers questions from a context.
 * @param stdin Standard input, read where the file is `-`.
 * @throws {UsageError} when there are none, or options do not go together; {@linkcode DataError} when a file cannot be
 * used.
 */
export async function readInputs(
  sources: InputSources,
  spans: boolean,
  stdin: ReadableStream<Uint8Array>,
): Promise<TextInput[]> {
  const given = spans ? questionsOf(sources) : textsOf(sources);
  const { file } = sources;
  if (file === undefined) {
    if (given.length > 0) return given;
    throw new UsageError(
      spans
        ? "predict: there is no question; give --question and --context, or --file with columns of these names"
        : "predict: there is no text; give --text, or --file (- for standard input)",
    );
  }
  const rows = await fileInputs(file, sources.format, spans, stdin);
  if (given.length + rows.length > 0) return [...given, ...rows];
  throw new UsageError(`--file ${file}: there is nothing in it; give a file that has texts`);
}

function textsOf({ text = [], pair, question, context }: InputSources): TextInput[] {
  const surplus = question ? "--question" : context ? "--context" : undefined;
  if (surplus !== undefined) {
    throw new UsageError(`${surplus}: the model answers no questions from a context; give --text, and --pair for two`);
  }
  if (!pair) return text.map((text) => ({ text }));
  if (pair.length !== text.length) {
    throw new UsageError(`--pair: ${pair.length} second texts for ${text.length} of --text; give each text one`);
  }
  return text.map((text, i) => ({ text, pair: pair[i]! }));
}

function questionsOf({ text, pair, question = [], context = [] }: InputSources): TextInput[] {
  if (text || pair) {
    throw new UsageError(`${text ? "--text" : "--pair"}: the model answers questions; give --question and --context`);
  }
  if (question.length > 0 ? context.length !== 1 && context.length !== question.length : context.length > 0) {
    throw new UsageError(
      `--context: ${context.length} for ${question.length} of --question; give one for all, or each question one`,
    );
  }
  return question.map((question, i) => ({ text: question, pair: context[context.length === 1 ? 0 : i]! }));
}

async function fileInputs(
  file: string,
  asked: InputFormat | undefined,
  spans: boolean,
  stdin: ReadableStream<Uint8Array>,
): Promise<TextInput[]> {
  const name = file === "-" ? "standard input" : file;
  const format = asked ?? (/\.txt$/i.test(file) ? "text" : formatOf(file) ?? "text");
  const bytes = file === "-" ? new Uint8Array(await new Response(stdin).arrayBuffer()) : await readFile(file);
  if (format !== "text") {
    return tableInputs(await readTable(bytes, name, format, true, [...textColumns, ...pairColumns]), spans);
  }
  if (spans) {
    throw new UsageError(
      `--file ${file}: is read as a text a line, but questions have a context; give jsonl, json or csv with question ` +
        "and context, and say which with --format",
    );
  }
  const lines = textOf(bytes, name).split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop(); // the end of the last line, no line of its own
  return lines.map((text) => ({ text }));
}

async function readFile(path: string): Promise<Uint8Array> {
  if (!(await stat("--file", path))?.isFile) {
    throw new UsageError(`--file ${path}: there is no such file; give the path of an existing one, or -`);
  }
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw new UsageError(`--file ${path}: cannot be read (${(error as Error).message})`, { cause: error });
  }
}

function tableInputs(table: Table, spans: boolean): TextInput[] {
  const firstOf = (names: readonly string[]) =>
    names.map((name) => findColumn(table, name)).find((column) => column !== undefined);
  const needed = (names: readonly string[]): number => {
    const column = firstOf(names);
    if (column !== undefined) return column;
    throw new DataError(
      `${table.name}: there is no column ${names.join(" or ")}; its columns are ${listed(table.header ?? [])}`,
    );
  };
  const first = needed(spans ? ["question"] : textColumns);
  const second = spans ? needed(["context"]) : firstOf(pairColumns);
  const cell = (row: readonly Cell[], column: number, index: number): string => {
    const value = row[column];
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return `${value}`;
    throw new DataError(`${table.name} ${table.where(index)}: ${table.header![column]} has no text; give it one`);
  };
  return Array.from({ length: table.count }, (_, index) => {
    const row = table.row(index);
    const text = cell(row, first, index);
    return second === undefined ? { text } : { text, pair: cell(row, second, index) };
  });
}
