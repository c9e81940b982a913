/** The prompt language as spans for coloring (`docs/prompts.md`). */

import { type Piece, type PromptRules, readA1111, readDefault, type Role } from "./prompt_rules.ts";

export type { PromptRules } from "./prompt_rules.ts";

/** A role for the weights; or `embedding:name`, `<lora:name:1>`, and `BREAK` and `AND`. */
export type SpanKind = Role | "embedding" | "adapter" | "keyword";

export interface Span {
  readonly start: number;
  readonly end: number;
  readonly kind: SpanKind;
  /** The weight that holds here; of adapters it says nothing. */
  readonly weight: number;
  /** How many groups are open. */
  readonly depth: number;
}

const ADAPTER = /<(?:lora|lyco|hypernet):[^<>]*>/gi;
const EMBEDDING = /(?<=^|\s|\()embedding:[^\s,()]+/g;
const KEYWORD = /(?<![\p{L}\p{N}_])(?:BREAK|AND)(?![\p{L}\p{N}_])/gu;
/** `[from:to:when]`, `[to:when]` and `[a|b]`: brackets that are no emphasis. */
const EDIT = /:\s*(?:\d+\.?\d*|\.\d+)\s*$|\|/;

/** The whole text as spans, one after the other. */
export function promptSpans(text: string, rules: PromptRules): Span[] {
  const edits = rules === "a1111" ? editMarks(text) : [];
  const pieces = rules === "a1111" ? readA1111(text, new Set(edits)) : readDefault(text);
  const patterns: [RegExp, SpanKind][] = [
    [ADAPTER, "adapter"],
    [EMBEDDING, "embedding"],
  ];
  if (rules === "a1111") patterns.push([KEYWORD, "keyword"]);
  const atoms = patterns.flatMap(([pattern, kind]) =>
    Array.from(text.matchAll(pattern), (found): Atom => ({
      start: found.index,
      end: found.index + found[0].length,
      kind,
    })),
  );
  for (const place of edits) atoms.push({ start: place, end: place + 1, kind: "mark" });
  atoms.sort((a, b) => a.start - b.start);
  return overlaid(pieces, atoms);
}

/** Brackets, colons and bars of edits by A1111's rules, `[from:to:when]` and `[a|b]`. */
export function editMarks(text: string): number[] {
  const places: number[] = [];
  const opened: { readonly open: number; readonly round: boolean; readonly separators: number[] }[] = [];
  for (const found of text.matchAll(/\\.|<[^<>]*>|[()[\]:|]/gs)) {
    const inner = opened.at(-1);
    const [mark] = found;
    if (mark === "[" || mark === "(") opened.push({ open: found.index, round: mark === "(", separators: [] });
    else if ((mark === ":" || mark === "|") && inner && !inner.round) inner.separators.push(found.index);
    else if (inner && mark === (inner.round ? ")" : "]")) {
      opened.pop();
      if (!inner.round && EDIT.test(withoutGroups(text.slice(inner.open + 1, found.index))))
        places.push(inner.open, ...inner.separators, found.index);
    }
  }
  return places;
}

interface Atom {
  readonly start: number;
  readonly end: number;
  readonly kind: SpanKind;
}

/** Pieces with atoms laid over them: an atom is one span, with the weight where it begins. Words that touch are one. */
function overlaid(pieces: readonly Piece[], atoms: readonly Atom[]): Span[] {
  const spans: Span[] = [];
  const say = (span: Span): void => {
    const last = spans.at(-1);
    const joins =
      last?.kind === "words" && span.kind === "words" && last.weight === span.weight && last.depth === span.depth;
    if (joins) spans[spans.length - 1] = { ...last, end: span.end };
    else if (span.end > span.start) spans.push(span);
  };
  let next = 0;
  let until = 0;
  for (const { role, weight, depth, ...piece } of pieces) {
    let start = Math.max(piece.start, until);
    for (let atom = atoms[next]; atom && atom.start < piece.end; atom = atoms[++next]) {
      if (atom.start < start) continue;
      say({ start, end: atom.start, kind: role, weight, depth });
      say({ ...atom, weight, depth });
      start = until = atom.end;
    }
    if (start < piece.end) say({ start, end: piece.end, kind: role, weight, depth });
  }
  return spans;
}

/** A text with the inside of its parentheses and brackets blanked: what stands on its own level. */
function withoutGroups(text: string): string {
  let blank = text;
  for (let before = ""; before !== blank;) {
    before = blank;
    blank = blank.replace(/\([^()[\]]*\)|\[[^()[\]]*\]/g, (group) => " ".repeat(group.length));
  }
  return blank;
}
