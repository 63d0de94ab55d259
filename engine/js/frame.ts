/**
 * Frames: the nested blocks of a generated function, and where in them a value belongs.
 *
 * A frame is the function body, the body of a loop, or a branch. Each defines things (the coordinate of its loop, the
 * result of a finished stage); a value belongs to the outermost frame where all it needs is defined, and is written
 * there once. So whatever does not change inside a loop is computed before it. A branch keeps what is only needed in
 * it: loads of the branch not taken are not run.
 *
 * @module
 */

/** One block under construction. */
export interface Frame {
  readonly parent: Frame | undefined;
  /** What becomes defined here: `axis 2`, `stage 0`, `accumulator`. */
  readonly provides: Set<string>;
  /** Names of values already written here, by expression or by text. */
  readonly names: Map<unknown, string>;
  /** Statements so far. */
  readonly lines: string[];
  /** A branch, left only by values that are needed anyway. */
  readonly branch: boolean;
  /** Counter of names, one for the whole function. */
  readonly counter: { next: number };
}

/** The body of a function. */
export function rootFrame(): Frame {
  return { parent: undefined, provides: new Set(), names: new Map(), lines: [], branch: false, counter: { next: 0 } };
}

/** A block inside `parent`, not yet part of its text. */
export function openFrame(parent: Frame, provides: readonly string[] = [], branch = false): Frame {
  return { parent, provides: new Set(provides), names: new Map(), lines: [], branch, counter: parent.counter };
}

/** Ends a block: `header { lines }` joins the text of its parent, after all that was hoisted there. */
export function closeFrame(frame: Frame, header: string): void {
  frame.parent!.lines.push(`${header} {`, ...indented(frame.lines), "}");
}

/** Lines one level deeper. */
export function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}

/** Outermost frame, from `frame` outwards, in which all of `needs` is defined. */
export function homeOf(frame: Frame, needs: ReadonlySet<string>, leavesBranches: boolean): Frame {
  let home = frame;
  while (home.parent && (leavesBranches || !home.branch) && !overlaps(needs, home.provides)) home = home.parent;
  return home;
}

function overlaps(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  for (const item of b) if (a.has(item)) return true;
  return false;
}

/** Name of a value already written in this frame or one around it. */
export function nameIn(frame: Frame, key: unknown): string | undefined {
  for (let at: Frame | undefined = frame; at; at = at.parent) {
    const name = at.names.get(key);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** Writes `const name = text` in this frame and returns the name; an atom stays as it is. */
export function define(frame: Frame, key: unknown, text: string, prefix = "v"): string {
  const name = /^[\w$]+$/.test(text) ? text : `${prefix}${frame.counter.next++}`;
  if (name !== text) frame.lines.push(`const ${name} = ${text};`);
  frame.names.set(key, name);
  return name;
}
