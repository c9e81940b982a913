import { describe, expect, it } from "vitest";

import { initialValue } from "../../src/document/operations.ts";
import { match } from "../../src/document/search.ts";
import {
  accepts,
  inputFor,
  inputNamed,
  inputsOf,
  NodeSpecs,
  outputFor,
  takesLiteral,
  type Wanted,
} from "../../src/document/specs.ts";
import type { Definition, NodeSpec, OutputSpec } from "../../src/document/types.ts";
import { documentOf, input, node, spec, SPECS, storeOf, widget } from "./specimens.ts";

const output = (socket: string, kinds: readonly string[] = [socket]): OutputSpec => ({
  name: socket,
  socket,
  many: false,
  kinds,
});

describe("what fits what", () => {
  it.each([
    ["IMAGE", output("IMAGE"), true],
    ["IMAGE", output("MASK"), false],
    ["*", output("MASK"), true],
    ["IMAGE", output("*"), true],
    ["FLOAT", output("INT"), true],
    ["INT", output("FLOAT"), false],
    ["INT,FLOAT", output("FLOAT"), true],
    ["STRING,FLOAT", output("INT"), true],
    ["MODEL", output("PATCHED", ["PATCHED", "MODEL"]), true],
    ["INT", output("BOOLEAN"), false],
  ])("an input of %s and %j: %s", (socket, made, fits) => {
    expect(accepts({ socket }, made)).toBe(fits);
  });

  it("an output goes to the input of its very type, a socket before a widget", () => {
    expect(inputFor(SPECS.get("Blur")!, output("MASK"))?.name).toBe("mask");
    expect(inputFor(SPECS.get("Sample")!, output("INT"))?.name).toBe("seed");
    expect(inputFor(SPECS.get("Lora")!, output("INT"))?.name).toBe("strength");
    expect(inputFor(SPECS.get("Batch")!, output("IMAGE"))?.name).toBe("image_1");
    expect(inputFor(SPECS.get("Empty")!, output("IMAGE"))).toBeUndefined();
    expect(outputFor(SPECS.get("Load")!, input("x", "VAE"))).toBe(2);
    expect(outputFor(SPECS.get("Load")!, input("x", "MASK"))).toBeUndefined();
  });

  it("a converter turns one type into another and needs at most one socket more", () => {
    expect(SPECS.converters(output("IMAGE"), input("mask", "MASK")).map(({ name }) => name)).toEqual([
      "ToMask",
      "Blur",
    ]);
    expect(SPECS.converters(output("LATENT"), input("image", "IMAGE")).map(({ name }) => name)).toEqual(["Decode"]);
    expect(SPECS.converters(output("MODEL"), input("latent", "LATENT"))).toEqual([]);
    expect(SPECS.converters(output("IMAGE"), input("image", "IMAGE"))).toEqual([]);
  });
});

describe("inputs", () => {
  it("of a growing one are those in use and one more", () => {
    const batch = SPECS.get("Batch")!;
    expect(inputsOf(node("1", "Batch"), batch).map(({ name }) => name)).toEqual(["image_1"]);
    const used = node("1", "Batch", { image_10: ["a", 0], image_2: ["b", 0], other: 3 });
    expect(inputsOf(used, batch).map(({ name, required }) => [name, required])).toEqual([
      ["image_2", false],
      ["image_10", false],
      ["image_11", false],
    ]);
    expect(inputNamed(batch, "image_3")).toMatchObject({ name: "image_3", socket: "IMAGE", growing: null });
    expect(inputNamed(batch, "image_x")).toBeUndefined();
    expect(inputNamed(batch, "images")).toBeUndefined();
  });

  it("have a widget where a value can be written", () => {
    expect(["MODEL", "INT", "INT,FLOAT", "INT,MODEL", "*"].map((socket) => takesLiteral(input("x", socket)))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
    expect(takesLiteral(input("x", "INT", { many: true }))).toBe(false);
  });

  it.each([
    [widget("x", "INT", { kind: "Range", low: 3, high: 9, step: 1 }), 3],
    [widget("x", "INT", { kind: "Range", low: -9, high: -3, step: 1 }), -3],
    [widget("x", "INT", { kind: "Range", low: -(2n ** 64n), high: 2n ** 64n, step: 1 }), 0],
    [widget("x", "STRING", { kind: "Options", values: ["a", "b"] }), "a"],
    [widget("x", "STRING", { kind: "Choice", source: "models" }), "first"],
    [widget("x", "STRING", { kind: "Choice", source: "none" }), undefined],
    [widget("x", "BOOLEAN", null), false],
    [widget("x", "STRING", null), ""],
    [widget("x", "INT", { kind: "Seed" }, 5), 5],
    [input("x", "INT", { required: false }), undefined],
    [input("x", "MODEL"), undefined],
  ])("a new node writes into case %# the value it will run with", (declared, value) => {
    expect(initialValue(declared, (source) => (source === "models" ? ["first", "second"] : []))).toEqual(value);
  });
});

describe("a subgraph's type", () => {
  const definition: Definition = {
    id: "s",
    title: "Inside",
    graph: documentOf([node("1", "Sample", { steps: 30, cfg: ["2", 0] }), node("2", "Whole", { value: 3 })]).graph,
    inputs: [
      { name: "how many", ends: [["1", "steps"]], about: "Steps." },
      { name: "model", ends: [["1", "model"]] },
      { name: "open", ends: [], socket: "MASK" },
    ],
    outputs: [
      { name: "picture", end: ["1", 0] },
      { name: "nothing", end: null },
    ],
    rest: { about: "What it does." },
  };
  const { store, specs } = storeOf(
    documentOf([node("9", "subgraph:s")], { definitions: new Map([["s", definition]]) }),
  );

  it("has the inner inputs' types and widgets, and what is written there as defaults", () => {
    const derived = specs.get("subgraph:s")!;
    expect(derived).toMatchObject({ title: "Inside", description: "What it does." });
    expect(
      derived.inputs.map(({ name, socket, required, default: byDefault, tip }) => [
        name,
        socket,
        required,
        byDefault,
        tip,
      ]),
    ).toEqual([
      ["how many", "INT", false, 30, "Steps."],
      ["model", "MODEL", true, null, ""],
      ["open", "MASK", false, null, ""],
    ]);
    expect(derived.inputs[0]!.widget).toMatchObject({ kind: "Range", high: 100 });
    expect(derived.outputs.map(({ name, socket }) => [name, socket])).toEqual([
      ["picture", "LATENT"],
      ["nothing", "*"],
    ]);
  });

  it("is the same object until the definition or a node at its ports changes", () => {
    const before = specs.get("subgraph:s");
    expect(specs.get("subgraph:s")).toBe(before);
    store.edit("inner", (draft) => draft.at("s").setNode({ ...draft.at("s").node("2"), x: 5 }));
    expect(specs.get("subgraph:s")).toBe(before);
    store.edit("inner", (draft) => draft.at("s").setNode(node("1", "Sample", { steps: 44 })));
    expect(specs.get("subgraph:s")!.inputs[0]!.default).toBe(44);
  });

  it("is unknown where the document has no such definition, and ends where it holds itself", () => {
    expect(specs.get("subgraph:t")).toBeUndefined();
    expect(specs.get("subgraph:")).toBeUndefined();
    const itself: Definition = { ...definition, graph: documentOf([node("1", "subgraph:s")]).graph };
    expect(SPECS.with(new Map([["s", itself]])).get("subgraph:s")!.title).toBe("Inside");
  });
});

describe("search", () => {
  const names = (words: string, wanted?: Wanted, recent?: string[]): string[] =>
    SPECS.search(words, wanted, recent).map(({ name }) => name);

  it("finds by title, name, alias, category and letters, the best first", () => {
    expect(names("ksampler")[0]).toBe("Sample");
    expect(names("load")[0]).toBe("Load");
    expect(names("image mask")[0]).toBe("ToMask");
    expect(names("eli")[0]).toBe("Empty");
    expect(names("zzz")).toEqual([]);
    expect(names("").length).toBe(SPECS.all().length);
    expect(names("test").length).toBe(SPECS.all().length - 1);
  });

  it("lists only what an output or an input can be wired to", () => {
    expect(names("", { from: output("MASK") }).sort()).toEqual(["Blur", "Either", "Reroute"]);
    expect(names("", { to: input("x", "VAE") })).toEqual(["Reroute", "Load", "Either"]);
  });

  it("shows what was used lately first among equals", () => {
    expect(names("", {}, ["Save", "Blur"]).slice(0, 2)).toEqual(["Save", "Blur"]);
    expect(names("load", {}, ["Save"])[0]).toBe("Load");
  });

  it("ranks a whole name before a beginning, a part, a piece and scattered letters", () => {
    const scores = ["loader", "load", "lo", "der", "ldr", "ldx"].map((word) => match("Loader", word));
    expect(scores.slice(0, 5)).toEqual(scores.slice(0, 5).sort((a, b) => b - a));
    expect(scores[5]).toBe(-1);
    expect(match("Load Checkpoint", "check")).toBeGreaterThan(match("Load Checkpoint", "heck"));
    expect(match("KSamplerAdvanced", "ksa")).toBeGreaterThan(0);
  });
});

it("a list of specs without a reroute gets ours, one with it keeps its own", () => {
  expect(SPECS.get("Reroute")!.inputs[0]!.name).toBe("value");
  expect(new NodeSpecs({ Reroute: spec("Reroute", [input("x", "*")], ["*"]) }).get("Reroute")!.inputs[0]!.name).toBe(
    "x",
  );
});

it("of types that match alike, the plainer name comes first", () => {
  const named = (name: string, title: string): [string, NodeSpec] => [name, { ...SPECS.get("Whole")!, name, title }];
  const list = new NodeSpecs(new Map([named("LoraSave", "Extract and Save LoRA"), named("LoraLoader", "Load LoRA")]));
  expect(list.search("lora").map(({ title }) => title)).toEqual(["Load LoRA", "Extract and Save LoRA"]);
});
