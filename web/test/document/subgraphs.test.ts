import { describe, expect, it } from "vitest";

import {
  addNode,
  applyControls,
  clearInput,
  describePort,
  detachSubgraph,
  dropUnused,
  feedAlso,
  makeSubgraph,
  movePort,
  promoteInput,
  promoteOutput,
  removeItems,
  removePort,
  renamePort,
  renameSubgraph,
  resetInputs,
  setControl,
  setInput,
  setMode,
  unpackSubgraph,
} from "../../src/document/operations.ts";
import { Refused } from "../../src/document/refused.ts";
import type { WorkflowDocument } from "../../src/document/types.ts";
import { documentOf, frozen, node, storeOf, textToImage } from "./specimens.ts";

/** The text-to-image graph with prompts and sampler (2, 3, 5) in a subgraph; the instance is node 8. */
function grouped(document: WorkflowDocument = textToImage()) {
  const { store, specs } = storeOf(document);
  const instance = store.edit("group", (draft) => makeSubgraph(draft, specs, ["2", "3", "5"], "Sampling"));
  return { store, specs, instance };
}

/** Nodes by type with whom they read, whatever their ids are. */
function wiring({ graph }: WorkflowDocument): unknown {
  const nodes = [...graph.nodes.values()];
  const named = (id: string): unknown => {
    const found = graph.nodes.get(id)!;
    return [found.type, found.inputs["text"]];
  };
  const shown = nodes.map((each) => [
    each.type,
    each.mode,
    Object.entries(each.inputs)
      .map(([name, value]) => [
        "link" in value ? [name, named(value.link.node), value.link.output] : [name, value.literal],
      ])
      .sort((a, b) => String(a).localeCompare(String(b))),
  ]);
  return shown.map((each) => JSON.stringify(each)).sort();
}

describe("a subgraph made of nodes", () => {
  it("has a port for each source outside and each output that is read outside", () => {
    const { store, instance } = grouped();
    const definition = store.document.definitions.get("Sampling")!;
    expect(definition.inputs).toEqual([
      {
        name: "clip",
        ends: [
          ["2", "clip"],
          ["3", "clip"],
        ],
      },
      { name: "model", ends: [["5", "model"]] },
      { name: "latent", ends: [["5", "latent"]] },
    ]);
    expect(definition.outputs).toEqual([{ name: "LATENT", end: ["5", 0] }]);
    expect([...definition.graph.nodes.keys()]).toEqual(["2", "3", "5"]);
    expect(definition.graph.nodes.get("5")!.inputs["model"]).toBeUndefined();
    expect(definition.graph.nodes.get("5")!.inputs["positive"]).toEqual({ link: { node: "2", output: 0 } });
    expect(store.graph().nodes.get(instance)).toMatchObject({
      type: "subgraph:Sampling",
      inputs: {
        clip: { link: { node: "1", output: 1 } },
        model: { link: { node: "1", output: 0 } },
        latent: { link: { node: "4", output: 0 } },
      },
    });
    expect(store.graph().nodes.get("6")!.inputs["samples"]).toEqual({ link: { node: instance, output: 0 } });
  });

  it("taken apart again is the same wiring", () => {
    const { store, specs, instance } = grouped();
    store.edit("unpack", (draft) => unpackSubgraph(draft, specs, instance));
    expect(wiring(store.document)).toEqual(wiring(textToImage()));
    expect(store.edit("drop", (draft) => dropUnused(draft, "Sampling"))).toBe(true);
  });

  it("takes the workflow's own inputs and outputs in, and gives them back", () => {
    const document: WorkflowDocument = {
      ...textToImage(),
      inputs: [
        { name: "prompt", ends: [["2", "text"]], about: "What to show." },
        { name: "width", ends: [["4", "width"]] },
      ],
      outputs: [{ name: "latent", end: ["5", 0] }],
    };
    const { store, specs, instance } = grouped(document);
    expect(store.document.inputs).toEqual([
      { name: "prompt", ends: [[instance, "prompt"]], about: "What to show." },
      document.inputs[1],
    ]);
    expect(store.document.outputs).toEqual([{ name: "latent", end: [instance, 0] }]);
    const port = store.document.definitions.get("Sampling")!.inputs.find(({ name }) => name === "prompt")!;
    expect(port).toEqual({ name: "prompt", ends: [["2", "text"]], about: "What to show." });
    store.edit("write", (draft) => setInput(draft, instance, "prompt", "a cat"));
    store.edit("unpack", (draft) => unpackSubgraph(draft, specs, instance));
    const end = store.document.inputs[0]!.ends[0]!;
    expect(store.graph().nodes.get(end[0])!.inputs["text"]).toEqual({ literal: "a cat" });
    expect(store.graph().nodes.get(store.document.outputs[0]!.end![0])!.type).toBe("Sample");
  });

  it("is refused for nothing, and where a wire would lead out and back in", () => {
    const { store, specs } = storeOf();
    const make = (...ids: string[]) => store.edit("group", (draft) => makeSubgraph(draft, specs, ids, "x"));
    const before = frozen(store.document);
    expect(() => make()).toThrow(Refused);
    expect(() => make("1", "5")).toThrow('{"code":"between","nodes":["2","3"]}');
    expect(frozen(store.document)).toEqual(before);
  });

  it("cannot be placed within itself, directly or through another", () => {
    const { store, specs, instance } = grouped();
    const outer = store.edit("group", (draft) => makeSubgraph(draft, specs, [instance], "Outer"));
    store.enter(outer);
    expect(() => store.edit("add", (draft) => addNode(draft, specs.get("subgraph:Outer")!, { x: 0, y: 0 }))).toThrow(
      "recursive",
    );
    store.enter(instance);
    expect(store.path).toBe("Sampling");
    expect(() => store.edit("add", (draft) => addNode(draft, specs.get("subgraph:Outer")!, { x: 0, y: 0 }))).toThrow(
      "recursive",
    );
  });
});

describe("looking into a subgraph", () => {
  it("edits go there, and undo shows what it takes back", () => {
    const { store, instance } = grouped();
    expect(store.enter("1")).toBe(false);
    expect(store.enter(instance)).toBe(true);
    expect([store.path, store.trail]).toEqual(["Sampling", [instance]]);
    store.edit("write", (draft) => setInput(draft, "2", "text", "inside"));
    store.leave();
    expect(store.path).toBe("");
    store.undo();
    expect(store.path).toBe("Sampling");
    store.undo();
    expect(store.path).toBe("");
    expect(store.document.definitions.size).toBe(0);
  });

  it("ends where the instance goes", () => {
    const { store, instance } = grouped();
    store.enter(instance);
    store.edit("remove", (draft) => removeItems(draft.in(""), [instance]));
    expect(store.path).toBe("");
  });
});

describe("one definition", () => {
  function twice() {
    const { store, specs, instance } = grouped();
    const other = store.edit("add", (draft) => addNode(draft, specs.get("subgraph:Sampling")!, { x: 0, y: 0 }));
    return { store, specs, instance, other };
  }

  it("is all of its instances: a new instance writes no values of its own", () => {
    const { store, specs, other } = twice();
    expect(store.graph().nodes.get(other)!.inputs).toEqual({});
    store.edit("write", (draft) => promoteInput(draft.in("Sampling"), { node: "2", input: "text" }));
    store.edit("write", (draft) => setInput(draft.in("Sampling"), "2", "text", "all of them"));
    expect(specs.get("subgraph:Sampling")!.inputs.find(({ name }) => name === "text")!.default).toBe("all of them");
  });

  it("renamed ports keep wires, values and controls of every instance", () => {
    const { store, instance } = grouped();
    store.edit("promote", (draft) => {
      const inner = draft.in("Sampling");
      promoteInput(inner, { node: "5", input: "seed" });
      setInput(draft, instance, "seed", 5);
      setControl(draft, instance, "seed", "increment");
      promoteInput(draft, { node: instance, input: "seed" }, "the seed");
      renamePort(inner, "inputs", "seed", "start");
      renamePort(inner, "inputs", "model", "network");
    });
    expect(store.graph().nodes.get(instance)).toMatchObject({
      inputs: { start: { literal: 5 }, network: { link: { node: "1", output: 0 } } },
      controls: { start: "increment" },
    });
    expect(store.document.inputs).toEqual([{ name: "the seed", ends: [[instance, "start"]] }]);
    expect(() => store.edit("rename", (draft) => renamePort(draft.in("Sampling"), "inputs", "start", "clip"))).toThrow(
      "name_taken",
    );
  });

  it("outputs that move or go are followed by every reader and by the workflow's outputs", () => {
    const { store, instance } = grouped();
    store.edit("ports", (draft) => {
      const inner = draft.in("Sampling");
      promoteOutput(inner, { node: "2", output: 0 }, "positive");
      promoteOutput(draft, { node: instance, output: 0 }, "latent");
      movePort(inner, "outputs", 1, 0);
    });
    expect(store.document.definitions.get("Sampling")!.outputs.map(({ name }) => name)).toEqual(["positive", "LATENT"]);
    expect(store.graph().nodes.get("6")!.inputs["samples"]).toEqual({ link: { node: instance, output: 1 } });
    expect(store.document.outputs[0]!.end).toEqual([instance, 1]);
    store.edit("remove", (draft) => removePort(draft.in("Sampling"), "outputs", "LATENT"));
    expect(store.graph().nodes.get("6")!.inputs["samples"]).toBeUndefined();
    expect(store.document.outputs[0]!.end).toBeNull();
    store.edit("remove", (draft) => removePort(draft.in("Sampling"), "inputs", "clip"));
    expect(Object.keys(store.graph().nodes.get(instance)!.inputs)).toEqual(["model", "latent"]);
  });

  it("of an instance of its own is edited alone", () => {
    const { store, instance, other } = twice();
    const own = store.edit("detach", (draft) => detachSubgraph(draft, other));
    store.edit("write", (draft) => setInput(draft.in(own), "2", "text", "only here"));
    expect(store.graph("Sampling").nodes.get("2")!.inputs["text"]).toEqual({ literal: "a house" });
    expect([store.graph().nodes.get(instance)!.type, store.graph().nodes.get(other)!.type]).toEqual([
      "subgraph:Sampling",
      `subgraph:${own}`,
    ]);
  });

  it("stays while it has an instance", () => {
    const { store } = grouped();
    expect(store.edit("drop", (draft) => dropUnused(draft, "Sampling"))).toBe(false);
  });

  it("taken apart gives its nodes the mode of an instance that does not run", () => {
    const { store, specs, instance } = grouped();
    store.edit("mute", (draft) => setMode(draft, [instance], "mute"));
    const ids = store.edit("unpack", (draft) => unpackSubgraph(draft, specs, instance));
    expect(ids.map((id) => store.graph().nodes.get(id)!.mode)).toEqual(["mute", "mute", "mute"]);
  });

  it("has its seeds changed after a run like any other", () => {
    const { store, specs } = grouped();
    store.edit("control", (draft) => setControl(draft.in("Sampling"), "5", "seed", "increment"));
    store.edit("run", (draft) => applyControls(draft, specs));
    expect(store.graph("Sampling").nodes.get("5")!.inputs["seed"]).toEqual({ literal: 8 });
  });
});

describe("removing nodes", () => {
  it("takes the ports along that led to them", () => {
    const { store } = storeOf({
      ...documentOf([node("1", "Empty"), node("2", "Empty")]),
      inputs: [
        {
          name: "w",
          ends: [
            ["1", "width"],
            ["2", "width"],
          ],
        },
      ],
      outputs: [{ name: "o", end: ["1", 0] }],
    });
    store.edit("remove", (draft) => removeItems(draft, ["1"]));
    expect(store.document.inputs).toEqual([{ name: "w", ends: [["2", "width"]] }]);
    expect(store.document.outputs).toEqual([{ name: "o", end: null }]);
    store.undo();
    expect(store.document.outputs).toEqual([{ name: "o", end: ["1", 0] }]);
  });
});

describe("ports", () => {
  it("of one name may feed several inputs, each fed by one port only", () => {
    const { store } = storeOf();
    store.edit("ports", (draft) => {
      promoteInput(draft, { node: "2", input: "text" }, "good");
      promoteInput(draft, { node: "3", input: "text" }, "good");
      feedAlso(draft, "good", { node: "3", input: "text" });
      describePort(draft, "inputs", "good", "What to show.");
      describePort(draft, "inputs", "good 2", "");
    });
    expect(store.document.inputs).toEqual([
      {
        name: "good",
        ends: [
          ["2", "text"],
          ["3", "text"],
        ],
        about: "What to show.",
      },
      { name: "good 2", ends: [] },
    ]);
  });

  it("that lead to the same place are one", () => {
    const { store } = storeOf();
    const names = store.edit("ports", (draft) => [
      promoteInput(draft, { node: "2", input: "text" }, "a"),
      promoteInput(draft, { node: "2", input: "text" }, "b"),
      promoteOutput(draft, { node: "5", output: 0 }, "c"),
      promoteOutput(draft, { node: "5", output: 0 }, "d"),
    ]);
    expect(names).toEqual(["a", "a", "c", "c"]);
  });
});

it("a subgraph's title is said once for all instances", () => {
  const { store, specs } = grouped();
  store.edit("rename", (draft) => renameSubgraph(draft, "Sampling", "From words to latents"));
  expect(specs.get("subgraph:Sampling")!.title).toBe("From words to latents");
  store.undo();
  expect(specs.get("subgraph:Sampling")!.title).toBe("Sampling");
});

describe("values", () => {
  it("cleared have their default again, and reset ones are those of a new node, wires kept", () => {
    const { store, specs } = storeOf();
    store.edit("values", (draft) => {
      clearInput(draft, "2", "text");
      resetInputs(draft, "5", specs.get("Sample")!, () => []);
    });
    expect(store.graph().nodes.get("2")!.inputs).toEqual({ clip: { link: { node: "1", output: 1 } } });
    expect(store.graph().nodes.get("5")!.inputs).toMatchObject({
      seed: { literal: 0 },
      steps: { literal: 20 },
      positive: { link: { node: "2", output: 0 } },
    });
  });
});
