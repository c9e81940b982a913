import { describe, expect, it } from "vitest";

import { changeWeight, spansOf } from "../../../src/editor/widgets/prompt_syntax.ts";

const kinds = (prompt: string): string[] => spansOf(prompt).map(({ text, kind }) => `${kind}:${text}`);

describe("the spans of a prompt", () => {
  it("are the prompt again, letter by letter, whatever it is", () => {
    const letters = "ab (()):1.2[]|\\<>lora:embedding:AND\n,";
    let seed = 1;
    for (let round = 0; round < 300; round++) {
      let prompt = "";
      for (let length = 0; length < 40; length++) {
        seed = (seed * 48271) % 2147483647;
        prompt += letters[seed % letters.length];
      }
      expect(
        spansOf(prompt)
          .map((span) => span.text)
          .join(""),
      ).toBe(prompt);
    }
  });

  it("say what is heavier and what is lighter", () => {
    expect(kinds("a (cat:1.3) (dog:0.5)")).toEqual([
      "plain:a ",
      "mark:(",
      "up:cat",
      "number::1.3",
      "mark:)",
      "plain: ",
      "mark:(",
      "down:dog",
      "number::0.5",
      "mark:)",
    ]);
  });

  it("let a written weight replace the one around it", () => {
    expect(kinds("((a:0.5))")).toEqual(["mark:((", "down:a", "number::0.5", "mark:))"]);
  });

  it("know adapters, embeddings, words in capitals and edits", () => {
    expect(kinds("<lora:neon:0.8> embedding:soft, AND [a|b]")).toEqual([
      "adapter:<lora:neon:0.8>",
      "plain: ",
      "embedding:embedding:soft",
      "plain:, ",
      "word:AND",
      "plain: ",
      "edit:[",
      "plain:a",
      "edit:|",
      "plain:b",
      "edit:]",
    ]);
  });

  it("leave escaped and unclosed parentheses alone", () => {
    expect(kinds("\\(a\\) (b")).toEqual(["plain:\\(a\\) (b"]);
  });
});

describe("changing weights", () => {
  const change = (marked: string, steps: number): string => {
    const start = marked.indexOf("«");
    const end = marked.indexOf("»") - 1;
    const changed = changeWeight({ text: marked.replace(/[«»]/g, ""), start, end }, steps);
    return `${changed.text.slice(0, changed.start)}«${changed.text.slice(changed.start, changed.end)}»${changed.text.slice(changed.end)}`;
  };

  it("puts the selection into a group", () => expect(change("a «red cat» b", 1)).toBe("a («red cat»:1.05) b"));
  it("takes the word at the caret", () => expect(change("a re«»d cat", -1)).toBe("a («red»:0.95) cat"));
  it("changes the weight that is there", () => expect(change("(«cat»:1.2)", 1)).toBe("(«cat»:1.25)"));
  it("changes the group around the caret", () => expect(change("(a c«»at:1.2)", 1)).toBe("(«a cat»:1.25)"));
  it("writes out the weight of bare parentheses", () => expect(change("(c«»at)", 1)).toBe("(«cat»:1.15)"));
  it("leaves no group where the weight is 1", () => expect(change("x («cat»:1.05)", -1)).toBe("x «cat»"));
  it("goes back the way it came", () => expect(change(change("«cat»", 1), -1)).toBe("«cat»"));
  it("does nothing where there is nothing", () => expect(change("a  «»  b", 1)).toBe("a  «»  b"));
  it("goes no lower than nothing", () => expect(change("(«cat»:0)", -1)).toBe("(«cat»:0)"));
});
