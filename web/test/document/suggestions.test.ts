import { expect, test } from "vitest";

import { suggestedInputs } from "../../src/document/suggestions.ts";
import { documentOf, node, SPECS, textToImage } from "./specimens.ts";

const named = (document = textToImage()) =>
  suggestedInputs(document.graph, SPECS).map(({ name, end }) => `${name}: ${end.join(".")}`);

test("a workflow's usual inputs are its prompts, models, size and seed, in the order of a form", () => {
  expect(named()).toEqual([
    "prompt: 2.text",
    "negative prompt: 3.text",
    "checkpoint: 1.ckpt_name",
    "width: 4.width",
    "seed: 5.seed",
  ]);
});

test("a prompt is negative also through a reroute", () => {
  const { graph } = textToImage();
  const nodes = [...graph.nodes.values()].map((each) =>
    each.id === "5" ? { ...each, inputs: { ...each.inputs, negative: { link: { node: "8", output: 0 } } } } : each,
  );
  expect(named(documentOf([...nodes, node("8", "Reroute", { value: ["3", 0] })]))).toContain("negative prompt: 3.text");
});

test("what is wired or does not run is not suggested, and two of a kind have different names", () => {
  const nodes = [
    node("1", "Lora", { strength: 1 }),
    node("2", "Lora", { strength: 0.5 }),
    node("3", "Lora", { strength: 0.5 }, { mode: "mute" }),
    node("4", "Lora", { strength: ["9", 0] }),
  ];
  expect(named(documentOf(nodes))).toEqual(["strength: 1.strength", "strength 2: 2.strength"]);
});
