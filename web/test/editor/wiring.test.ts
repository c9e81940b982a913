import { describe, expect, it } from "vitest";

import { addAt, convert, dropOnNode, dropWire, finishWire, writeInput } from "../../src/editor/editing.ts";
import type { Drawing, End } from "../../src/editor/connecting.ts";
import { endOf, handleOf } from "../../src/editor/connecting.ts";
import { documentOf, node, SPECS, storeOf } from "../document/specimens.ts";
import { workspaceOf } from "./workspaces.ts";

const AT = { x: 0, y: 0 };
const drawn = (start: End, taken: End | null = null): Drawing => ({ start, taken, tapped: false });
const linkOf = (value: unknown): unknown => (value as { link?: unknown } | undefined)?.link;

describe("a wire", () => {
  it("is one named step, from either end, and replaces the one that was there", () => {
    const { store } = storeOf();
    const { workspace } = workspaceOf(store);
    finishWire(workspace, drawn({ node: "5", input: "positive" }), { node: "3", output: 0 }, AT);
    expect(linkOf(workspace.node("5")!.inputs["positive"])).toEqual({ node: "3", output: 0 });
    expect(store.history.undo).toEqual(["Connect"]);
    store.undo();
    expect(linkOf(workspace.node("5")!.inputs["positive"])).toEqual({ node: "2", output: 0 });
  });

  it("of another type is refused with the reason, and nothing changes", () => {
    const { store } = storeOf();
    const { workspace } = workspaceOf(store);
    finishWire(workspace, drawn({ node: "4", output: 0 }), { node: "5", input: "positive" }, AT);
    expect(store.history.undo).toEqual([]);
    expect(workspace.overlay.get()).toMatchObject({ kind: "refused" });
    expect(workspace.said.get()).toContain("LATENT");
    expect(workspace.said.get()).toContain("CONDITIONING");
  });

  it("that would close a circle is refused", () => {
    const { workspace } = workspaceOf(
      storeOf(documentOf([node("1", "Blur", { image: ["2", 0] }), node("2", "Blur")])).store,
    );
    workspace.connecting.start({ node: "1", output: 0 });
    expect(workspace.connecting.verdict({ node: "2", input: "image" }).reason?.code).toBe("cycle");
    expect(workspace.connecting.look({ node: "2", input: "image" })).toBe("refuses");
  });

  it("between two outputs is none", () => {
    const { workspace } = workspaceOf(storeOf().store);
    workspace.connecting.start({ node: "1", output: 0 });
    expect(workspace.connecting.verdict({ node: "5", output: 0 }).reason?.code).toBe("side");
  });

  it("that does not fit is converted by a node between, in one step", () => {
    const { store } = storeOf(documentOf([node("1", "Blur"), node("2", "Blur", {}, { x: 600 })]));
    const { workspace } = workspaceOf(store);
    const [start, end]: End[] = [
      { node: "1", output: 0 },
      { node: "2", input: "mask" },
    ];
    workspace.connecting.start(start!);
    const verdict = workspace.connecting.verdict(end!);
    expect("converters" in verdict ? verdict.converters.map(({ name }) => name) : []).toContain("ToMask");
    convert(workspace, start!, end!, SPECS.get("ToMask")!);
    const [made] = workspace.selection.items;
    expect(linkOf(workspace.node(made!)!.inputs["image"])).toEqual({ node: "1", output: 0 });
    expect(linkOf(workspace.node("2")!.inputs["mask"])).toEqual({ node: made, output: 0 });
    expect(store.history.undo).toEqual(["Insert Image to Mask"]);
  });

  it("is converted with the only output that the node between needs besides", () => {
    const { store } = storeOf(documentOf([node("1", "Load"), node("2", "Empty"), node("3", "Save", {}, { x: 600 })]));
    const { workspace } = workspaceOf(store);
    convert(workspace, { node: "2", output: 0 }, { node: "3", input: "images" }, SPECS.get("Decode")!);
    const [made] = workspace.selection.items;
    expect(linkOf(workspace.node(made!)!.inputs["vae"])).toEqual({ node: "1", output: 2 });
  });

  it("taken off an input comes from its output; dropped on nothing it goes, dropped elsewhere it moves", () => {
    const { store } = storeOf();
    const { workspace } = workspaceOf(store);
    workspace.connecting.start({ node: "5", input: "positive" });
    const drawing = workspace.connecting.current!;
    expect(drawing.start).toEqual({ node: "2", output: 0 });
    finishWire(workspace, drawing, { node: "5", input: "negative" }, AT);
    expect(workspace.node("5")!.inputs["positive"]).toBeUndefined();
    expect(linkOf(workspace.node("5")!.inputs["negative"])).toEqual({ node: "2", output: 0 });
    expect(store.history.undo).toEqual(["Move wire"]);
    workspace.connecting.start({ node: "6", input: "vae" });
    dropWire(workspace, workspace.connecting.current!, AT);
    expect(workspace.node("6")!.inputs["vae"]).toBeUndefined();
  });

  it("dropped on nothing asks for nodes that fit, and wires the one that is chosen", () => {
    const { store } = storeOf();
    const { workspace, searches } = workspaceOf(store);
    dropWire(workspace, drawn({ node: "5", output: 0 }), { x: 300, y: 200 });
    const [search] = searches;
    expect(search!.wanted.from?.socket).toBe("LATENT");
    search!.choose(SPECS.get("Decode")!);
    const [made] = workspace.selection.items;
    expect(linkOf(workspace.node(made!)!.inputs["samples"])).toEqual({ node: "5", output: 0 });
    expect(store.history.undo).toEqual(["Add Decode"]);
    store.undo();
    expect(store.graph().nodes.size).toBe(7);
  });

  it("dropped on a node takes a free input of its type before one that is taken", () => {
    const { store } = storeOf(
      documentOf([node("1", "Encode"), node("2", "Encode"), node("3", "Sample", { positive: ["1", 0] })]),
    );
    const { workspace } = workspaceOf(store);
    dropOnNode(workspace, drawn({ node: "2", output: 0 }), "3", AT);
    expect(linkOf(workspace.node("3")!.inputs["negative"])).toEqual({ node: "2", output: 0 });
    dropOnNode(workspace, drawn({ node: "2", output: 0 }), "1", AT);
    expect(workspace.said.get()).toBe("Encode Text has no socket that fits.");
  });

  it("is made by two taps as well", () => {
    const { workspace } = workspaceOf(storeOf().store);
    workspace.connecting.tap({ node: "3", output: 0 });
    expect(workspace.connecting.look({ node: "5", input: "positive" })).toBe("fits");
    workspace.connecting.tap({ node: "5", input: "positive" });
    expect(linkOf(workspace.node("5")!.inputs["positive"])).toEqual({ node: "3", output: 0 });
    expect(workspace.connecting.current).toBeNull();
  });

  it("end is known by its handle", () => {
    for (const end of [
      { node: "1", output: 2 },
      { node: "1", input: "out:1" },
    ] as End[]) {
      expect(endOf("1", handleOf(end))).toEqual(end);
    }
  });
});

describe("writing into a widget", () => {
  it("is one step from the first change to the last", () => {
    const { store } = storeOf();
    const { workspace } = workspaceOf(store);
    for (const value of [8, 9, 10]) writeInput(workspace, "5", "steps", value, "during");
    writeInput(workspace, "5", "steps", 11, "end");
    expect(store.history.undo).toEqual(["Set steps"]);
    store.undo();
    expect(workspace.node("5")!.inputs["steps"]).toBeUndefined();
  });

  it("leaves nothing behind where it is cancelled", () => {
    const { store } = storeOf();
    const { workspace } = workspaceOf(store);
    writeInput(workspace, "5", "seed", 8, "during");
    writeInput(workspace, "5", "seed", 7, "cancel");
    expect(workspace.node("5")!.inputs["seed"]).toEqual({ literal: 7 });
    expect(store.history.undo).toEqual([]);
  });
});

describe("a node that is added", () => {
  it("is selected, told of, and has the first of the files that are there", () => {
    const { workspace } = workspaceOf(storeOf().store);
    const id = addAt(workspace, SPECS.get("Load")!, { x: 5, y: 6 });
    expect(workspace.node(id)).toMatchObject({ x: 5, y: 6, inputs: { ckpt_name: { literal: "one.safetensors" } } });
    expect([...workspace.selection.items]).toEqual([id]);
    expect(workspace.said.get()).toBe("Load Checkpoint added");
  });
});
