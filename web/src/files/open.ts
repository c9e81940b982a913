/** Files opened: read, and what they give no place laid out. */

import { layOut } from "../document/layout.ts";
import { boundsOfItems } from "../document/places.ts";
import type { NodeSpecs } from "../document/specs.ts";
import { Tables } from "../document/tables.ts";
import type { Graph, Note, Point, WorkflowDocument } from "../document/types.ts";
import type { WiredGraph } from "../document/typing.ts";
import { readDocument } from "./patchbay.ts";

const GAP = 64;

/** A document of the members of a file, with a place for every node. Raises Refused for what is none. */
export async function openDocument(file: unknown, specs: NodeSpecs): Promise<WorkflowDocument> {
  const { document, unplaced } = readDocument(file);
  const own = specs.with(document.definitions);
  const tables = new Tables(document);
  const place = async (id: string, graph: Graph): Promise<Graph> => {
    const items = unplaced.get(id);
    return items?.size ? await withPlaces(tables.graph(id), graph, own, items) : graph;
  };
  const definitions = await Promise.all(
    Array.from(
      document.definitions.values(),
      async (each) => [each.id, { ...each, graph: await place(each.id, each.graph) }] as const,
    ),
  );
  return { ...document, graph: await place("", document.graph), definitions: new Map(definitions) };
}

/** Nodes without a place below those that have one; notes above all. */
async function withPlaces(
  live: WiredGraph,
  graph: Graph,
  specs: NodeSpecs,
  items: ReadonlySet<string>,
): Promise<Graph> {
  const open = [...graph.nodes.keys()].filter((id) => items.has(id));
  const placed = [...graph.nodes.keys(), ...graph.frames.keys(), ...graph.notes.keys()].filter((id) => !items.has(id));
  const taken = boundsOfItems(live, specs, placed);
  const corner = taken ? { x: taken.x, y: taken.y + taken.height + GAP } : { x: 0, y: 0 };
  const places = await layOut(live, specs, open);
  const nodes = new Map(graph.nodes);
  for (const [id, { x, y }] of places) nodes.set(id, { ...nodes.get(id)!, x: x + corner.x, y: y + corner.y });
  return { ...graph, nodes, notes: notesAbove(graph.notes, items, taken ?? { x: 0, y: 0 }) };
}

function notesAbove(
  notes: ReadonlyMap<string, Note>,
  items: ReadonlySet<string>,
  { x, y }: Point,
): ReadonlyMap<string, Note> {
  let left = x;
  return new Map(
    Array.from(notes, ([id, note]) => {
      if (!items.has(id)) return [id, note];
      const placed = { ...note, x: left, y: y - GAP - note.height };
      left += note.width + GAP;
      return [id, placed];
    }),
  );
}
