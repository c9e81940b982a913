import { expect, test } from "vitest";

import { differencesOf, parametersOf } from "../../src/panels/parameters.ts";

const document = (seed: number | bigint, extra = {}) => ({
  format: "patchbay/1",
  nodes: {
    "3": { class_type: "KSampler", inputs: { seed, steps: 20, model: ["4", 0] }, _meta: { title: "Sample" } },
    ...extra,
  },
});

test("what a picture was made with are the written values, not the wires", () => {
  expect(parametersOf(document(7))).toEqual([
    { node: "3", title: "Sample", input: "seed", value: 7 },
    { node: "3", title: "Sample", input: "steps", value: 20 },
  ]);
});

test("values inside subgraphs belong to it too", () => {
  const inside = { definitions: { hires: { nodes: { "1": { class_type: "Upscale", inputs: { factor: 2 } } } } } };
  expect(parametersOf({ ...document(7), ...inside }).at(-1)).toMatchObject({
    node: "hires:1",
    title: "Upscale",
    input: "factor",
  });
});

test("two documents differ where a value does, or is only in one of them", () => {
  const other = document(2n ** 64n - 1n, { "9": { class_type: "SaveImage", inputs: { filename_prefix: "x" } } });
  expect(differencesOf(document(7), other)).toEqual([
    { title: "Sample", input: "seed", left: "7", right: "18446744073709551615" },
    { title: "SaveImage", input: "filename_prefix", left: null, right: "x" },
  ]);
  expect(differencesOf(document(7), document(7))).toEqual([]);
});
