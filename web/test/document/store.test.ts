import { describe, expect, it, vi } from "vitest";

import * as operations from "../../src/document/operations.ts";
import { DocumentStore } from "../../src/document/store.ts";
import { documentOf, frozen, node, storeOf, textToImage } from "./specimens.ts";

describe("an edit", () => {
  it("is one named step that undo takes back and redo does again", () => {
    const { store } = storeOf();
    const before = frozen(store.document);
    store.edit("write", (draft) => {
      operations.setInput(draft, "2", "text", "a cat");
      operations.moveItems(draft, ["2", "3"], { x: 10, y: 20 });
    });
    const after = frozen(store.document);
    expect(after).not.toEqual(before);
    expect(store.history).toEqual({ undo: ["write"], redo: [] });
    expect(store.undo()).toBe("write");
    expect(frozen(store.document)).toEqual(before);
    expect(store.history).toEqual({ undo: [], redo: ["write"] });
    expect(store.redo()).toBe("write");
    expect(frozen(store.document)).toEqual(after);
  });

  it("that throws changes nothing and leaves no step", () => {
    const { store } = storeOf();
    const before = frozen(store.document);
    const edit = (): void =>
      store.edit("fail", (draft) => {
        operations.removeItems(draft, ["1", "5"]);
        operations.setInput(draft, "nobody", "text", "");
      });
    expect(edit).toThrow(RangeError);
    expect(frozen(store.document)).toEqual(before);
    expect(store.history.undo).toEqual([]);
    expect(store.edit("next", (draft) => operations.setTitle(draft, "1", "x"))).toBeUndefined();
  });

  it("that changes nothing leaves no step", () => {
    const { store } = storeOf();
    store.edit("nothing", (draft) => operations.setInput(draft, "2", "text", "a house"));
    expect(store.history.undo).toEqual([]);
    expect(store.dirty).toBe(false);
  });

  it("keeps the identity of every node that it does not touch", () => {
    const { store } = storeOf();
    const before = new Map(store.graph().nodes);
    store.edit("write", (draft) => operations.setInput(draft, "2", "text", "x"));
    for (const [id, each] of store.graph().nodes) expect(each === before.get(id)).toBe(id !== "2");
  });

  it("leaves the document that the store was opened with as it was", () => {
    const opened = textToImage();
    const { store } = storeOf(opened);
    store.edit("remove", (draft) => operations.removeItems(draft, ["5"]));
    expect(opened.graph.nodes.has("5")).toBe(true);
  });
});

describe("undo", () => {
  it("puts removed nodes back where they stood", () => {
    const { store } = storeOf();
    const order = [...store.graph().nodes.keys()];
    store.edit("remove", (draft) => operations.removeItems(draft, ["6", "1", "2"]));
    store.edit("remove", (draft) => operations.removeItems(draft, ["7", "3"]));
    store.undo();
    store.undo();
    expect([...store.graph().nodes.keys()]).toEqual(order);
  });

  it("puts a node back that went and came back within the step", () => {
    const { store } = storeOf();
    const before = frozen(store.document);
    store.edit("replace", (draft) => {
      const taken = draft.graph.node("2");
      draft.graph.dropNode("2");
      draft.graph.setNode(taken);
    });
    expect([...store.graph().nodes.keys()].at(-1)).toBe("2");
    store.undo();
    expect(frozen(store.document)).toEqual(before);
  });

  it("is over when a new edit is made: what was taken back is gone", () => {
    const { store } = storeOf();
    store.edit("a", (draft) => operations.setTitle(draft, "1", "a"));
    store.undo();
    store.edit("b", (draft) => operations.setTitle(draft, "1", "b"));
    expect(store.redo()).toBeUndefined();
    expect(store.history).toEqual({ undo: ["b"], redo: [] });
  });
});

describe("a gesture", () => {
  it("makes one step of many edits, however many frames a drag has", () => {
    const { store } = storeOf();
    const before = frozen(store.document);
    store.begin("move");
    for (let frame = 0; frame < 50; frame++)
      store.edit("", (draft) => operations.moveItems(draft, ["1", "2"], { x: 1, y: 1 }));
    store.commit();
    expect(store.history.undo).toEqual(["move"]);
    expect(store.graph().nodes.get("2")).toMatchObject({ x: 50, y: 50 });
    store.undo();
    expect(frozen(store.document)).toEqual(before);
    store.redo();
    expect(store.graph().nodes.get("1")).toMatchObject({ x: 50, y: 50 });
  });

  it("that is given up leaves everything as it was, and no step", () => {
    const { store } = storeOf();
    const before = frozen(store.document);
    store.begin("wire");
    store.edit("", (draft) => operations.disconnect(draft, { node: "5", input: "model" }));
    store.edit("", (draft) => operations.removeItems(draft, ["4"]));
    store.rollback();
    expect(frozen(store.document)).toEqual(before);
    expect(store.history.undo).toEqual([]);
  });

  it("that is undone while it lasts is given up", () => {
    const { store } = storeOf();
    store.begin("move");
    store.edit("", (draft) => operations.moveItems(draft, ["1"], { x: 5, y: 0 }));
    expect(store.undo()).toBe("move");
    expect(store.graph().nodes.get("1")!.x).toBe(0);
    expect(store.history).toEqual({ undo: [], redo: [] });
  });
});

describe("typing", () => {
  it("joins quick edits of the same thing to one step", () => {
    let now = 0;
    const store = new DocumentStore(textToImage(), () => now);
    const type = (text: string): void =>
      store.edit("type", (draft) => operations.setInput(draft, "2", "text", text), { joins: "2.text" });
    type("a");
    now = 400;
    type("ab");
    expect(store.history.undo).toEqual(["type"]);
    now = 5000;
    type("abc");
    expect(store.history.undo).toEqual(["type", "type"]);
    store.undo();
    expect(store.graph().nodes.get("2")!.inputs["text"]).toEqual({ literal: "ab" });
    store.undo();
    expect(store.graph().nodes.get("2")!.inputs["text"]).toEqual({ literal: "a house" });
  });
});

describe("dirty", () => {
  it("says whether the document differs from what was saved, also after undo", () => {
    const { store } = storeOf();
    const name = (title: string): void => store.edit("title", (draft) => operations.setTitle(draft, "1", title));
    name("a");
    expect(store.dirty).toBe(true);
    store.markSaved();
    expect(store.dirty).toBe(false);
    name("b");
    store.undo();
    expect(store.dirty).toBe(false);
    store.undo();
    expect(store.dirty).toBe(true);
    name("c");
    store.undo();
    expect(store.dirty).toBe(true);
  });
});

describe("listeners", () => {
  it("hear of their own node only, once for each edit", () => {
    const { store } = storeOf();
    const [second, third, graph, all] = [vi.fn(), vi.fn(), vi.fn(), vi.fn()];
    store.subscribeNode("", "2", second);
    store.subscribeNode("", "3", third);
    store.subscribeGraph("", graph);
    const stop = store.subscribe(all);
    store.edit("write", (draft) => {
      operations.setInput(draft, "2", "text", "x");
      operations.setTitle(draft, "2", "y");
    });
    expect([second, third, graph, all].map(({ mock }) => mock.calls.length)).toEqual([1, 0, 1, 1]);
    expect([...all.mock.calls[0]![0].nodes("")]).toEqual(["2"]);
    stop();
    store.undo();
    expect([second, third, graph, all].map(({ mock }) => mock.calls.length)).toEqual([2, 0, 2, 1]);
  });

  it("hear of nodes whose wires went with a removed one", () => {
    const { store } = storeOf();
    const reader = vi.fn();
    store.subscribeNode("", "5", reader);
    store.edit("remove", (draft) => operations.removeItems(draft, ["4"]));
    expect(reader).toHaveBeenCalledOnce();
    expect(store.graph().nodes.get("5")!.inputs["latent"]).toBeUndefined();
  });
});

describe("the revision and the document's identity", () => {
  it("change with every edit, so that a snapshot can be compared", () => {
    const { store } = storeOf();
    const [revision, document] = [store.revision, store.document];
    expect(store.document).toBe(document);
    store.edit("write", (draft) => operations.setTitle(draft, "1", "x"));
    expect(store.revision).toBeGreaterThan(revision);
    expect(store.document).not.toBe(document);
  });
});

describe("ids", () => {
  it("of removed nodes are not given out again", () => {
    const { store, specs } = storeOf();
    const add = (): string =>
      store.edit("add", (draft) => operations.addNode(draft, specs.get("Empty")!, { x: 0, y: 0 }));
    const first = add();
    store.undo();
    expect(add()).not.toBe(first);
  });

  it("continue after the largest number of the file", () => {
    const { store, specs } = storeOf(
      documentOf([node("41", "Empty"), node("name", "Empty"), node("9".repeat(30), "Empty")]),
    );
    expect(store.edit("add", (draft) => operations.addNode(draft, specs.get("Empty")!, { x: 0, y: 0 }))).toBe("42");
  });
});
