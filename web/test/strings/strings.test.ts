import { afterEach, describe, expect, test } from "vitest";

import { en } from "../../src/strings/en.ts";
import { formatBytes, formatSeconds } from "../../src/strings/format.ts";
import { preferredLanguage, setLanguage, t, type Text } from "../../src/strings/index.ts";
import { zh } from "../../src/strings/zh.ts";

const forms = (text: Text): readonly string[] => (typeof text === "string" ? [text] : [text.one, text.other]);
const places = (text: Text): readonly string[] =>
  [...new Set(forms(text).flatMap((form) => form.match(/\{\w+\}/g) ?? []))].sort();

describe("both languages", () => {
  test("have the same keys", () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
  });

  test("leave the same places for values", () => {
    const differing = Object.entries(en).filter(
      ([key, text]) => String(places(text)) !== String(places(zh[key as keyof typeof zh])),
    );
    expect(differing.map(([key]) => key)).toEqual([]);
  });

  test("say something everywhere", () => {
    const all = [...Object.entries(en), ...Object.entries(zh)] as [string, Text][];
    expect(all.filter(([, text]) => forms(text).some((form) => form.trim() === "")).map(([key]) => key)).toEqual([]);
  });

  test("are really two: hardly any text is the same", () => {
    const same = Object.entries(en).filter(
      ([key, text]) => JSON.stringify(text) === JSON.stringify(zh[key as keyof typeof zh]),
    );
    expect(
      same.map(([, text]) => forms(text)[0]!.replace(/\{\w+\}/g, "")).filter((text) => /[a-z]{4}/.test(text)),
    ).toEqual([]);
  });
});

describe("a text", () => {
  afterEach(() => setLanguage("en"));

  test("has its values filled in", () => {
    expect(t("tabs.close", { title: "Demo" })).toBe("Close Demo");
  });

  test("takes the form of its count", () => {
    expect(t("run.waiting", { count: 1 })).toBe("1 job in the queue");
    expect(t("run.waiting", { count: 3 })).toBe("3 jobs in the queue");
  });

  test("is in the language that was set last", async () => {
    await setLanguage("zh");
    expect(t("run.run")).toBe("运行");
  });
});

test("the reader's first known language is taken, English where none is", () => {
  expect(preferredLanguage(["de-DE", "zh-CN", "en"])).toBe("zh");
  expect(preferredLanguage(["de-DE"])).toBe("en");
});

test("times and sizes are short", () => {
  expect([0.42, 12.3, 75, 4000].map(formatSeconds)).toEqual(["0.4 s", "12 s", "1:15", "1:06:40"]);
  expect([0, 999, 2_130_000_000].map(formatBytes)).toEqual(["0 B", "999 B", "2.1 GB"]);
});
