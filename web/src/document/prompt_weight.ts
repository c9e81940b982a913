/** Changing the weight of what is selected in a prompt, as Ctrl+Up and Ctrl+Down do. */

import { editMarks, type PromptRules } from "./prompt_text.ts";

/** A group that sets a weight: where its parentheses stand, and where its content ends. */
interface Group {
  readonly open: number;
  readonly close: number;
  /** At the colon of a written weight, else at the closing mark. */
  readonly contentEnd: number;
  /** The written weight. */
  readonly weight: number | null;
  readonly bracket: boolean;
}

export interface TextSelection {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const STEP = 1.1;
const DIGITS = 100;
const NUMBER = "[+-]?(?:\\d+\\.?\\d*|\\.\\d+)";
const WEIGHT = {
  default: new RegExp(`:\\s*(${NUMBER}(?:e[+-]?\\d+)?)\\s*$`, "i"),
  a1111: new RegExp(`:\\s*(${NUMBER})\\s*$`),
};
const WORD = /[^\s,.()[\]{}<>:|\\]/;
const ADAPTER = /<(?:lora|lyco|hypernet):[^<>:]*(?::([+-]?(?:\d+\.?\d*|\.\d+))(?=[:>]))?[^<>]*>/gi;

/**
 * The text with the weight of the selection changed by `step`; of a caret that of the innermost group around it, else
 * of its word. A weight of 1 has no parentheses. An adapter's strength is changed likewise. Nothing to weigh: no change.
 */
export function changeWeight(selection: TextSelection, step: number, rules: PromptRules): TextSelection {
  return changeAdapter(selection, step) ?? changeGroup(selection, step, rules);
}

function changeAdapter({ text, start, end }: TextSelection, step: number): TextSelection | undefined {
  for (const found of text.matchAll(ADAPTER)) {
    const close = found.index + found[0].length;
    if (start <= found.index || end >= close) continue;
    const name = /^<[^:]*:[^<>:]*/.exec(found[0])![0].length;
    const from = found.index + name;
    const until = found[1] === undefined ? from : from + 1 + found[1].length;
    const strength = `:${shown(Number(found[1] ?? 1) + step)}`;
    const changed = text.slice(0, from) + strength + text.slice(until);
    const moved = (place: number): number => {
      if (place <= from) return place;
      return place >= until ? place + strength.length - (until - from) : Math.min(place, from + strength.length);
    };
    return { text: changed, start: moved(start), end: moved(end) };
  }
  return undefined;
}

function changeGroup(selection: TextSelection, step: number, rules: PromptRules): TextSelection {
  const group = groupAround(selection, rules);
  if (group) return weighed(selection, group, step);
  const { text, start, end } = trimmed(selection);
  if (start === end) return selection;
  const content = text.slice(start, end);
  return {
    text: `${text.slice(0, start)}(${content}:${shown(1 + step)})${text.slice(end)}`,
    start: start + 1,
    end: end + 1,
  };
}

/** The innermost group that is selected, with its marks or without them, or that the caret stands in. */
function groupAround(selection: TextSelection, rules: PromptRules): Group | undefined {
  const { text, start, end } = selection.start === selection.end ? selection : trimmed(selection);
  return groupsOf(text, rules).findLast(({ open, close, contentEnd }) =>
    start === end
      ? open < start && start <= close
      : (start === open + 1 && end === contentEnd) || (start === open && end === close + 1),
  );
}

function weighed({ text }: TextSelection, group: Group, step: number): TextSelection {
  const content = text.slice(group.open + 1, group.contentEnd);
  const present = group.weight ?? (group.bracket ? 1 / STEP : STEP);
  const weight = Math.round((present + step) * DIGITS) / DIGITS;
  const [before, after] = [text.slice(0, group.open), text.slice(group.close + 1)];
  if (weight === 1) return { text: before + content + after, start: group.open, end: group.open + content.length };
  return {
    text: `${before}(${content}:${shown(weight)})${after}`,
    start: group.open + 1,
    end: group.open + 1 + content.length,
  };
}

/** Without white space at its ends; a caret becomes the word at it. */
function trimmed({ text, start, end }: TextSelection): TextSelection {
  if (start === end) {
    while (start > 0 && WORD.test(text[start - 1]!)) start--;
    while (end < text.length && WORD.test(text[end]!)) end++;
    return { text, start, end };
  }
  while (start < end && /\s/.test(text[start]!)) start++;
  while (end > start && /\s/.test(text[end - 1]!)) end--;
  return { text, start, end };
}

function shown(weight: number): string {
  return String(Math.round(weight * DIGITS) / DIGITS);
}

/** The closed groups of a text, outer ones first. */
function groupsOf(text: string, rules: PromptRules): Group[] {
  const edits = new Set(rules === "a1111" ? editMarks(text) : []);
  const groups: Group[] = [];
  const opened: { "(": number[]; "[": number[] } = { "(": [], "[": [] };
  for (const { 0: mark, index } of text.matchAll(
    rules === "a1111" ? /\\.|<[^<>]*>|[()[\]]/gs : /\\[()]|<[^<>]*>|[()]/g,
  )) {
    if (edits.has(index)) continue;
    if (mark === "(" || mark === "[") opened[mark].push(index);
    const bracket = mark === "]";
    const open = mark === ")" ? opened["("].pop() : bracket ? opened["["].pop() : undefined;
    if (open === undefined) continue;
    const written = bracket ? null : WEIGHT[rules].exec(text.slice(open + 1, index));
    const weighs = written !== null && (rules === "a1111" || written.index > 0);
    groups.push({
      open,
      close: index,
      contentEnd: weighs ? open + 1 + written.index : index,
      weight: weighs ? Number(written[1]) : null,
      bracket,
    });
  }
  return groups.sort((a, b) => a.open - b.open);
}
