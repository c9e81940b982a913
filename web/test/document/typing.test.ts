import { describe, expect, it } from "vitest";

import { follow, passing, standIn } from "../../src/document/bypass.ts";
import { nodesInCycles, problemsIn } from "../../src/document/check.ts";
import { connect, disconnect, disconnectOutput, insertOnWire, insertReroute } from "../../src/document/operations.ts";
import type { GraphNode } from "../../src/document/types.ts";
import { downstreamOf, inputAt, outputAt, reads, refusal, specOf, upstreamOf } from "../../src/document/typing.ts";
import { documentOf, node, SPECS, storeOf } from "./specimens.ts";

const graphOf = (...nodes: GraphNode[]) => storeOf(documentOf(nodes)).store.graph();

describe("a wire", () => {
  const { store, specs } = storeOf();

  it("is refused with the two types where they do not agree", () => {
    expect(refusal(store.graph(), specs, { node: "6", output: 0 }, { node: "5", input: "latent" })).toEqual({
      code: "cycle",
      node: "5",
    });
    expect(refusal(store.graph(), specs, { node: "4", output: 0 }, { node: "6", input: "vae" })).toEqual({
      code: "type",
      given: "LATENT",
      taken: "VAE",
    });
    expect(refusal(store.graph(), specs, { node: "4", output: 0 }, { node: "6", input: "samples" })).toBeUndefined();
  });

  it("is refused where it would close a circle, or one of its ends is not there", () => {
    expect(refusal(store.graph(), specs, { node: "5", output: 0 }, { node: "5", input: "latent" })).toEqual({
      code: "cycle",
      node: "5",
    });
    expect(refusal(store.graph(), specs, { node: "4", output: 7 }, { node: "6", input: "samples" })).toMatchObject({
      code: "unknown_socket",
      socket: "7",
    });
    expect(refusal(store.graph(), specs, { node: "4", output: 0 }, { node: "6", input: "nothing" })).toMatchObject({
      code: "unknown_socket",
      socket: "nothing",
    });
  });

  it("takes the place of the one that was there, and goes with disconnect", () => {
    store.edit("wire", (draft) => connect(draft, { node: "3", output: 0 }, { node: "5", input: "positive" }));
    expect(store.graph().nodes.get("5")!.inputs["positive"]).toEqual({ link: { node: "3", output: 0 } });
    store.edit("cut", (draft) => disconnect(draft, { node: "5", input: "positive" }));
    expect("positive" in store.graph().nodes.get("5")!.inputs).toBe(false);
    store.undo();
    store.undo();
    store.edit("cut", (draft) => disconnectOutput(draft, { node: "1", output: 1 }));
    expect(["2", "3"].map((id) => store.graph().nodes.get(id)!.inputs["clip"])).toEqual([undefined, undefined]);
    expect(store.graph().nodes.get("5")!.inputs["model"]).toBeDefined();
    store.undo();
  });
});

describe("a reroute", () => {
  it("passes types on in both directions, along a chain", () => {
    const { store, specs } = storeOf();
    const [first, second] = store.edit("bend", (draft) => {
      const one = insertReroute(draft, { node: "6", input: "vae" }, { x: 0, y: 0 });
      return [one, insertReroute(draft, { node: one, input: "value" }, { x: 0, y: 0 })];
    });
    const graph = store.graph();
    expect(outputAt(graph, specs, { node: first, output: 0 }).socket).toBe("VAE");
    expect(inputAt(graph, specs, second, "value").socket).toBe("VAE");
    expect(refusal(graph, specs, { node: "4", output: 0 }, { node: second, input: "value" })).toEqual({
      code: "type",
      given: "LATENT",
      taken: "VAE",
    });
    expect(refusal(graph, specs, { node: first, output: 0 }, { node: "5", input: "latent" })).toEqual({
      code: "type",
      given: "VAE",
      taken: "LATENT",
    });
  });

  it("that feeds itself has no type, and no search for one lasts for ever", () => {
    const graph = graphOf(node("1", "Reroute", { value: ["2", 0] }), node("2", "Reroute", { value: ["1", 0] }));
    expect(outputAt(graph, SPECS, { node: "1", output: 0 }).socket).toBe("*");
    expect(inputAt(graph, SPECS, "1", "value").socket).toBe("*");
  });
});

describe("a node put into a wire", () => {
  it("is led through where it fits, and left beside it where it does not", () => {
    const { store, specs } = storeOf();
    store.edit("insert", (draft) => {
      draft.graph.setNode(node("8", "Blur"));
      draft.graph.setNode(node("9", "Lora"));
      expect(insertOnWire(draft, specs, { node: "7", input: "images" }, "8")).toBe(true);
      expect(insertOnWire(draft, specs, { node: "7", input: "images" }, "9")).toBe(false);
      expect(insertOnWire(draft, specs, { node: "7", input: "prefix" }, "8")).toBe(false);
    });
    expect(store.graph().nodes.get("8")!.inputs["image"]).toEqual({ link: { node: "6", output: 0 } });
    expect(store.graph().nodes.get("7")!.inputs["images"]).toEqual({ link: { node: "8", output: 0 } });
    expect(store.graph().nodes.get("9")!.inputs).toEqual({});
  });
});

describe("what reads what", () => {
  it("is found in both directions", () => {
    const graph = storeOf().store.graph();
    expect([...upstreamOf(graph, ["6"])].sort()).toEqual(["1", "2", "3", "4", "5"]);
    expect([...downstreamOf(graph, ["4"])].sort()).toEqual(["5", "6", "7"]);
    expect([reads(graph, "7", "1"), reads(graph, "1", "7")]).toEqual([true, false]);
  });
});

describe("a bypassed node", () => {
  const blur = SPECS.get("Blur")!;

  it("passes on its first linked input of the same type, the same position preferred", () => {
    expect([0, 1, 2].map((output) => standIn(blur, output))).toEqual(["image", "mask", undefined]);
    const placed = node("2", "Blur", { image: ["1", 0], amount: 3 });
    expect(passing(placed, blur)).toEqual([{ node: "1", output: 0 }, null]);
  });

  it("is followed through, along chains, and a muted one leads nowhere", () => {
    const graph = graphOf(
      node("1", "Decode"),
      node("2", "Blur", { image: ["1", 0] }, { mode: "bypass" }),
      node("3", "Blur", { image: ["2", 0] }, { mode: "bypass" }),
      node("4", "Blur", { image: ["3", 0] }, { mode: "mute" }),
      node("5", "Blur", { image: ["6", 0] }, { mode: "bypass" }),
      node("6", "Blur", { image: ["5", 0] }, { mode: "bypass" }),
    );
    expect(follow(graph, SPECS, { node: "3", output: 0 })).toEqual({ node: "1", output: 0 });
    expect(follow(graph, SPECS, { node: "3", output: 1 })).toBeNull();
    expect(follow(graph, SPECS, { node: "4", output: 0 })).toBeNull();
    expect(follow(graph, SPECS, { node: "5", output: 0 })).toBeNull();
  });
});

describe("problems", () => {
  const codes = (...nodes: GraphNode[]): unknown =>
    problemsIn(graphOf(...nodes), SPECS).map(({ code, node: id, input }) => [code, id, input]);

  it("of a finished graph are none", () => {
    expect(problemsIn(storeOf().store.graph(), SPECS)).toEqual([]);
  });

  it("are found at their node and input", () => {
    expect(
      codes(
        node("1", "Nobody"),
        node("2", "Decode", { samples: ["9", 0], vae: ["3", 5] }),
        node("3", "Load", { ckpt_name: "x" }),
        node("4", "Save", { images: ["3", 0], prefix: "" }),
        node("5", "Empty", { width: 101 }),
        node("6", "Sample", {
          model: ["3", 0],
          positive: ["7", 0],
          negative: ["7", 0],
          latent: ["5", 0],
          seed: 2n ** 64n,
        }),
        node("7", "Encode", { clip: ["3", 1] }, { mode: "mute" }),
      ),
    ).toEqual([
      ["unknown_node", "1", undefined],
      ["dangling_link", "2", "samples"],
      ["bad_output", "2", "vae"],
      ["type_mismatch", "4", "images"],
      ["out_of_range", "5", "width"],
      ["missing_input", "6", "positive"],
      ["missing_input", "6", "negative"],
      ["out_of_range", "6", "seed"],
    ]);
  });

  it("name the nodes that wait for themselves, and not those behind them", () => {
    const graph = graphOf(
      node("1", "Either", { first: ["2", 0] }),
      node("2", "Either", { first: ["1", 0] }),
      node("3", "Either", { first: ["2", 0] }),
    );
    expect(nodesInCycles(graph)).toEqual(["1", "2"]);
  });

  it("do not ask for what a port of the subgraph feeds", () => {
    const graph = graphOf(node("1", "ToMask"));
    expect(problemsIn(graph, SPECS, [{ name: "image", ends: [["1", "image"]] }])).toEqual([]);
    expect(problemsIn(graph, SPECS)).toHaveLength(1);
  });
});

describe("a node of an unknown type", () => {
  it("shows the inputs that it has and the outputs that are read", () => {
    const graph = graphOf(
      node("1", "Nobody", { a: 1, b: ["2", 0] }),
      node("2", "Nobody"),
      node("3", "Nobody", { x: ["1", 2] }),
    );
    const shown = specOf(graph, SPECS, graph.nodes.get("1")!);
    expect(shown.inputs.map(({ name, socket }) => [name, socket])).toEqual([
      ["a", "INT"],
      ["b", "*"],
    ]);
    expect(shown.outputs).toHaveLength(3);
    expect(specOf(graph, SPECS, graph.nodes.get("1")!)).toBe(shown);
  });
});
