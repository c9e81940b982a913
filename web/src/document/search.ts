/** Finding node types by a few letters: how well words match, and in which order matches are shown. */

import type { NodeSpec } from "./types.ts";

const MISS = -1;
/** For several words that begin a name as they stand. */
const WHOLE_PHRASE = 50;
const LONG_TITLE = 40;

/** The matching types, best first; of those that match alike the ones used lately come first. No words match all. */
export function ranked(specs: readonly NodeSpec[], words: string, recent: readonly string[] = []): NodeSpec[] {
  const sought = words.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const lately = new Map(recent.map((type, at) => [type, recent.length - at]));
  return specs
    .map((spec) => ({ spec, score: scoreOf(spec, sought), recent: lately.get(spec.name) ?? 0 }))
    .filter(({ score }) => score !== MISS)
    .sort((a, b) => b.score + Math.min(b.recent, 1) * 8 - a.score - Math.min(a.recent, 1) * 8 || b.recent - a.recent)
    .map(({ spec }) => spec);
}

/** How well all words match a type; −1 where one of them does not. */
function scoreOf(spec: NodeSpec, words: readonly string[]): number {
  let score = 0;
  for (const word of words) {
    const best = Math.max(
      match(spec.title, word),
      match(spec.name, word),
      ...spec.aliases.map((alias) => match(alias, word)),
      substring(spec.category, word, 20),
    );
    if (best === MISS) return MISS;
    score += best;
  }
  const phrase = words.join(" ");
  const whole = words.length > 1 && [spec.title, ...spec.aliases].some((name) => name.toLowerCase().startsWith(phrase));
  const plainness = Math.min(spec.title.length, LONG_TITLE) / 4; // of "LoRA", Load LoRA is rather meant than Extract and Save
  return Math.max(0, (whole ? score + WHOLE_PHRASE : score) - plainness);
}

/** A word in a name: as its beginning, the beginning of a part of it, anywhere, or letter by letter. */
export function match(name: string, word: string): number {
  const lower = name.toLowerCase();
  if (lower === word) return 100;
  if (lower.startsWith(word)) return 80 - Math.min(10, lower.length - word.length) / 2;
  const starts = startsOf(name);
  if (starts.some((at) => lower.startsWith(word, at))) return 60;
  const inside = substring(name, word, 40);
  return inside === MISS ? scattered(lower, starts, word) : inside;
}

function substring(name: string, word: string, score: number): number {
  return name.toLowerCase().includes(word) ? score : MISS;
}

/** The letters one after the other, with gaps, starts of parts first: as `eli` for Empty Latent Image or `ltnt` are typed. */
function scattered(lower: string, starts: readonly number[], word: string): number {
  let at = -1;
  let jumps = 0;
  for (const letter of word) {
    const start = starts.find((each) => each > at && lower[each] === letter);
    const next = lower[at + 1] === letter ? at + 1 : (start ?? lower.indexOf(letter, at + 1));
    if (next < 0) return MISS;
    if (next !== at + 1) jumps += next === start ? 0.5 : 1;
    at = next;
  }
  return jumps < word.length ? Math.max(1, 24 - 6 * jumps) : MISS;
}

/** Where the parts of a name begin: after spaces and marks, at capitals and digits. */
function startsOf(name: string): number[] {
  return [...name.matchAll(/(?<![A-Za-z])[A-Za-z]|(?<![A-Z])[A-Z]|[A-Z](?=[a-z])|(?<!\d)\d/g)].map(
    (found) => found.index,
  );
}
