import { describe, expect, it } from "vitest";

import type { Bounds } from "../../../src/editor/widgets/numbers.ts";
import { fraction, randomSeed, readNumber, stepped } from "../../../src/editor/widgets/numbers.ts";

const SEED: Bounds = { whole: true, low: 0, high: 2n ** 64n - 1n, step: 1 };
const CFG: Bounds = { whole: false, low: 0, high: 100, step: 0.1 };

describe("numbers in widgets", () => {
  it("keep whole numbers that a double cannot hold", () => {
    expect(readNumber("18446744073709551615", SEED)).toBe(18446744073709551615n);
    expect(stepped(18446744073709551614n, 1, SEED)).toBe(18446744073709551615n);
    expect(stepped(18446744073709551615n, 1, SEED)).toBe(18446744073709551615n);
  });

  it("are plain numbers where those are exact", () => {
    expect(readNumber("9007199254740991", SEED)).toBe(9007199254740991);
    expect(stepped(9007199254740993n, -2, SEED)).toBe(9007199254740991);
  });

  it("stay within their bounds", () => {
    expect(readNumber("-4", SEED)).toBe(0);
    expect(readNumber("99999999999999999999", SEED)).toBe(18446744073709551615n);
    expect(stepped(99.95, 3, CFG)).toBe(100);
  });

  it("gather no dust from steps", () => {
    let value = stepped(0, 0, CFG);
    for (let step = 0; step < 30; step++) value = stepped(value, 1, CFG);
    expect(value).toBe(3);
  });

  it("are read as people write them, or not at all", () => {
    expect(readNumber(" 1,5 ", CFG)).toBe(1.5);
    expect(readNumber("+2e1", CFG)).toBe(20);
    expect(readNumber("−1", { ...CFG, low: -5 })).toBe(-1);
    expect(readNumber("7.6", SEED)).toBe(8);
    expect(["", "abc", "1..2", "Infinity"].map((text) => readNumber(text, CFG))).toEqual([null, null, null, null]);
  });

  it("show how far along they are only where the range says something", () => {
    expect(fraction(0.25, { whole: false, low: 0, high: 1, step: 0.01 })).toBe(0.25);
    expect(fraction(20, { whole: true, low: 1, high: 10000, step: 1 })).toBeNull();
    expect(fraction(5, SEED)).toBeNull();
  });

  it("drawn as seeds can be held by every program", () => {
    for (let round = 0; round < 100; round++) expect(Number.isSafeInteger(randomSeed())).toBe(true);
  });
});
