import { afterEach, expect, test, vi } from "vitest";

import type { Members } from "../../src/document/types.ts";
import { Examples, valuesByType } from "../../src/studio/examples.ts";

afterEach(() => vi.unstubAllGlobals());

const node = (type: string, inputs: Members): Members => ({ class_type: type, inputs });
const DOCUMENT = {
  format: "patchbay/1",
  nodes: {
    "1": node("Prompt", { text: "", clip: ["9", 0] }),
    "2": node("Prompt", { text: "a house" }),
    "3": node("Sampler", { seed: 7, steps: 20, model: ["9", 0] }),
    "4": node("subgraph:inner", {}),
  },
  definitions: { inner: { title: "Inner", nodes: { "1": node("Upscale", { scale: 2 }) } } },
};

test("the values of a type are those of its first node that has some, inside subgraphs too", () => {
  expect([...valuesByType(DOCUMENT)]).toEqual([
    ["Prompt", [["text", "a house"]]],
    [
      "Sampler",
      [
        ["seed", 7],
        ["steps", 20],
      ],
    ],
    ["Upscale", [["scale", 2]]],
  ]);
});

test("examples are fetched once, and again only where that failed", async () => {
  const asked: string[] = [];
  let status = 503;
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    const list = { templates: [{ name: "one", title: "One", about: "", preview: null }] };
    return new Response(JSON.stringify(path.endsWith("/templates") ? list : DOCUMENT), { status });
  });
  const examples = new Examples();
  await expect(examples.of("Upscale")).rejects.toThrow();
  status = 200;
  expect(await examples.of("Upscale")).toEqual([{ name: "one", title: "One", values: [["scale", 2]] }]);
  expect(await examples.of("Other")).toEqual([]);
  expect(asked).toHaveLength(3);
});
