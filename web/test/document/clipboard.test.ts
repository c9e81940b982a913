import { describe, expect, it } from "vitest";

import { parseJson } from "../../src/document/json.ts";
import { addNote, frameItems, makeSubgraph, setInput } from "../../src/document/operations.ts";
import { copyItems, duplicateItems, pasteText } from "../../src/files/clipboard.ts";
import { documentOf, frozen, node, storeOf } from "./specimens.ts";

const values = (store: ReturnType<typeof storeOf>["store"], ids: readonly string[]) =>
  ids.map((id) => store.graph().nodes.get(id)!.inputs);

describe("pasted text", () => {
  it("keeps inner wires, and wires from outside only where that is asked and the same node is there", () => {
    const { store } = storeOf();
    const text = copyItems(store.document, store.graph(), ["5", "6"]);
    const [first, second] = store.edit("paste", (draft) => pasteText(draft, text));
    expect(Object.keys(store.graph().nodes.get(first!)!.inputs)).toEqual(["seed"]);
    expect(store.graph().nodes.get(second!)!.inputs).toEqual({ samples: { link: { node: first, output: 0 } } });
    const [third] = store.edit("paste", (draft) => pasteText(draft, text, { keepOuterWires: true }));
    expect(store.graph().nodes.get(third!)!.inputs["model"]).toEqual({ link: { node: "1", output: 0 } });
    const elsewhere = storeOf(documentOf([node("1", "Empty"), node("4", "Empty")])).store;
    const [there] = elsewhere.edit("paste", (draft) => pasteText(draft, text, { keepOuterWires: true }));
    expect(Object.keys(elsewhere.graph().nodes.get(there!)!.inputs)).toEqual(["latent", "seed"]);
  });

  it("is a document that any program of ours reads, seeds in full", () => {
    const { store } = storeOf(documentOf([node("1", "Sample", { seed: 2n ** 64n - 1n })]));
    const text = copyItems(store.document, store.graph(), ["1"]);
    expect(parseJson(text)).toMatchObject({
      format: "patchbay/1",
      nodes: { "1": { class_type: "Sample", inputs: { seed: 2n ** 64n - 1n } } },
    });
    expect(
      values(
        store,
        store.edit("paste", (draft) => pasteText(draft, text)),
      ),
    ).toEqual([{ seed: { literal: 2n ** 64n - 1n } }]);
  });

  it("lies with its middle where it is wanted, else beside the original", () => {
    const { store } = storeOf(
      documentOf([node("1", "Empty", {}, { x: 100, y: 100 }), node("2", "Empty", {}, { x: 300, y: 200 })]),
    );
    const text = copyItems(store.document, store.graph(), ["1", "2"]);
    const places = (ids: readonly string[]): unknown =>
      ids.map((id) => [store.graph().nodes.get(id)!.x, store.graph().nodes.get(id)!.y]);
    expect(places(store.edit("paste", (draft) => pasteText(draft, text, { at: { x: 0, y: 0 } })))).toEqual([
      [-100, -50],
      [100, 50],
    ]);
    expect(places(store.edit("paste", (draft) => pasteText(draft, text)))).toEqual([
      [132, 132],
      [332, 232],
    ]);
  });

  it("brings frames and notes along", () => {
    const { store, specs } = storeOf();
    const [frame, note] = store.edit("frame", (draft) => [
      frameItems(draft, specs, ["1", "2"], "Start")!,
      addNote(draft, { x: 5, y: 5 }, "words"),
    ]);
    const pasted = store.edit("paste", (draft) =>
      pasteText(draft, copyItems(store.document, store.graph(), [frame, note])),
    );
    expect([...store.graph().frames.values()].map(({ title }) => title)).toEqual(["Start", "Start"]);
    expect([...store.graph().notes.values()].map(({ text }) => text)).toEqual(["words", "words"]);
    expect(new Set([...pasted, frame, note]).size).toBe(4);
  });

  it("takes the API format, and refuses what is no document without changing anything", () => {
    const { store } = storeOf();
    const [id] = store.edit("paste", (draft) =>
      pasteText(draft, '{"9": {"class_type": "Empty", "inputs": {"width": 3}}}'),
    );
    expect(store.graph().nodes.get(id!)).toMatchObject({ type: "Empty", inputs: { width: { literal: 3 } } });
    const before = frozen(store.document);
    for (const text of ["", "hello", "{", "[1]", '{"a": 1}'])
      expect(() => store.edit("paste", (draft) => pasteText(draft, text))).toThrow("not_a_document");
    expect(frozen(store.document)).toEqual(before);
  });
});

describe("pasted subgraphs", () => {
  const made = () => {
    const { store, specs } = storeOf();
    const instance = store.edit("group", (draft) => makeSubgraph(draft, specs, ["2", "5"], "Part"));
    const outer = store.edit("group", (draft) => makeSubgraph(draft, specs, [instance, "6"], "Whole"));
    return { store, outer, text: copyItems(store.document, store.graph(), [outer]) };
  };

  it("share the definition where it is the same", () => {
    const { store, text } = made();
    const [copy] = store.edit("paste", (draft) => pasteText(draft, text));
    expect(store.graph().nodes.get(copy!)!.type).toBe("subgraph:Whole");
    expect(store.document.definitions.size).toBe(2);
  });

  it("bring theirs along under another id where one of that name differs, be it deep inside", () => {
    const { store, text } = made();
    store.edit("write", (draft) => setInput(draft.in("Part"), "2", "text", "other"));
    const [copy] = store.edit("paste", (draft) => pasteText(draft, text));
    expect(store.graph().nodes.get(copy!)!.type).toBe("subgraph:Whole 2");
    const inner = [...store.graph("Whole 2").nodes.values()].map(({ type }) => type);
    expect(inner).toContain("subgraph:Part 2");
    expect(store.graph("Part 2").nodes.get("2")!.inputs["text"]).toEqual({ literal: "a house" });
  });

  it("come into an empty document with all that they need", () => {
    const { text } = made();
    const { store } = storeOf(documentOf([]));
    store.edit("paste", (draft) => pasteText(draft, text));
    expect([...store.document.definitions.keys()].sort()).toEqual(["Part", "Whole"]);
  });

  it("are refused within themselves", () => {
    const { store, outer, text } = made();
    store.enter(outer);
    expect(() => store.edit("paste", (draft) => pasteText(draft, text))).toThrow("recursive");
  });
});

it("a duplicate is one step, and undo takes it back", () => {
  const { store } = storeOf();
  const before = frozen(store.document);
  const ids = store.edit("duplicate", (draft) => duplicateItems(draft, ["2", "5"], { keepOuterWires: true }));
  expect(values(store, ids)[1]).toMatchObject({
    positive: { link: { node: ids[0], output: 0 } },
    model: { link: { node: "1", output: 0 } },
  });
  store.undo();
  expect(frozen(store.document)).toEqual(before);
});
