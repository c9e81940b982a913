import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { overlaps } from "../../src/document/geometry.ts";
import { parseJson } from "../../src/document/json.ts";
import { layOut } from "../../src/document/layout.ts";
import { placeItems } from "../../src/document/operations.ts";
import { areaOf } from "../../src/document/places.ts";
import type { GraphNode, Rect } from "../../src/document/types.ts";
import { wiresOf } from "../../src/document/wires.ts";
import { openDocument } from "../../src/files/open.ts";
import { DocumentStore } from "../../src/document/store.ts";
import { documentOf, node, random, SPECS, storeOf } from "./specimens.ts";

const EXAMPLES = join(import.meta.dirname, "../../../workflows");

function tangle(count: number, seed: number): GraphNode[] {
  const next = random(seed);
  const types = ["Blur", "Either", "Encode", "Save"];
  return Array.from({ length: count }, (_, at) => {
    const before = (): readonly [string, number] => [String(Math.floor(next() * at)), 0];
    const inputs = at > 0 && next() < 0.9 ? { image: before(), first: before(), second: before() } : {};
    return node(String(at), types[Math.floor(next() * types.length)]!, inputs);
  });
}

function overlapping(areas: readonly Rect[]): number {
  return areas.reduce((sum, area, at) => sum + areas.slice(at + 1).filter((other) => overlaps(area, other)).length, 0);
}

describe.each([
  ["dagre", 60],
  ["columns, as for large graphs", 400],
])("a layout by %s", (_, count) => {
  it.each([1, 2, 3])("lets no nodes overlap and wires lead to the right (%i)", async (seed) => {
    const { store, specs } = storeOf(documentOf(tangle(count, seed)));
    const places = await layOut(store.graph(), specs);
    expect(places.size).toBe(count);
    store.edit("layout", (draft) => placeItems(draft, places));
    expect(overlapping([...store.graph().nodes.keys()].map((id) => areaOf(store.graph(), specs, id)!))).toBe(0);
    for (const { from, to } of wiresOf(store.graph())) expect(places.get(from.node)!.x).toBeLessThan(places.get(to)!.x);
    store.undo();
    expect([...store.graph().nodes.values()].every(({ x, y }) => x === 0 && y === 0)).toBe(true);
  });

  it("of some nodes leaves the others, and stays where they were", async () => {
    const { store, specs } = storeOf(
      documentOf(tangle(20, 4).map((each, at) => ({ ...each, x: 1000 + 40 * at, y: 500 }))),
    );
    const places = await layOut(store.graph(), specs, ["3", "4", "5"]);
    expect([...places.keys()].sort()).toEqual(["3", "4", "5"]);
    expect([
      Math.min(...Array.from(places.values(), ({ x }) => x)),
      Math.min(...Array.from(places.values(), ({ y }) => y)),
    ]).toEqual([1120, 500]);
  });

  it("ends where nodes wait for each other, and for nothing at all", async () => {
    const circle = [
      node("1", "Either", { first: ["2", 0] }),
      node("2", "Either", { first: ["1", 0] }),
      node("3", "Either", { first: ["3", 0] }),
    ];
    const { store, specs } = storeOf(documentOf(circle));
    const places = await layOut(store.graph(), specs);
    expect(overlapping([...places].map(([id, place]) => ({ ...areaOf(store.graph(), specs, id)!, ...place })))).toBe(0);
    expect((await layOut(storeOf(documentOf([])).store.graph(), specs)).size).toBe(0);
  });
});

describe("opening", () => {
  it("lays out every example, notes above it, and nothing overlaps", async () => {
    for (const name of readdirSync(EXAMPLES).filter((each) => each.endsWith(".json"))) {
      const document = await openDocument(parseJson(readFileSync(join(EXAMPLES, name), "utf8")), SPECS);
      const { store, specs } = { store: new DocumentStore(document), specs: SPECS };
      const graph = store.graph();
      const ids = [...graph.nodes.keys(), ...graph.notes.keys()];
      expect(ids.length).toBeGreaterThan(3);
      expect(overlapping(ids.map((id) => areaOf(graph, specs, id)!)), name).toBe(0);
    }
  });

  it("leaves what has a place, and puts the rest below it, in subgraphs too", async () => {
    const nodes = { "1": { class_type: "Empty" }, "2": { class_type: "Empty" } };
    const layout = { nodes: { "1": { x: 50, y: 60 } } };
    const document = await openDocument({ nodes, layout, definitions: { s: { nodes } } }, SPECS);
    const [placed, open] = [...document.graph.nodes.values()];
    expect([placed!.x, placed!.y]).toEqual([50, 60]);
    expect(open!.y).toBeGreaterThan(100);
    const inner = [...document.definitions.get("s")!.graph.nodes.values()];
    expect(inner[0]).not.toMatchObject({ x: inner[1]!.x, y: inner[1]!.y });
  });
});
