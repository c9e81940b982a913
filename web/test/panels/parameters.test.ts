import { expect, test } from "vitest";

import { parametersOf } from "../../src/panels/parameters.ts";

const document = (seed: number) => ({
  format: "patchbay/1",
  nodes: {
    "3": { class_type: "KSampler", inputs: { seed, steps: 20, model: ["4", 0] }, _meta: { title: "Sample" } },
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
