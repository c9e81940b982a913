/** What the marks in a prompt mean, for colouring it and for changing weights. Pure text, by the rules of the server's reader. */

export type SpanKind = "plain" | "mark" | "number" | "up" | "down" | "embedding" | "adapter" | "edit" | "word";

export interface Span {
  readonly text: string;
  readonly kind: SpanKind;
}

interface Group {
  readonly start: number;
  readonly end: number;
  /** Where ":1.2" begins; the closing parenthesis where no weight is written. */
  readonly colon: number;
  readonly weight: number;
  readonly written: boolean;
}

const GROUP_WEIGHT = 1.1;
const STEP = 0.05;
const REFERENCE =
  /<(?:lora|lyco|hypernet):[^<>]*>|(?<=^|\s)embedding:[^\s]*[^\s,)]|\b(?:AND|BREAK)\b|\\[()[\]|]|[[\]|]/g;
const NUMBER = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*$/;

/** The prompt cut into spans; together they are the prompt again, letter by letter. */
export function spansOf(prompt: string): readonly Span[] {
  const groups = groupsOf(prompt);
  const kinds = new Array<SpanKind>(prompt.length).fill("plain");
  const fill = (kind: SpanKind, start: number, end: number): void => void kinds.fill(kind, start, end);
  for (const group of groups) {
    const tint = group.weight > 1 ? "up" : group.weight < 1 ? "down" : "plain";
    fill(tint, group.start + 1, group.colon); // outer groups come first, so that inner ones have the last word
    fill("mark", group.start, group.start + 1);
    fill("number", group.colon, group.end - 1);
    fill("mark", group.end - 1, group.end);
  }
  for (const found of prompt.matchAll(REFERENCE)) fill(kindOf(found[0]), found.index, found.index + found[0].length);
  const spans: Span[] = [];
  for (let start = 0, at = 1; at <= prompt.length; at++) {
    if (at < prompt.length && kinds[at] === kinds[start]) continue;
    spans.push({ text: prompt.slice(start, at), kind: kinds[start]! });
    start = at;
  }
  return spans;
}

function kindOf(found: string): SpanKind {
  if (found.startsWith("<")) return "adapter";
  if (found.startsWith("embedding:")) return "embedding";
  if (found.startsWith("\\")) return "plain";
  return found.length > 1 ? "word" : "edit";
}

/** Closed parentheses in order of their beginnings, with the weight that holds inside each. */
function groupsOf(prompt: string): readonly Group[] {
  const ends = new Map<number, number>();
  const open: number[] = [];
  for (const { 0: mark, index } of prompt.matchAll(/\\[()]|[()]/g)) {
    if (mark === "(") open.push(index);
    const start = mark === ")" ? open.pop() : undefined;
    if (start !== undefined) ends.set(start, index + 1);
  }
  const groups: Group[] = [];
  const around: Group[] = [];
  for (const [start, end] of [...ends].sort(([left], [right]) => left - right)) {
    while (around.length > 0 && around.at(-1)!.end < end) around.pop();
    const colon = prompt.lastIndexOf(":", end - 1);
    const written = colon > start + 1 && NUMBER.test(prompt.slice(colon + 1, end - 1));
    const weight = written ? Number(prompt.slice(colon + 1, end - 1)) : (around.at(-1)?.weight ?? 1) * GROUP_WEIGHT;
    const group = { start, end, colon: written ? colon : end - 1, weight, written };
    groups.push(group);
    around.push(group);
  }
  return groups;
}

export interface Selected {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The selection, or the group or word at the caret, one step heavier (`steps` 1) or lighter (−1). */
export function changeWeight({ text, start, end }: Selected, steps: number): Selected {
  const around = groupsOf(text)
    .filter((group) => group.start <= start && end <= group.end)
    .filter((group) => start === end || isWhole(group, start, end));
  const group = around.at(-1);
  if (group !== undefined) return reweighed(text, group, steps);
  const [from, to] = start === end ? wordAt(text, start) : trimmed(text, start, end);
  if (from === to) return { text, start, end };
  const weight = stepped(1, steps);
  const inside = text.slice(from, to);
  return { text: `${text.slice(0, from)}(${inside}:${weight})${text.slice(to)}`, start: from + 1, end: to + 1 };
}

/** Whether a selection is all of a group: with its marks, or all that they hold. */
function isWhole(group: Group, start: number, end: number): boolean {
  return (start === group.start && end === group.end) || (start === group.start + 1 && end === group.colon);
}

function reweighed(text: string, group: Group, steps: number): Selected {
  const inside = text.slice(group.start + 1, group.colon);
  const weight = stepped(group.weight, steps);
  const [before, after] = [text.slice(0, group.start), text.slice(group.end)];
  if (weight === 1) return { text: before + inside + after, start: group.start, end: group.start + inside.length };
  const start = group.start + 1;
  return { text: `${before}(${inside}:${weight})${after}`, start, end: start + inside.length };
}

function stepped(weight: number, steps: number): number {
  return Math.max(0, Math.round((weight + steps * STEP) * 100) / 100);
}

function wordAt(text: string, at: number): [number, number] {
  const before = /[^\s,()]*$/.exec(text.slice(0, at))![0];
  const after = /^[^\s,()]*/.exec(text.slice(at))![0];
  return [at - before.length, at + after.length];
}

function trimmed(text: string, start: number, end: number): [number, number] {
  const part = text.slice(start, end);
  return [start + (part.length - part.trimStart().length), end - (part.length - part.trimEnd().length)];
}
