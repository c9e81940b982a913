import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { type PromptRules, promptSpans } from "../../src/document/prompt_text.ts";
import { changeWeight } from "../../src/document/prompt_weight.ts";
import { random } from "./specimens.ts";

interface Case {
  readonly text: string;
  readonly rules: PromptRules;
  readonly read: readonly (readonly [string, number])[];
}

const PIECES = [
  "cat",
  " ",
  "(",
  ")",
  "[",
  "]",
  ":1.2",
  ":",
  "0.5",
  "|",
  "\\(",
  "\\",
  ",",
  "embedding:x",
  "<lora:a:0.8>",
  "<",
  "BREAK",
  " AND ",
  "\n",
  "猫",
  "{",
  "1",
];

function weights(text: string, rules: PromptRules): Record<string, number> {
  const words = promptSpans(text, rules).filter((span) => span.kind === "words");
  return Object.fromEntries(
    words.map(({ start, end, weight }) => [text.slice(start, end).trim(), Math.round(weight * 1000) / 1000]),
  );
}

function kinds(text: string, rules: PromptRules): string[] {
  return promptSpans(text, rules).map(({ start, end, kind }) => `${kind} ${text.slice(start, end)}`);
}

describe("spans", () => {
  it("cover any text, one after the other, by both rules", () => {
    const next = random(1);
    for (let count = 0; count < 2000; count++) {
      const text = Array.from(
        { length: Math.floor(next() * 14) },
        () => PIECES[Math.floor(next() * PIECES.length)],
      ).join("");
      for (const rules of ["default", "a1111"] as const) {
        const spans = promptSpans(text, rules);
        expect(spans.map(({ start, end }) => text.slice(start, end)).join("")).toBe(text);
        for (const [at, span] of spans.entries()) expect(span.start).toBe(spans[at - 1]?.end ?? 0);
      }
    }
  });

  it("know the weights of the default rules: a written one holds exactly, others nest", () => {
    expect(weights("a (b) ((c)) (d:1.3) ((e:0.5)) ((f:2) g) [h]", "default")).toMatchObject({
      a: 1,
      b: 1.1,
      c: 1.21,
      d: 1.3,
      e: 0.5,
      f: 2,
      g: 1.1,
      "[h]": 1,
    });
    expect(weights("(x:-1) (y:0) (z:nan)", "default")).toMatchObject({ x: -1, y: 0, "z:nan": 1.1 });
  });

  it("know the weights of A1111's rules: everything multiplies", () => {
    expect(weights("a (b) [c] ((d:2)) ([e])", "a1111")).toMatchObject({ a: 1, b: 1.1, c: 0.909, d: 2.2, e: 1 });
  });

  it("take an opening mark that nothing closes for a letter", () => {
    expect(kinds("a (b", "default")).toEqual(["words a (b"]);
    expect(kinds("a) b", "default")).toEqual(["words a) b"]);
  });

  it("tell adapters, embeddings, escapes and keywords", () => {
    expect(kinds("a <lora:x:0.8>, embedding:y \\(z\\)", "default")).toEqual([
      "words a ",
      "adapter <lora:x:0.8>",
      "words , ",
      "embedding embedding:y",
      "words  ",
      "escape \\(",
      "words z",
      "escape \\)",
    ]);
    expect(kinds("a BREAK b", "a1111")).toEqual(["words a ", "keyword BREAK", "words  b"]);
    expect(kinds("a BREAK b", "default")).toEqual(["words a BREAK b"]);
  });

  it("tell an edit from emphasis", () => {
    expect(kinds("[cat:dog:0.5] [a|b] [c]", "a1111").filter((span) => !span.startsWith("words"))).toEqual([
      "mark [",
      "mark :",
      "mark :",
      "mark ]",
      "mark [",
      "mark |",
      "mark ]",
      "mark [",
      "mark ]",
    ]);
    expect(weights("[cat:dog:0.5] [c]", "a1111")).toMatchObject({ cat: 1, dog: 1, c: 0.909 });
  });
});

/** A text with its selection between two bars, one for a caret. */
function changed(marked: string, step: number, rules: PromptRules = "default"): string {
  const [start, end] = [marked.indexOf("|"), marked.lastIndexOf("|")];
  const text = marked.replaceAll("|", "");
  const result = changeWeight({ text, start, end: end > start ? end - 1 : start }, step, rules);
  const { text: after, start: from, end: to } = result;
  return from === to
    ? `${after.slice(0, from)}|${after.slice(from)}`
    : `${after.slice(0, from)}|${after.slice(from, to)}|${after.slice(to)}`;
}

describe("weights", () => {
  it("are those that the Python side encodes (tests/web/test_prompt_weights.py)", () => {
    const cases = JSON.parse(readFileSync(join(import.meta.dirname, "prompt_weights.json"), "utf8")) as Case[];
    for (const { text, rules, read } of cases) {
      const letters: [string, number][] = [];
      for (const { start, end, kind, weight } of promptSpans(text, rules)) {
        if (kind === "mark" || kind === "number") continue;
        const said = text.slice(kind === "escape" ? start + 1 : start, end);
        for (const letter of said) letters.push([letter, Math.round(weight * 1e4) / 1e4]);
      }
      const expected = read.flatMap(([said, weight]) => Array.from(said, (letter) => [letter, weight]));
      expect(letters, `${rules}: ${text}`).toEqual(expected);
    }
  });
});

describe("changing a weight", () => {
  it.each([
    ["a |red| cat", 0.05, "a (|red|:1.05) cat"],
    ["a |red | cat", 0.05, "a (|red|:1.05)  cat"],
    ["a re|d cat", 0.05, "a (|red|:1.05) cat"],
    ["a (|red|:1.05) cat", 0.05, "a (|red|:1.1) cat"],
    ["a (|red|:1.05) cat", -0.05, "a |red| cat"],
    ["a (re|d cat:1.2)", -0.1, "a (|red cat|:1.1)"],
    ["a |(red)| cat", 0.05, "a (|red|:1.15) cat"],
    ["(a |red| cat:1.2)", 0.05, "(a (|red|:1.05) cat:1.2)"],
    ["(a (b|):1.2)", 0.1, "(a (|b|:1.2):1.2)"],
    ["a <lora:x|:0.8> b", 0.05, "a <lora:x|:0.85> b"],
    ["a <lora:x|> b", -0.05, "a <lora:x|:0.95> b"],
    ["a <lora:x:0.|8:0.5> b", 0.1, "a <lora:x:0.|9:0.5> b"],
    ["(|cat|:0.05)", -0.1, "(|cat|:-0.05)"],
    ["|", 0.1, "|"],
    ["a , | b", 0.1, "a , | b"],
  ])("%s by %d", (before, step, after) => {
    expect(changed(before, step)).toBe(after);
  });

  it("makes a bracket a weight, by A1111's rules", () => {
    expect(changed("a [re|d]", 0.09, "a1111")).toBe("a |red|");
    expect(changed("a [re|d]", 0.05, "a1111")).toBe("a (|red|:0.96)");
  });

  it("there and back is the same text, and the words never change", () => {
    const next = random(2);
    for (let count = 0; count < 500; count++) {
      const text = Array.from({ length: 8 }, () => ["cat ", "a ", "red, ", "(dog:1.3) "][Math.floor(next() * 4)]).join(
        "",
      );
      const start = Math.floor(next() * text.length);
      const up = changeWeight({ text, start, end: start }, 0.05, "default");
      if (up.text === text) continue;
      expect(changeWeight(up, -0.05, "default").text).toBe(text);
      expect(up.text.replace(/[^a-z]/g, "")).toBe(text.replace(/[^a-z]/g, ""));
    }
  });
});
