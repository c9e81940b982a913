import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { parseJson } from "../../src/document/json.ts";
import { made } from "./made.ts";

it("the documents that the Python side is tested with are those that the verbs make", () => {
  expect(parseJson(readFileSync(join(import.meta.dirname, "made.json"), "utf8"))).toEqual(made());
});
