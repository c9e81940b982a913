/**
 * The prompt language as spans for coloring, by both rules of the Python side (`docs/prompts.md`): `default`, in which
 * brackets are letters and a written weight holds exactly, and `a1111`, in which everything multiplies.
 */

export type PromptRules = "default" | "a1111";

export type SpanKind =
  /** Words, with the weight that they have. */
  | "words"
  /** A parenthesis or bracket that sets a weight, or begins or ends an edit; a written weight stands in `number`. */
  | "mark"
  | "number"
  /** `embedding:name` and `<lora:name:1>`. */
  | "embedding"
  | "adapter"
  /** `BREAK` and `AND`. */
  | "keyword"
  /** A backslash and the letter that it makes of a mark. */
  | "escape";

export interface Span {
  readonly start: number;
  readonly end: number;
  readonly kind: SpanKind;
  /** The weight that holds here; of edits and adapters it says nothing. */
  readonly weight: number;
  /** How many groups are open. */
  readonly depth: number;
}

/** A group that sets a weight: where its parentheses stand, and where its written number does. */
export interface Group {
  readonly open: number;
  /** The place of the closing mark. */
  readonly close: number;
  /** Where the content ends: at the colon of a weight, else at the closing mark. */
  readonly contentEnd: number;
  /** The written weight. */
  readonly weight: number | null;
  readonly bracket: boolean;
}

const STEP = 1.1;
const NUMBER = "[+-]?(?:\\d+\\.?\\d*|\\.\\d+)";
const WEIGHT = {
  default: new RegExp(`:\\s*(${NUMBER}(?:e[+-]?\\d+)?)\\s*$`, "i"),
  a1111: new RegExp(`:\\s*(${NUMBER})\\s*$`),
};
const ADAPTER = /<(?:lora|lyco|hypernet):[^<>]*>/gi;
const EMBEDDING = /(?<=^|\s|\()embedding:[^\s,()]+/g;
const KEYWORD = /\b(?:BREAK|AND)\b/g;
const ESCAPE = { default: /\\[()]/g, a1111: /\\[()[\]\\]/g };
/** `[from:to:when]`, `[to:when]` and `[a|b]`: brackets that are no emphasis. */
const EDIT = /:\s*(?:\d+\.?\d*|\.\d+)\s*$|\|/;

/** The whole text as spans, one after the other. */
export function promptSpans(text: string, rules: PromptRules): Span[] {
  const marks = new Map<number, Marked>();
  for (const group of groupsOf(text, rules)) {
    marks.set(group.open, { end: group.open + 1, kind: "mark", opens: group });
    if (group.contentEnd < group.close) marks.set(group.contentEnd, { end: group.close, kind: "number" });
    marks.set(group.close, { end: group.close + 1, kind: "mark", closes: true });
  }
  if (rules === "a1111") for (const place of editMarks(text)) marks.set(place, { end: place + 1, kind: "mark" });
  const atoms: [RegExp, SpanKind][] = [
    [ADAPTER, "adapter"],
    [EMBEDDING, "embedding"],
    [ESCAPE[rules], "escape"],
  ];
  if (rules === "a1111") atoms.push([KEYWORD, "keyword"]);
  for (const [pattern, kind] of atoms) {
    for (const found of text.matchAll(pattern)) marks.set(found.index, { end: found.index + found[0].length, kind });
  }
  return spansBetween(text, marks, rules);
}

/** The groups of a text that set weights, outer ones first. What is never closed is none. */
export function groupsOf(text: string, rules: PromptRules): Group[] {
  const groups: Group[] = [];
  const opened: Record<string, number[]> = { "(": [], "[": [] };
  for (const found of text.matchAll(rules === "a1111" ? /\\.|<[^<>]*>|[()[\]]/gs : /\\[()]|<[^<>]*>|[()]/g)) {
    const mark = found[0];
    if (mark === "(" || mark === "[") opened[mark]!.push(found.index);
    const open = mark === ")" ? opened["("]!.pop() : mark === "]" ? opened["["]!.pop() : undefined;
    if (open === undefined) continue;
    const inner = text.slice(open + 1, found.index);
    const bracket = mark === "]";
    if (bracket && EDIT.test(withoutGroups(inner))) continue;
    const written = bracket ? null : WEIGHT[rules].exec(inner);
    const weighs = written !== null && (rules === "a1111" || written.index > 0);
    const contentEnd = weighs ? open + 1 + written.index : found.index;
    groups.push({ open, close: found.index, contentEnd, weight: weighs ? Number(written[1]) : null, bracket });
  }
  return groups.sort((a, b) => a.open - b.open);
}

interface Marked {
  readonly end: number;
  readonly kind: SpanKind;
  readonly opens?: Group;
  readonly closes?: boolean;
}

function spansBetween(text: string, marks: ReadonlyMap<number, Marked>, rules: PromptRules): Span[] {
  const spans: Span[] = [];
  const weights = [1];
  let words = 0;
  const say = (start: number, end: number, kind: SpanKind): void => {
    if (end > start) spans.push({ start, end, kind, weight: weights.at(-1)!, depth: weights.length - 1 });
  };
  for (let at = 0; at < text.length;) {
    const mark = marks.get(at);
    if (!mark) {
      at++;
      continue;
    }
    say(words, at, "words");
    if (mark.opens) weights.push(weightWithin(mark.opens, weights.at(-1)!, rules));
    say(at, mark.end, mark.kind);
    if (mark.closes && weights.length > 1) weights.pop();
    words = at = mark.end;
  }
  say(words, text.length, "words");
  return spans;
}

function weightWithin({ weight, bracket }: Group, around: number, rules: PromptRules): number {
  if (weight === null) return bracket ? around / STEP : around * STEP;
  return rules === "default" ? weight : around * weight;
}

/** Brackets, colons and bars of edits, `[from:to:when]` and `[a|b]`. */
function editMarks(text: string): number[] {
  const places: number[] = [];
  const opened: { readonly open: number; readonly round: boolean; readonly separators: number[] }[] = [];
  for (const found of text.matchAll(/\\.|<[^<>]*>|[()[\]:|]/gs)) {
    const inner = opened.at(-1);
    if (found[0] === "[" || found[0] === "(")
      opened.push({ open: found.index, round: found[0] === "(", separators: [] });
    else if ((found[0] === ":" || found[0] === "|") && inner && !inner.round) inner.separators.push(found.index);
    else if (inner && found[0] === (inner.round ? ")" : "]")) {
      opened.pop();
      if (!inner.round && EDIT.test(withoutGroups(text.slice(inner.open + 1, found.index))))
        places.push(inner.open, ...inner.separators, found.index);
    }
  }
  return places;
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
