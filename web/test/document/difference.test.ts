import { describe, expect, it } from "vitest";

import { differenceOf, sameLiteral } from "../../src/document/difference.ts";
import type { WorkflowDocument } from "../../src/document/types.ts";
import { graphAsSvg, type Paints, wirePath } from "../../src/files/svg.ts";
import { addFrame, addNote, setInput, setMode, setTitle } from "../../src/document/operations.ts";
import { documentOf, node, SPECS, storeOf, textToImage } from "./specimens.ts";

const changes = (from: WorkflowDocument, to: WorkflowDocument): unknown =>
  differenceOf(from, to).values.map(({ path, input, from: one, to: other }) => [path.join("/"), input, one, other]);

describe("the difference of two workflows", () => {
  it("of the same one is nothing", () => {
    const { values, added, removed } = differenceOf(textToImage(), textToImage());
    expect([values, added, removed]).toEqual([[], [], []]);
  });

  it("names each value that differs, also one that only one side writes", () => {
    const { store } = storeOf();
    store.edit("write", (draft) => {
      setInput(draft, "2", "text", "a cat");
      setInput(draft, "5", "cfg", 3);
    });
    expect(changes(textToImage(), store.document)).toEqual([
      ["2", "text", "a house", "a cat"],
      ["5", "cfg", undefined, 3],
    ]);
  });

  it("meets nodes under other ids by type and title", () => {
    const from = documentOf([
      node("1", "Encode", { text: "a" }, { title: "good" }),
      node("2", "Encode", { text: "b" }, { title: "bad" }),
      node("3", "Save"),
    ]);
    const to = documentOf([
      node("8", "Encode", { text: "b" }, { title: "bad" }),
      node("9", "Encode", { text: "c" }, { title: "good" }),
      node("3", "Empty"),
    ]);
    expect(changes(from, to)).toEqual([["1", "text", "a", "c"]]);
    const { added, removed } = differenceOf(from, to);
    expect([added.map(({ type }) => type), removed.map(({ type }) => type)]).toEqual([["Empty"], ["Save"]]);
  });

  it("says nothing of whole numbers that are only spelled otherwise", () => {
    expect([
      sameLiteral(1, 1n),
      sameLiteral(2n ** 64n, 2 ** 64),
      sameLiteral("1", 1),
      sameLiteral([1, { a: 2 }], [1, { a: 2 }]),
      sameLiteral([1], { 0: 1 }),
      sameLiteral(null, undefined),
    ]).toEqual([true, true, false, true, false, false]);
  });
});

describe("a graph as SVG", () => {
  const paints: Paints = {
    background: "white",
    node: "#eee",
    header: "#ddd",
    border: "#999",
    text: "black",
    faint: "gray",
    frame: "blue",
    note: "yellow",
    socket: () => "red",
  };

  it("is well-formed XML with every node, wire, frame and note, whatever texts they hold", () => {
    const { store, specs } = storeOf();
    store.edit("nasty", (draft) => {
      setTitle(draft, "1", `<script>"&' \u0000\ud800 猫 😀`);
      setInput(draft, "2", "text", "line\n<b>& ]]> \u0007");
      setMode(draft, ["3"], "mute");
      addFrame(draft, { x: 0, y: 0, width: 10, height: 10 }, "<frame>");
      addNote(draft, { x: 0, y: 0 }, "<note> with many many words that are broken into lines");
    });
    const svg = graphAsSvg(store.graph(), specs, paints);
    const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
    expect(parsed.querySelector("parsererror")).toBeNull();
    expect(parsed.querySelectorAll("g")).toHaveLength(7);
    expect(parsed.querySelectorAll("path")).toHaveLength(9);
    expect(parsed.querySelectorAll("script, b")).toHaveLength(0);
    expect(svg.includes("\u0007") || svg.includes("\u0000")).toBe(false);
    expect(svg).toContain("猫 😀");
  });

  it("of an empty graph is an empty picture", () => {
    expect(graphAsSvg(storeOf(documentOf([])).store.graph(), SPECS, paints)).toMatch(
      /^<svg [^>]*viewBox="-48 -48 96 96"/,
    );
  });

  it("has wires that leave to the right and arrive from the left", () => {
    const [, reach, , back] = /C([\d.-]+) ([\d.-]+) ([\d.-]+)/.exec(wirePath({ x: 100, y: 0 }, { x: 0, y: 50 }))!;
    expect(Number(reach)).toBeGreaterThan(100);
    expect(Number(back)).toBeLessThan(0);
  });
});
