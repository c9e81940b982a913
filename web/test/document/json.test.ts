import { describe, expect, it } from "vitest";

import { parseJson, writeJson } from "../../src/document/json.ts";

describe("JSON", () => {
  it.each([
    "0",
    "-1",
    "9007199254740991",
    "9007199254740992",
    "18446744073709551615",
    "-18446744073709551616",
    "0.1",
    "1e+21",
    "null",
    "true",
  ])("%s keeps every digit", (text) => expect(writeJson(parseJson(text))).toBe(text));

  it("has doubles where they are exact and BigInt only beyond", () => {
    expect(parseJson("[9007199254740991, 9007199254740992, 7.0, 1e3]")).toEqual([
      9007199254740991,
      9007199254740992n,
      7,
      1000,
    ]);
  });

  it("keeps keys that JavaScript has other plans for", () => {
    const text = '{"constructor":1,"toString":{"a":2}}';
    expect(writeJson(parseJson(text))).toBe(text);
    expect(({} as Record<string, unknown>)["a"]).toBeUndefined();
  });

  it("is refused with a SyntaxError where it is none", () => {
    for (const text of ["", "{", "[1,]", "nan", "'a'"]) expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  it("is written with an indent for people", () => {
    expect(writeJson({ a: [1n] }, 1)).toBe('{\n "a": [\n  1\n ]\n}');
  });
});
