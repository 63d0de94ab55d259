/**
 * Scopes: where in a shader a value is computed.
 *
 * A kernel is nested: constants of the dispatch (level 0), what a thread owns (level 1), the inner loop (level 2).
 * Every value has the level of the innermost coordinate it depends on and is written once, as a `let`, in the scope of
 * that level, so nothing is computed inside a loop that does not change there. A name stands for its text: equal texts
 * in sight of each other share one name, which makes common sub-expressions free across statements, rows and lanes.
 *
 * @module
 */

/** A value in a shader. */
export interface Value {
  /** A name or a literal: safe to repeat and to index. */
  readonly text: string;
  /** Level of the innermost coordinate that it depends on. */
  readonly level: number;
  /** True for a vec4 of four neighbouring elements, false for one scalar that holds for all of them. */
  readonly wide: boolean;
}

const ATOM = /^(?:[A-Za-z_]\w*(?:\.[xyzw])?|-?[\d.]+(?:e[+-]?\d+)?[fhui]?)$/;

/** One block of statements under construction. Blocks nest; inner ones see the names of the outer ones. */
export class Scope {
  /** Statements so far. */
  readonly lines: string[] = [];
  /** Level of what is computed here. */
  readonly level: number;
  /** The enclosing block. */
  readonly parent: Scope | undefined;
  readonly #names = new Map<string, string>();
  readonly #counter: { next: number };

  /** A block at `level`, inside `parent`. */
  constructor(level: number, parent?: Scope) {
    this.level = level;
    this.parent = parent;
    this.#counter = parent ? parent.#counter : { next: 0 };
  }

  /** A block inside this one. */
  child(level: number = this.level): Scope {
    return new Scope(level, this);
  }

  /** The innermost enclosing block (this one included) whose level is at most `level`. */
  at(level: number): Scope {
    // deno-lint-ignore no-this-alias -- walking outwards starts here.
    let scope: Scope = this;
    while (scope.level > level && scope.parent) scope = scope.parent;
    return scope;
  }

  /** Name of the value of `text`, declared here unless it is atomic or already has a name in sight. */
  name(text: string): string {
    if (ATOM.test(text)) return text;
    const known = this.#find(text);
    if (known) return known;
    const name = this.declare(text);
    this.#names.set(text, name);
    return name;
  }

  /** A name for a literal that the compiler must not evaluate: it sees through `let`, not through `var`. */
  hide(text: string): string {
    const name = this.fresh();
    this.lines.push(`var ${name} = ${text};`);
    return name;
  }

  /** A fresh name for `text`, even where the text is atomic or known. */
  declare(text: string): string {
    const name = this.fresh();
    this.lines.push(`let ${name} = ${text};`);
    return name;
  }

  /** A name that nothing else in this shader has. */
  fresh(): string {
    return `v${this.#counter.next++}`;
  }

  /** Moves the statements to the end of the parent, between `before` and `after`. */
  flush(before: string = "", after: string = ""): void {
    const lines = this.parent!.lines;
    if (before !== "") lines.push(before);
    lines.push(...this.lines.map((line) => before === "" ? line : `  ${line}`));
    if (after !== "") lines.push(after);
    this.lines.length = 0;
  }

  #find(text: string): string | undefined {
    const known = this.#names.get(text);
    return known ?? (this.parent ? this.parent.#find(text) : undefined);
  }
}
