/**
 * Which weight each letter of a prompt has, by both rules of the Python side: `diffusion/text/prompt.py` (the default
 * ones, in which a written weight holds exactly) and `diffusion/text/emphasis.py` (A1111's, in which all multiply).
 */

export type PromptRules = "default" | "a1111";

/** What letters are to the rules. `mark` and `number` set weights and are not read; `escape` makes a letter of a mark. */
export type Role = "words" | "mark" | "number" | "escape";

/** A piece of the text. The pieces of a prompt follow each other and are all of it. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly role: Role;
  readonly weight: number;
  /** How many groups are open. */
  readonly depth: number;
}

const STEP = 1.1;
const NUMBER = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;

/** A prompt by the default rules. */
export function readDefault(text: string): Piece[] {
  const pieces: Piece[] = [];
  const waiting = [{ start: 0, end: text.length, weight: 1, depth: 0 }];
  for (let range = waiting.pop(); range; range = waiting.pop()) {
    const { weight, depth } = range;
    for (const [start, end] of partsOf(text, range.start, range.end)) {
      if (!isGroup(text.slice(start, end))) {
        pieces.push(...escapesIn(text, start, end, weight, depth));
        continue;
      }
      const inner = { start: start + 1, end: end - 1 };
      const colon = text.lastIndexOf(":", inner.end - 1);
      const written =
        colon > inner.start &&
        NUMBER.test(text.slice(colon + 1, inner.end)) &&
        Number.isFinite(Number(text.slice(colon + 1, inner.end)));
      const own = written ? Number(text.slice(colon + 1, inner.end)) : weight * STEP;
      const said = { weight: own, depth: depth + 1 };
      pieces.push({ start, end: inner.start, role: "mark", ...said }, { start: inner.end, end, role: "mark", ...said });
      if (written) pieces.push({ start: colon, end: inner.end, role: "number", ...said });
      waiting.push({ start: inner.start, end: written ? colon : inner.end, ...said });
    }
  }
  return pieces.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start);
}

/** A prompt by A1111's rules. Brackets at the places of `unweighed` weigh nothing: they are those of edits. */
export function readA1111(text: string, unweighed: ReadonlySet<number> = new Set()): Piece[] {
  const pieces: { start: number; end: number; role: Role; weight: number; depth: number }[] = [];
  const opened: { "(": number[]; "[": number[] } = { "(": [], "[": [] };
  const say = (start: number, end: number, role: Role): void => {
    if (end > start) pieces.push({ start, end, role, weight: 1, depth: 0 });
  };
  const multiply = (since: number, factor: number): void => {
    for (const piece of pieces.slice(since)) {
      piece.weight *= factor;
      piece.depth++;
    }
  };
  let at = 0;
  for (const found of text.matchAll(/\\[()[\]\\]?|[([]|:\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*\)|[)\]]/g)) {
    const [mark, number] = found;
    const end = found.index + mark.length;
    say(at, found.index, "words");
    at = end;
    const round = number !== undefined || mark === ")";
    if (mark.length === 1 && unweighed.has(found.index)) say(found.index, end, "mark");
    else if (mark === "(" || mark === "[") {
      opened[mark].push(pieces.length);
      say(found.index, end, "mark");
    } else if (mark.startsWith("\\")) say(found.index, end, "escape");
    else {
      const since = opened[round ? "(" : "["].pop();
      if (since === undefined) say(found.index, end, "words");
      else {
        if (number !== undefined) say(found.index, end - 1, "number");
        say(end - 1, end, "mark");
        multiply(since, number === undefined ? (round ? STEP : 1 / STEP) : Number(number));
      }
    }
  }
  say(at, text.length, "words");
  for (const since of opened["("]) multiply(since, STEP);
  for (const since of opened["["]) multiply(since, 1 / STEP);
  return pieces;
}

/** The outermost groups of a part of the text, and what lies between them. */
function* partsOf(text: string, from: number, to: number): Generator<readonly [start: number, end: number]> {
  let depth = 0;
  let start = from;
  const marks = /\\[()]|[()]/g;
  marks.lastIndex = from;
  for (let found = marks.exec(text); found && found.index + found[0].length <= to; found = marks.exec(text)) {
    if (found[0] === "(") {
      if (depth === 0 && start < found.index) {
        yield [start, found.index];
        start = found.index;
      }
      depth++;
    } else if (found[0] === ")") {
      depth--;
      if (depth !== 0) continue;
      yield [start, found.index + 1];
      start = found.index + 1;
    }
  }
  if (start < to) yield [start, to];
}

function isGroup(part: string): boolean {
  return part.length > 1 && part.startsWith("(") && part.endsWith(")") && !part.endsWith("\\)");
}

function escapesIn(text: string, from: number, to: number, weight: number, depth: number): Piece[] {
  const pieces: Piece[] = [];
  let at = from;
  for (const found of text.slice(from, to).matchAll(/\\[()]/g)) {
    const start = from + found.index;
    pieces.push(
      { start: at, end: start, role: "words", weight, depth },
      { start, end: start + 2, role: "escape", weight, depth },
    );
    at = start + 2;
  }
  return [...pieces, { start: at, end: to, role: "words", weight, depth }];
}
