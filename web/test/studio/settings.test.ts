import { expect, test } from "vitest";

import { DEFAULTS, readSettings } from "../../src/studio/settings.ts";

test("settings that were never made are the defaults", () => {
  expect(readSettings(null)).toEqual(DEFAULTS);
});

test("what makes no sense in the storage does not come into the page", () => {
  expect(readSettings("{broken")).toEqual(DEFAULTS);
  expect(readSettings('{"snap": "yes", "language": "tlh", "unknown": 1}')).toEqual(DEFAULTS);
});

test("what was set is kept, also that no panel is open", () => {
  expect(readSettings('{"theme": "light", "drawer": null}')).toEqual({ ...DEFAULTS, theme: "light", drawer: null });
});
