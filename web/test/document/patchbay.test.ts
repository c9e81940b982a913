import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { parseJson, writeJson } from "../../src/document/json.ts";
import type { Members } from "../../src/document/types.ts";
import { readDocument, writeDocument } from "../../src/files/patchbay.ts";
import { frozen } from "./specimens.ts";

const EXAMPLES = join(import.meta.dirname, "../../../workflows");

/** A file that says everything that a file can say, as the editor writes it. */
const FULL: Members = {
  format: "patchbay/1",
  title: "All",
  requires: { KSampler: 2 },
  nodes: {
    "1": {
      class_type: "Load",
      inputs: { name: "x", list: { __value__: [1, 2] }, odd: { __value__: { __value__: 3 } } },
    },
    "3": {
      class_type: "KSampler",
      inputs: { model: ["1", 0], seed: 18446744073709551615n, cfg: 7.5, none: null, object: { a: [1] } },
      is_changed: "abc",
      _meta: { author: "me", title: "Sample" },
    },
    "a.b": { class_type: "subgraph:s", inputs: {} },
    __proto__x: { class_type: "Save", inputs: { images: ["a.b", 1] } },
    broken: 12,
  },
  modes: { "3": "bypass", gone: "mute" },
  controls: { "3.seed": "randomize", "a.b.in.put": "increment", "gone.seed": "fixed" },
  definitions: {
    s: {
      title: "Inside",
      about: "What it is for.",
      nodes: { "7": { class_type: "Blur", inputs: {} } },
      modes: { "7": "mute" },
      inputs: [{ name: "in.put", to: [["7", "image"]], about: "A picture.", socket: "IMAGE", more: 1 }],
      outputs: [
        { name: "out", from: ["7", 0] },
        { name: "bad", from: 3 },
      ],
      layout: { nodes: { "7": { x: 1, y: 2 } } },
    },
    odd: 5,
  },
  inputs: [{ name: "seed", to: [["3", "seed"]] }],
  outputs: [{ name: "picture", from: ["3", 0] }],
  layout: {
    theme: "x",
    nodes: {
      "1": { x: -10.5, y: 20 },
      "3": { pinned: true, x: 0, y: 0, width: 300, height: 200, collapsed: true, color: "#123456" },
      "a.b": { x: 5, y: 6 },
      __proto__x: { x: 7, y: 8 },
      gone: { x: 1 },
    },
    view: { x: 1, y: 2, zoom: 0.5 },
  },
  groups: [{ id: "g", title: "Frame", x: 0, y: 1, width: 2, height: 3, color: "red", collapsed: true, more: [1] }],
  notes: [{ id: "n", text: "words", x: 0, y: 1, width: 2, height: 3, more: null }, 7],
};

describe("a file", () => {
  it("is written as it was read, what the editor does not know included", () => {
    expect(writeDocument(readDocument(FULL).document)).toEqual(FULL);
  });

  it("survives text and back with every digit of its numbers", () => {
    const text = writeJson(writeDocument(readDocument(FULL).document));
    expect(text).toContain("18446744073709551615");
    expect(writeDocument(readDocument(parseJson(text)).document)).toEqual(FULL);
  });

  it("read, written and read again is the same document", () => {
    for (const name of readdirSync(EXAMPLES).filter((each) => each.endsWith(".json"))) {
      const members = parseJson(readFileSync(join(EXAMPLES, name), "utf8")) as Members;
      const { document } = readDocument(members);
      const written = writeDocument(document);
      expect(frozen(readDocument(written).document)).toEqual(frozen(document));
      for (const part of ["title", "nodes", "inputs", "outputs"])
        expect(written[part], `${name}: ${part}`).toEqual(members[part]);
    }
  });

  it("tells which items have no place", () => {
    const { unplaced } = readDocument({
      format: "patchbay/1",
      nodes: { a: { class_type: "A" } },
      notes: [{ text: "t" }],
    });
    expect([...unplaced.get("")!]).toEqual(["a", "note 1"]);
    expect([...readDocument(FULL).unplaced.values()].map((items) => [...items])).toEqual([[], []]);
  });

  it("gives items that share an id ids of their own", () => {
    const { document } = readDocument({
      nodes: { a: { class_type: "A" } },
      groups: [{ id: "a" }, {}],
      notes: [{ id: "a", text: "" }],
    });
    expect([...document.graph.frames.keys(), ...document.graph.notes.keys()]).toEqual(["group 1", "group 2", "note 1"]);
  });
});

describe("a bare API format", () => {
  it("is read like our own, alone, in a request's body, or under nodes", () => {
    const nodes = { "1": { class_type: "A", inputs: { x: [2, 0], y: [9, 0] } }, "2": { class_type: "B" } };
    for (const file of [nodes, { prompt: nodes }, { nodes }]) {
      const { graph } = readDocument(file).document;
      expect([...graph.nodes.keys()]).toEqual(["1", "2"]);
      expect(graph.nodes.get("1")!.inputs).toEqual({ x: { link: { node: "2", output: 0 } }, y: { literal: [9, 0] } });
    }
  });

  it.each([null, 3, "x", [], {}, { a: 1 }, { format: "patchbay/2", nodes: {} }, { nodes: [], links: [] }])(
    "is not %j",
    (file) => {
      expect(() => readDocument(file)).toThrow("not_a_document");
    },
  );
});
